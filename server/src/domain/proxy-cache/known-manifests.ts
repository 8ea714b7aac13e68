import type { Digest } from '#contract/digest.ts'
import { parseTagName, type TagName } from '#contract/reference.ts'
import type { Reader, Writer } from '../../database/database.ts'
import type { CachedRepository } from './proxy-projects.ts'

/** A manifest that was fetched and waits for its blobs. */
export interface WaitingManifest {
  readonly digest: Digest
  readonly mediaType: string
  readonly bytes: Uint8Array
}

/** What upstream last said of a tag. */
export interface KnownTag {
  readonly digest: Digest
  readonly checkedAt: number
}

export async function findWaiting(
  reader: Reader,
  repository: string,
  digest: string,
): Promise<WaitingManifest | undefined> {
  const row = await reader
    .selectFrom('proxy_manifest')
    .select(['media_type', 'bytes'])
    .where('repository', '=', repository)
    .where('digest', '=', digest)
    .executeTakeFirst()
  return row === undefined ? undefined : { digest: digest as Digest, mediaType: row.media_type, bytes: row.bytes }
}

export async function keepWaiting(
  tx: Writer,
  { name, project }: CachedRepository,
  { digest, mediaType, bytes }: WaitingManifest,
  now: number,
): Promise<void> {
  await tx
    .insertInto('proxy_manifest')
    .values({
      ...{ repository: name, digest, project_id: project.id, media_type: mediaType, bytes },
      ...{ fetched_at: now, tried_at: now },
    })
    .onConflict((conflict) => conflict.columns(['repository', 'digest']).doUpdateSet({ fetched_at: now }))
    .execute()
}

export async function dropWaiting(tx: Writer, repository: string, digest: string): Promise<void> {
  await tx.deleteFrom('proxy_manifest').where('repository', '=', repository).where('digest', '=', digest).execute()
}

/** Manifests whose blobs nobody has asked for since `before` (ms), those that wait longest first; they count as asked for now. */
export async function takeWaiting(
  tx: Writer,
  { before, limit, now }: { readonly before: number; readonly limit: number; readonly now: number },
) {
  const rows = await tx
    .selectFrom('proxy_manifest')
    .select(['repository', 'digest', 'project_id as projectId', 'fetched_at as fetchedAt'])
    .where('tried_at', '<=', before)
    // As long a pause as it has waited before.
    .where((eb) => eb(eb('tried_at', '-', eb.ref('fetched_at')), '<=', eb(eb.val(now), '-', eb.ref('tried_at'))))
    .orderBy('tried_at')
    .limit(limit)
    .execute()
  for (const { repository, digest } of rows) {
    await tx
      .updateTable('proxy_manifest')
      .set({ tried_at: now })
      .where('repository', '=', repository)
      .where('digest', '=', digest)
      .execute()
  }
  return rows
}

export async function findTag(reader: Reader, repository: string, tag: string): Promise<KnownTag | undefined> {
  const row = await reader
    .selectFrom('proxy_tag')
    .select(['digest', 'checked_at'])
    .where('repository', '=', repository)
    .where('tag', '=', tag)
    .executeTakeFirst()
  return row === undefined ? undefined : { digest: row.digest as Digest, checkedAt: row.checked_at }
}

export async function noteTag(
  tx: Writer,
  { name, project }: CachedRepository,
  tag: string,
  { digest, checkedAt }: KnownTag,
): Promise<void> {
  await tx
    .insertInto('proxy_tag')
    .values({ repository: name, tag, project_id: project.id, digest, checked_at: checkedAt })
    .onConflict((conflict) => conflict.columns(['repository', 'tag']).doUpdateSet({ digest, checked_at: checkedAt }))
    .execute()
}

/** Upstream has it no longer. */
export async function forgetTag(tx: Writer, repository: string, tag: string): Promise<void> {
  await tx.deleteFrom('proxy_tag').where('repository', '=', repository).where('tag', '=', tag).execute()
}

/** Of one manifest: more than a push may set are set by later ones. */
const maxTags = 50

/** The tags that name a manifest, as upstream last said. */
export async function tagsOf(reader: Reader, repository: string, digest: string): Promise<TagName[]> {
  const rows = await reader
    .selectFrom('proxy_tag')
    .select('tag')
    .where('repository', '=', repository)
    .where('digest', '=', digest)
    .orderBy('checked_at', 'desc')
    .limit(maxTags)
    .execute()
  return rows.map(({ tag }) => parseTagName(tag))
}
