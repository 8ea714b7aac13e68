import { descriptorsOf, type Descriptor, type ParsedManifest } from '#contract/manifest.ts'
import type { Reader } from '../../database/database.ts'
import { DomainError } from '../errors.ts'
import { batches } from '../lists/batches.ts'

/** What the repository holds under a digest. */
interface Held {
  readonly digest: string
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
  const blobs = descriptorsOf({ ...manifest, manifests: [] })
  await assertAllAgree(blobs, (digests) => findBlobs(reader, repositoryId, digests))
  await assertAllAgree(manifest.manifests, (digests) => findManifests(reader, repositoryId, digests))
}

async function assertAllAgree(
  descriptors: readonly Descriptor[],
  find: (digests: readonly string[]) => Promise<readonly Held[]>,
): Promise<void> {
  const digests = new Set<string>(descriptors.map(({ digest }) => digest))
  const held = new Map<string, Held>()
  for (const batch of batches([...digests])) for (const row of await find(batch)) held.set(row.digest, row)
  for (const descriptor of descriptors) {
    const found = held.get(descriptor.digest)
    if (found !== undefined) assertAgrees(descriptor, found)
  }
}

function assertAgrees({ digest, size, mediaType }: Descriptor, held: Held): void {
  if (size !== undefined && size !== held.size) {
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

/** Through the repository's links: of a foreign layer that only others have, nothing is told (invariant 4). */
const findBlobs = async (reader: Reader, repositoryId: number, digests: readonly string[]) =>
  await reader
    .selectFrom('repository_blob')
    .innerJoin('blob', 'blob.digest', 'repository_blob.digest')
    .select(['blob.digest', 'blob.size'])
    .where('repository_blob.repository_id', '=', repositoryId)
    .where('repository_blob.digest', 'in', digests)
    .execute()

const findManifests = async (reader: Reader, repositoryId: number, digests: readonly string[]) =>
  await reader
    .selectFrom('artifact')
    .select(['digest', 'manifest_size as size', 'media_type as mediaType'])
    .where('repository_id', '=', repositoryId)
    .where('digest', 'in', digests)
    .execute()
