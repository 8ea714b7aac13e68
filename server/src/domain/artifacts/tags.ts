import type { Digest } from '#contract/digest.ts'
import { parseTagName, type TagName } from '#contract/reference.ts'
import type { Database, Writer } from '../../database/database.ts'
import { lockRowsShared } from '../../database/locking.ts'
import { preparedQuery } from '../../database/prepared.ts'
import type { Admission } from '../access/admission.ts'
import type { Clock } from '../clock.ts'
import { DomainError } from '../errors.ts'
import type { Events } from '../events/events.ts'
import { gates, pass } from '../policies/gates.ts'
import { writeAdmitted } from '../policies/write-admitted.ts'
import { repositoryUnknown } from '../projects/repositories.ts'
import { recordTagMove } from './tag-history.ts'
import { assertTagsWithinLimit } from './tag-limit.ts'

const upsertTag = preparedQuery<{ repositoryId: number; tag: string; artifactId: number; pushedAt: number }, unknown>(
  (db, param) =>
    db
      .insertInto('tag')
      .values({
        repository_id: param('repositoryId'),
        name: param('tag'),
        artifact_id: param('artifactId'),
        pushed_at: param('pushedAt'),
        pulled_at: null,
      })
      .onConflict((conflict) =>
        conflict.columns(['repository_id', 'name']).doUpdateSet((eb) => ({
          artifact_id: eb.ref('excluded.artifact_id'),
          pushed_at: eb.ref('excluded.pushed_at'),
        })),
      ),
)

/** Points `tag` to the artifact, creating it when it is new. */
export async function moveTag(
  tx: Writer,
  move: { repositoryId: number; artifactId: number; tag: TagName; now: number },
): Promise<void> {
  await upsertTag.run(tx, { ...move, pushedAt: move.now })
}

/**
 * Gives an artifact of the repository one more name.
 * @throws DomainError MANIFEST_UNKNOWN, CONFLICT when the name is another artifact's or its own already,
 *   PRECONDITION (too many tags)
 */
export async function createTag(
  { database, clock, events }: { readonly database: Database; readonly clock: Clock; readonly events: Events },
  admission: Admission<'tag'>,
  artifact: { readonly id: number; readonly digest: Digest },
  tag: TagName,
): Promise<void> {
  const { repositoryId, repositoryName: repository, projectId } = admission
  if (repositoryId === undefined) throw new DomainError('MANIFEST_UNKNOWN', `${repository} has no artifacts`)
  const now = clock.now()
  await writeAdmitted(database, admission, async (tx) => {
    // Locked, so that it is not deleted as untagged before it has its name.
    const row = tx.selectFrom('artifact').select('id').where('id', '=', artifact.id)
    if ((await lockRowsShared(database, row).executeTakeFirst()) === undefined) {
      throw new DomainError('MANIFEST_UNKNOWN', `${repository} does not have ${artifact.digest} any more`)
    }
    const named = { kind: 'manifest', digest: artifact.digest, addedBytes: 0 } as const
    await pass(gates.content[admission.operation], { reader: tx, admission, ...named })
    const arriving = { tags: [], arriving: [tag], departure: 'push', actor: admission.actor, now } as const
    await pass(gates.tag, { reader: tx, projectId, repositoryName: repository, ...arriving })
    const inserted = await tx
      .insertInto('tag')
      .values({ repository_id: repositoryId, name: tag, artifact_id: artifact.id, pushed_at: now, pulled_at: null })
      .onConflict((conflict) => conflict.columns(['repository_id', 'name']).doNothing())
      .executeTakeFirst()
    if (inserted.numInsertedOrUpdatedRows === 0n) {
      throw new DomainError('CONFLICT', `tag ${tag} already exists in ${repository}; delete it first, or push to it`, {
        reason: 'TAG_TAKEN',
      })
    }
    await assertTagsWithinLimit(tx, artifact.id)
    await recordTagMove(tx, admission.actor, { repositoryId, tag, digest: artifact.digest, movedAt: now })
    await events.record(tx, admission.actor, {
      type: 'create_tag',
      projectId,
      repository,
      digest: artifact.digest,
      tag,
    })
  })
}

export interface TagPage {
  readonly tags: readonly TagName[]
  /** The last tag of this page, when there are more behind it. */
  readonly next: TagName | undefined
}

/**
 * One page of the repository's tags in byte order, behind `last` (which need not exist).
 * @throws DomainError REPOSITORY_UNKNOWN when nothing was ever pushed to it
 */
export async function listTags(
  database: Database,
  admission: Admission<'pull'>,
  page: { size: number; last: string | undefined },
): Promise<TagPage> {
  const repositoryId = admission.repositoryId
  if (repositoryId === undefined) throw repositoryUnknown(admission.repositoryName)
  if (page.size === 0) return { tags: [], next: undefined }
  let query = database.read
    .selectFrom('tag')
    .select('name')
    .where('repository_id', '=', repositoryId)
    .orderBy('name')
    .limit(page.size + 1)
  if (page.last !== undefined) query = query.where('name', '>', page.last)
  const rows = await query.execute()
  const tags = rows.slice(0, page.size).map((row) => parseTagName(row.name))
  return { tags, next: rows.length > page.size ? tags.at(-1) : undefined }
}
