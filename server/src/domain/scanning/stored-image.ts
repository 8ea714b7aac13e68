import { findDigest } from '#contract/digest.ts'
import { parseManifest } from '#contract/manifest.ts'
import { isForeignLayerMediaType } from '#contract/media-types.ts'
import type { Admission, Reading } from '../access/admission.ts'
import { readDiffIds } from '../artifacts/image-config.ts'
import type { StoredManifest } from '../artifacts/pull.ts'
import type { Blobs } from '../content/blobs.ts'
import { DomainError } from '../errors.ts'
import type { LayerSource } from './detection/inputs/image-source.ts'

const encrypted = /\+encrypted$/

/**
 * The layers of an image of this registry, read through the repository's links.
 * @throws DomainError BLOB_UNKNOWN, BAD_REQUEST when the config does not say which layers it is made of
 */
export async function layersOf(
  blobs: Blobs,
  admission: Admission<Reading>,
  manifest: Pick<StoredManifest, 'bytes' | 'mediaType'>,
): Promise<readonly LayerSource[]> {
  const { layers } = parseManifest(manifest.bytes, manifest.mediaType)
  const diffIds = await readDiffIds(blobs, admission, manifest)
  if (diffIds === undefined || diffIds.some((text) => findDigest(text) === undefined)) {
    throw new DomainError('BAD_REQUEST', 'the config of this image does not say which layers it is made of')
  }
  if (diffIds.length !== layers.length) {
    throw new DomainError('BAD_REQUEST', `the config names ${diffIds.length} layers, the manifest ${layers.length}`)
  }
  return layers.map(({ digest, mediaType: type }, index) => {
    const diffId = diffIds[index] ?? digest
    if (isForeignLayerMediaType(type)) return closed(diffId, 'its bytes are kept elsewhere, by the wish of their owner')
    if (encrypted.test(type)) return closed(diffId, 'it is encrypted')
    return {
      diffId,
      blob: digest,
      async *open() {
        const blob = await blobs.getBlob(admission, digest)
        const body = await blobs.openBlob(admission, blob)
        yield* (body instanceof Blob ? body.stream() : body) as AsyncIterable<Uint8Array>
      },
    }
  })
}

function closed(diffId: string, reason: string): LayerSource {
  return {
    diffId,
    // oxlint-disable-next-line require-yield -- nothing is ever read of it
    async *open() {
      throw new Error(reason)
    },
    unread: { code: 'UNSUPPORTED', reason },
  }
}
