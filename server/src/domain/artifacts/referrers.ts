import { algorithmOf, encodedOf, type Digest } from '#contract/digest.ts'
import type { Descriptor } from '#contract/manifest.ts'
import { parseManifest } from '#contract/manifest.ts'
import { parseTagName } from '#contract/reference.ts'
import type { Database } from '../../database/database.ts'
import type { Admission } from '../access/admission.ts'
import { DomainError } from '../errors.ts'
import type { Manifests } from './pull.ts'

export interface ReferrersPage {
  readonly descriptors: readonly Descriptor[]
  /** Where the next page starts, when there is one: give it back as `last`. */
  readonly next: string | undefined
}

/**
 * The manifests of the repository whose subject is `subject` (which need not exist), in the order of their
 * digests, one page at a time (distribution-spec v1.1 §listing-referrers). What clients wrote to the
 * fallback tag (`sha256-<encoded>`) before they knew this endpoint is on the first page too.
 */
export async function listReferrers(
  services: { readonly database: Database; readonly manifests: Manifests },
  admission: Admission<'pull'>,
  subject: Digest,
  page: { size: number; last: string | undefined; artifactType: string | undefined },
): Promise<ReferrersPage> {
  const { database, manifests } = services
  const { repositoryId } = admission
  if (repositoryId === undefined) return { descriptors: [], next: undefined }
  let query = database.read
    .selectFrom('artifact')
    .select(['digest', 'media_type', 'artifact_type', 'manifest_size', 'annotations'])
    .where('repository_id', '=', repositoryId)
    .where('subject_digest', '=', subject)
    .orderBy('digest')
    .limit(page.size + 1)
  if (page.last !== undefined) query = query.where('digest', '>', page.last)
  if (page.artifactType !== undefined) query = query.where('artifact_type', '=', page.artifactType)
  const rows = await query.execute()
  const shown = rows.slice(0, page.size)
  const descriptors: Descriptor[] = shown.map((row) => ({
    mediaType: row.media_type,
    digest: row.digest as Digest,
    size: row.manifest_size,
    ...(row.artifact_type === '' ? {} : { artifactType: row.artifact_type }),
    ...(row.annotations === null ? {} : { annotations: JSON.parse(row.annotations) as Record<string, string> }),
  }))
  if (page.last === undefined) {
    const fallback = await fallbackReferrers(manifests, admission, subject)
    const wanted = fallback.filter((d) => page.artifactType === undefined || d.artifactType === page.artifactType)
    const known = await knownReferrers(database, repositoryId, subject, wanted)
    descriptors.push(...wanted.filter((descriptor) => !known.has(descriptor.digest)))
  }
  return { descriptors, next: rows.length > page.size ? shown.at(-1)?.digest : undefined }
}

async function fallbackReferrers(
  manifests: Manifests,
  admission: Admission<'pull'>,
  subject: Digest,
): Promise<readonly Descriptor[]> {
  const tag = parseTagName(`${algorithmOf(subject)}-${encodedOf(subject)}`.slice(0, 128))
  try {
    const manifest = await manifests.getManifest(admission, { kind: 'tag', tag })
    return parseManifest(manifest.bytes, manifest.mediaType).manifests
  } catch (error) {
    if (error instanceof DomainError && error.code === 'MANIFEST_UNKNOWN') return []
    throw error
  }
}

/** Those of `descriptors` that the query by subject lists anyway, on this page or another. */
async function knownReferrers(
  database: Database,
  repositoryId: number,
  subject: Digest,
  descriptors: readonly Descriptor[],
): Promise<Set<string>> {
  if (descriptors.length === 0) return new Set()
  const digests = descriptors.slice(0, 500).map((descriptor) => descriptor.digest as string)
  const rows = await database.read
    .selectFrom('artifact')
    .select('digest')
    .where('repository_id', '=', repositoryId)
    .where('subject_digest', '=', subject)
    .where('digest', 'in', digests)
    .execute()
  return new Set(rows.map((row) => row.digest))
}
