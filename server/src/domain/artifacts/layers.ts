import { parseManifest, type Descriptor } from '#contract/manifest.ts'
import type { Admission, Reading } from '../access/admission.ts'
import type { Blobs } from '../content/blobs.ts'
import { readImageConfig } from './image-config.ts'
import type { StoredManifest } from './pull.ts'

/** A layer of an artifact, and which step of the build made it where the image tells. */
export interface Layer {
  readonly descriptor: Descriptor
  /** Bytes of the blob, also where an old image does not say them. */
  readonly size: number
  readonly createdBy: string | undefined
  /** Of an image: the digest before compression. */
  readonly diffId: string | undefined
}

/**
 * The layers of an artifact from the lowest to the uppermost; an index has none. The history of an image names a step for
 * each layer (image-spec v1.1, config.md: every entry that is not `empty_layer`); one that does not add up names none.
 * @throws DomainError BLOB_UNKNOWN, BAD_REQUEST as `readImageConfig`
 */
export async function readLayers(
  blobs: Blobs,
  admission: Admission<Reading>,
  manifest: Pick<StoredManifest, 'bytes' | 'mediaType'>,
): Promise<readonly Layer[]> {
  const { layers } = parseManifest(manifest.bytes, manifest.mediaType)
  const config = await readImageConfig(blobs, admission, manifest)
  const steps = (config?.history ?? []).filter((step) => step.empty_layer !== true)
  const addUp = steps.length === layers.length
  const diffIds = config?.diffIds?.length === layers.length ? config.diffIds : []
  const sizes: number[] = []
  for (const { digest, size } of layers) sizes.push(size ?? (await blobs.getBlob(admission, digest)).size)
  return layers.map((descriptor, index) => ({
    descriptor,
    size: sizes[index]!,
    createdBy: addUp ? steps[index]!.created_by : undefined,
    diffId: diffIds[index],
  }))
}
