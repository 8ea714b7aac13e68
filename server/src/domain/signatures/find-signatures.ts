import { subjectNamedBy } from '#contract/derived-tags.ts'
import type { Digest } from '#contract/digest.ts'
import type { Reader } from '../../database/database.ts'
import type { SignedPlace } from './reverify-signatures.ts'
import { signatureArtifactTypes } from './signature-manifests.ts'

/** A row of either table is cheap to pass by; no index knows which of them are signatures. */
const rowsPerStep = 10_000

/** Where signatures say whose they are: in their manifest, or by cosign's tag. */
export const signatureSources = ['artifact', 'tag'] as const
export type SignatureSource = (typeof signatureSources)[number]

export interface FoundSignatures {
  readonly places: readonly SignedPlace[]
  /** Up to which id was looked; undefined when there is nothing behind it. */
  readonly next: number | undefined
}

/** One step of a walk over all artifacts, and then over all tags. */
export async function findSignatures(reader: Reader, source: SignatureSource, after: number): Promise<FoundSignatures> {
  const { last } = await reader
    .selectFrom(source)
    .select((eb) => eb.fn.max<number | string | null>('id').as('last'))
    .executeTakeFirstOrThrow()
  const end = after + rowsPerStep
  const rows = source === 'artifact' ? await bySubject(reader, after, end) : await byTag(reader, after, end)
  const places = new Map(rows.map((place) => [`${place.repositoryId} ${place.subject}`, place]))
  return { places: [...places.values()], next: Number(last ?? 0) > end ? end : undefined }
}

async function bySubject(reader: Reader, after: number, end: number): Promise<SignedPlace[]> {
  const rows = await reader
    .selectFrom('artifact')
    .select(['repository_id', 'subject_digest'])
    .where('id', '>', after)
    .where('id', '<=', end)
    .where('subject_digest', 'is not', null)
    .where('artifact_type', 'in', signatureArtifactTypes)
    .execute()
  return rows.map((row) => ({ repositoryId: row.repository_id, subject: row.subject_digest as Digest }))
}

async function byTag(reader: Reader, after: number, end: number): Promise<SignedPlace[]> {
  const rows = await reader
    .selectFrom('tag')
    .select(['repository_id', 'name'])
    .where('id', '>', after)
    .where('id', '<=', end)
    .where('name', 'like', 'sha256-%')
    .execute()
  return rows.flatMap(({ repository_id: repositoryId, name }) => {
    const subject = subjectNamedBy(name)
    return subject === undefined ? [] : { repositoryId, subject }
  })
}
