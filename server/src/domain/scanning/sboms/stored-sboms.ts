import type { Digest } from '#contract/digest.ts'
import { parseManifest } from '#contract/manifest.ts'
import type { Reader } from '../../../database/database.ts'
import type { Admission, Reading } from '../../access/admission.ts'
import type { StoredManifest } from '../../artifacts/pull.ts'
import type { Blobs } from '../../content/blobs.ts'
import { DomainError } from '../../errors.ts'
import type { BlobBody } from '../../../storage/blob-store.ts'
import {
  artifactTypesOf,
  makerAnnotation,
  replacedMakers,
  sbomArtifactTypes,
  sbomFormats,
  type SbomFormat,
} from './sbom-format.ts'

/** An SBOM that is an artifact of a repository, by the image that it is about. */
export interface StoredSbom {
  readonly repositoryId: number
  readonly subject: Digest
  readonly digest: Digest
  readonly format: SbomFormat
  readonly pushedAt: number
  /** Made by a registry, not by whoever pushed it. */
  readonly isGenerated: boolean
}

/** Of one image; what the registry made is among the newest. */
const maxOfEach = 20

/**
 * The SBOM of each of these images: the newest that the registry made, of several forms SPDX; else the newest that somebody attached. One
 * query, however many images there are.
 */
export async function listSboms(
  reader: Reader,
  repositoryIds: readonly number[],
  images: readonly Digest[],
  format?: SbomFormat,
): Promise<readonly StoredSbom[]> {
  if (images.length === 0 || repositoryIds.length === 0) return []
  const types = format === undefined ? sbomArtifactTypes : artifactTypesOf(format)
  const ranked = reader
    .selectFrom('artifact')
    .select(['id'])
    .select(({ fn }) =>
      fn
        .agg<number>('row_number')
        .over((over) => over.partitionBy(['repository_id', 'subject_digest']).orderBy('id', 'desc'))
        .as('place'),
    )
    .where('repository_id', 'in', repositoryIds)
    .where('subject_digest', 'in', images)
    .where('artifact_type', 'in', types)
    .as('ranked')
  const rows = await reader
    .selectFrom('artifact')
    .innerJoin(ranked, 'ranked.id', 'artifact.id')
    .select(['repository_id', 'subject_digest', 'digest', 'artifact_type', 'pushed_at', 'annotations'])
    .where('ranked.place', '<=', maxOfEach)
    .orderBy('artifact.id', 'desc')
    .execute()
  const sboms = rows.map((row): StoredSbom => ({
    repositoryId: row.repository_id,
    subject: row.subject_digest as Digest,
    digest: row.digest as Digest,
    format: sbomFormats.find((each) => artifactTypesOf(each).includes(row.artifact_type)) ?? 'spdx',
    pushedAt: row.pushed_at,
    isGenerated: isGenerated(row),
  }))
  const groups = Map.groupBy(sboms, ({ repositoryId, subject }) => `${repositoryId} ${subject}`)
  return [...groups.values()].map((group) => group.toSorted((one, other) => rankOf(one) - rankOf(other))[0]!)
}

/** Whether a registry made it, by what its manifest says. */
export function isGenerated(row: { readonly annotations: string | null }): boolean {
  if (row.annotations === null) return false
  const notes = JSON.parse(row.annotations) as Readonly<Record<string, string>>
  return replacedMakers.includes(notes[makerAnnotation] ?? '')
}

const rankOf = ({ isGenerated, format }: StoredSbom): number => (isGenerated ? 0 : 2) + (format === 'spdx' ? 0 : 1)

export const isSbomArtifact = (artifactType: string): boolean => sbomArtifactTypes.includes(artifactType)

/** The document of an SBOM artifact, as it was stored. @throws DomainError REPORT_UNKNOWN for a manifest of another shape; BLOB_UNKNOWN */
export async function openSbom(
  blobs: Blobs,
  admission: Admission<Reading>,
  { bytes, mediaType }: Pick<StoredManifest, 'bytes' | 'mediaType'>,
): Promise<{ readonly body: BlobBody; readonly size: number; readonly mediaType: string }> {
  const [layer, ...others] = parseManifest(bytes, mediaType).layers
  if (layer === undefined || others.length > 0) throw sbomUnknown()
  const blob = await blobs.getBlob(admission, layer.digest)
  return { body: await blobs.openBlob(admission, blob), size: blob.size, mediaType: layer.mediaType }
}

export const sbomUnknown = (): DomainError => new DomainError('REPORT_UNKNOWN', 'The sbom is not found')
