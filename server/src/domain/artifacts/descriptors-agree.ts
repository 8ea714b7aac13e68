import { descriptorsOf, type Descriptor, type ParsedManifest } from '#contract/manifest.ts'
import type { Reader } from '../../database/database.ts'
import { DomainError } from '../errors.ts'
import { batches } from '../lists/batches.ts'

/** What the repository holds under a digest. */
interface Held {
  readonly size: number
  /** Only a manifest has one: what a blob is called is its descriptors' business. */
  readonly mediaType?: string
}

/**
 * Refuses a manifest whose descriptors say another size of a blob or child than the one that is here, or another media
 * type of a child: clients stop in the middle of pulling it. Asked once everything that it names is known to be here.
 * @throws DomainError MANIFEST_INVALID
 */
export async function assertDescriptorsAgree(
  reader: Reader,
  repositoryId: number,
  manifest: ParsedManifest,
): Promise<void> {
  const children = await heldManifests(reader, repositoryId, manifest.manifests)
  const childDigests = new Set(manifest.manifests)
  const descriptors = descriptorsOf(manifest)
  const blobs = await heldBlobs(
    reader,
    repositoryId,
    descriptors.filter((descriptor) => !childDigests.has(descriptor)),
  )
  for (const descriptor of descriptors) {
    const held = (childDigests.has(descriptor) ? children : blobs).get(descriptor.digest)
    if (held !== undefined) assertAgrees(descriptor, held)
  }
}

function assertAgrees({ digest, size, mediaType }: Descriptor, held: Held): void {
  if (size !== held.size) {
    throw new DomainError(
      'MANIFEST_INVALID',
      `the manifest says that ${digest} has ${size} bytes, and it has ${held.size}; correct its size and push again`,
      { detail: { digest, size, heldSize: held.size } },
    )
  }
  if (held.mediaType !== undefined && mediaType !== held.mediaType) {
    throw new DomainError(
      'MANIFEST_INVALID',
      `the index says that ${digest} is ${mediaType}, and it is ${held.mediaType}; correct its mediaType and push again`,
      { detail: { digest, mediaType, heldMediaType: held.mediaType } },
    )
  }
}

const distinct = (descriptors: readonly Descriptor[]): string[] => [
  ...new Set<string>(descriptors.map(({ digest }) => digest)),
]

/** Through the repository's links: of a foreign layer that only others have, nothing is told (invariant 4). */
async function heldBlobs(
  reader: Reader,
  repositoryId: number,
  descriptors: readonly Descriptor[],
): Promise<Map<string, Held>> {
  const held = new Map<string, Held>()
  for (const batch of batches(distinct(descriptors))) {
    const rows = await reader
      .selectFrom('repository_blob')
      .innerJoin('blob', 'blob.digest', 'repository_blob.digest')
      .select(['blob.digest', 'blob.size'])
      .where('repository_blob.repository_id', '=', repositoryId)
      .where('repository_blob.digest', 'in', batch)
      .execute()
    for (const { digest, size } of rows) held.set(digest, { size })
  }
  return held
}

async function heldManifests(
  reader: Reader,
  repositoryId: number,
  descriptors: readonly Descriptor[],
): Promise<Map<string, Held>> {
  const held = new Map<string, Held>()
  for (const batch of batches(distinct(descriptors))) {
    const rows = await reader
      .selectFrom('artifact')
      .select(['digest', 'manifest_size', 'media_type'])
      .where('repository_id', '=', repositoryId)
      .where('digest', 'in', batch)
      .execute()
    for (const row of rows) held.set(row.digest, { size: row.manifest_size, mediaType: row.media_type })
  }
  return held
}
