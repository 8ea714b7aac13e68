import { algorithmOf, encodedOf, type Digest } from '#contract/digest.ts'
import type { Descriptor } from '#contract/manifest.ts'
import { parseManifest } from '#contract/manifest.ts'
import { parseTagName } from '#contract/reference.ts'
import { sql, type SqlBool } from 'kysely'
import type { Database } from '../../database/database.ts'
import type { Admission } from '../access/admission.ts'
import { DomainError } from '../errors.ts'
import { accessoryTagsOf } from './accessories.ts'
import type { Manifests } from './pull.ts'

export interface ReferrersPage {
  readonly descriptors: readonly Descriptor[]
  /** Where the next page starts, when there is one: give it back as `last`. */
  readonly next: string | undefined
}

export interface ReferrersQuery {
  readonly size: number
  /**
   * A page ends before the descriptor that would make it larger than this, but has one at least. Annotations may
   * have megabytes, and clients read an index of some megabytes at the most.
   */
  readonly maxBytes: number
  readonly last: string | undefined
  readonly artifactType: string | undefined
}

interface ReferrersServices {
  readonly database: Database
  readonly manifests: Manifests
}

/** A descriptor that a page may have, and how much of the page it would take. */
interface Candidate {
  readonly digest: string
  /** Never too small; annotations are not read before it is known that they fit. */
  readonly bytes: number
  readonly descriptor: Descriptor
  readonly hasAnnotations: boolean
}

/** Part of one source's candidates, in the order of their digests. */
interface Stretch {
  readonly candidates: readonly Candidate[]
  /** The digest up to which (itself included) nothing is left out; undefined: to the end. */
  readonly completeTo: string | undefined
}

/** What a descriptor takes without its annotations and types. */
const descriptorBytes = 256

/**
 * The manifests of the repository whose subject is `subject` (which need not exist), in the order of their
 * digests, one page at a time (distribution-spec v1.1 §listing-referrers). What clients wrote to the
 * fallback tag (`sha256-<encoded>`) before they knew this endpoint stands among them, and what cosign names by the
 * subject's digest (`sha256-<encoded>.sig`), as in Harbor.
 */
export async function listReferrers(
  services: ReferrersServices,
  admission: Admission<'pull'>,
  subject: Digest,
  query: ReferrersQuery,
): Promise<ReferrersPage> {
  const { database } = services
  const { repositoryId } = admission
  if (repositoryId === undefined) return { descriptors: [], next: undefined }
  const { candidates, completeTo } = merge([
    await findBySubject(database, repositoryId, subject, query),
    await findByDerivedTags(database, repositoryId, subject, query),
    await findByFallbackTag(services, admission, subject, query),
  ])
  const shown = takePage(candidates, query)
  const descriptors = await withAnnotations(database, repositoryId, shown)
  return { descriptors, next: shown.length < candidates.length ? shown.at(-1)?.digest : completeTo }
}

function merge(stretches: readonly Stretch[]): Stretch {
  const completeTo = stretches
    .map((stretch) => stretch.completeTo)
    .filter((digest) => digest !== undefined)
    .sort()[0]
  const candidates = stretches
    .flatMap((stretch) => stretch.candidates)
    .filter(({ digest }) => completeTo === undefined || digest <= completeTo)
    .sort(byDigest)
  return { candidates, completeTo }
}

const byDigest = (a: { digest: string }, b: { digest: string }): number => (a.digest < b.digest ? -1 : 1)

function takePage(candidates: readonly Candidate[], { size, maxBytes }: ReferrersQuery): readonly Candidate[] {
  let bytes = 0
  const end = candidates.findIndex((candidate, at) => {
    bytes += candidate.bytes
    return at >= size || (at > 0 && bytes > maxBytes)
  })
  return end < 0 ? candidates : candidates.slice(0, end)
}

async function findBySubject(
  database: Database,
  repositoryId: number,
  subject: Digest,
  { size, last, artifactType }: ReferrersQuery,
): Promise<Stretch> {
  const rows = await rowsOf(database, repositoryId, { last, artifactType })
    .where('artifact.subject_digest', '=', subject)
    .orderBy('artifact.digest')
    .limit(size + 1)
    .execute()
  return { candidates: rows.map(candidateOf), completeTo: rows.length > size ? rows.at(-1)?.digest : undefined }
}

/** Those that cosign's tags name and the query by subject does not find: a few at the most. */
async function findByDerivedTags(
  database: Database,
  repositoryId: number,
  subject: Digest,
  query: ReferrersQuery,
): Promise<Stretch> {
  const tags = accessoryTagsOf(subject)
  if (tags.length === 0) return { candidates: [], completeTo: undefined }
  const rows = await rowsOf(database, repositoryId, query)
    .where(isNamedBy(repositoryId, tags))
    .where((eb) => eb.or([eb('artifact.subject_digest', 'is', null), eb('artifact.subject_digest', '!=', subject)]))
    .execute()
  return { candidates: rows.map(candidateOf), completeTo: undefined }
}

const isNamedBy = (repositoryId: number, tags: readonly string[]) => sql<SqlBool>`artifact.id in (
  select artifact_id from tag where repository_id = ${repositoryId} and name in (${sql.join(tags)}))`

function rowsOf(
  database: Database,
  repositoryId: number,
  { last, artifactType }: Pick<ReferrersQuery, 'last' | 'artifactType'>,
) {
  let query = database.read
    .selectFrom('artifact')
    .select(['artifact.digest', 'artifact.media_type', 'artifact.artifact_type', 'artifact.manifest_size'])
    .select((eb) => eb('artifact.annotations', 'is not', null).as('has_annotations'))
    .where('artifact.repository_id', '=', repositoryId)
  if (last !== undefined) query = query.where('artifact.digest', '>', last)
  if (artifactType !== undefined) query = query.where('artifact.artifact_type', '=', artifactType)
  return query
}

type CandidateRow = Awaited<ReturnType<ReturnType<typeof rowsOf>['execute']>>[number]

function candidateOf(row: CandidateRow): Candidate {
  const hasAnnotations = Boolean(row.has_annotations)
  return {
    digest: row.digest,
    // Annotations are a part of the manifest, and JSON.stringify escapes nothing that was not escaped there.
    bytes: descriptorBytes + 6 * row.artifact_type.length + (hasAnnotations ? row.manifest_size : 0),
    descriptor: {
      mediaType: row.media_type,
      digest: row.digest as Digest,
      size: row.manifest_size,
      ...(row.artifact_type === '' ? {} : { artifactType: row.artifact_type }),
    },
    hasAnnotations,
  }
}

/** Annotations of what is shown, read only now; one query. */
async function withAnnotations(
  database: Database,
  repositoryId: number,
  shown: readonly Candidate[],
): Promise<Descriptor[]> {
  const annotated = shown.filter(({ hasAnnotations }) => hasAnnotations).map(({ digest }) => digest)
  const rows =
    annotated.length === 0
      ? []
      : await database.read
          .selectFrom('artifact')
          .select(['digest', 'annotations'])
          .where('repository_id', '=', repositoryId)
          .where('digest', 'in', annotated)
          .execute()
  const annotations = new Map(rows.map((row) => [row.digest, row.annotations]))
  return shown.map(({ digest, descriptor }) => {
    const text = annotations.get(digest)
    if (text === undefined || text === null) return descriptor
    return { ...descriptor, annotations: JSON.parse(text) as Record<string, string> }
  })
}

/** Those that the fallback tag names and the other two queries do not find, on this page or another. */
async function findByFallbackTag(
  { database, manifests }: ReferrersServices,
  admission: Admission<'pull'>,
  subject: Digest,
  { size, last = '', artifactType }: ReferrersQuery,
): Promise<Stretch> {
  const listed = new Map<string, Descriptor>()
  for (const descriptor of await readFallbackTag(manifests, admission, subject)) {
    const wanted = artifactType === undefined || descriptor.artifactType === artifactType
    if (wanted && descriptor.digest > last) listed.set(descriptor.digest, descriptor)
  }
  const first = [...listed.values()].sort(byDigest).slice(0, size + 1)
  const known = await findKnown(database, admission, subject, first)
  const candidates = first
    .filter(({ digest }) => !known.has(digest))
    .map((descriptor) => ({
      digest: descriptor.digest,
      bytes: Buffer.byteLength(JSON.stringify(descriptor)),
      descriptor,
      hasAnnotations: false,
    }))
  return { candidates, completeTo: first.length > size ? first.at(-1)?.digest : undefined }
}

async function readFallbackTag(
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

async function findKnown(
  database: Database,
  { repositoryId }: Admission<'pull'>,
  subject: Digest,
  descriptors: readonly Descriptor[],
): Promise<ReadonlySet<string>> {
  if (descriptors.length === 0 || repositoryId === undefined) return new Set()
  const tags = accessoryTagsOf(subject)
  const rows = await database.read
    .selectFrom('artifact')
    .select('artifact.digest')
    .where('artifact.repository_id', '=', repositoryId)
    .where((eb) =>
      eb.or([
        eb('artifact.subject_digest', '=', subject),
        ...(tags.length === 0 ? [] : [isNamedBy(repositoryId, tags)]),
      ]),
    )
    .where(
      'artifact.digest',
      'in',
      descriptors.map(({ digest }) => digest as string),
    )
    .execute()
  return new Set(rows.map((row) => row.digest))
}
