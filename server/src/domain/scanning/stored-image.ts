import { budgets, parseForeignJson } from '#contract/budget.ts'
import { findDigest } from '#contract/digest.ts'
import { parseManifest } from '#contract/manifest.ts'
import { z } from 'zod'
import type { Admission, Reading } from '../access/admission.ts'
import type { StoredManifest } from '../artifacts/pull.ts'
import type { Blobs } from '../content/blobs.ts'
import { DomainError } from '../errors.ts'
import type { LayerSource } from './detection/inputs/image-source.ts'

const configSchema = z.object({ rootfs: z.object({ diff_ids: z.array(z.string()).max(10_000) }) })
/** Layers that are kept elsewhere, by their owner's wish. */
const foreign = /nondistributable|foreign/
const encrypted = /\+encrypted$/

/**
 * The layers of an image of this registry, read through the repository's links.
 * @throws DomainError BLOB_UNKNOWN, BAD_REQUEST when the config does not say which layers it is made of
 */
export async function layersOf(
  blobs: Blobs,
  admission: Admission<Reading>,
  { bytes, mediaType }: Pick<StoredManifest, 'bytes' | 'mediaType'>,
): Promise<readonly LayerSource[]> {
  const { config, layers } = parseManifest(bytes, mediaType)
  if (config === undefined) throw new DomainError('BAD_REQUEST', 'the image has no config')
  const diffIds = await readDiffIds(blobs, admission, config.digest)
  if (diffIds.length !== layers.length) {
    throw new DomainError('BAD_REQUEST', `the config names ${diffIds.length} layers, the manifest ${layers.length}`)
  }
  return layers.map(({ digest, mediaType: type }, index) => {
    const diffId = diffIds[index] ?? digest
    if (foreign.test(type)) return closed(diffId, 'its bytes are kept elsewhere, by the wish of their owner')
    if (encrypted.test(type)) return closed(diffId, 'it is encrypted')
    return {
      diffId,
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

async function readDiffIds(blobs: Blobs, admission: Admission<Reading>, digest: Parameters<Blobs['getBlob']>[1]) {
  const blob = await blobs.getBlob(admission, digest)
  if (blob.size > budgets.imageConfig.maxBytes) {
    throw new DomainError('BAD_REQUEST', `the config of this image has ${blob.size} bytes, which is too much to read`)
  }
  const written = await new Response((await blobs.openBlob(admission, blob)) as BodyInit).bytes()
  const parsed = configSchema.safeParse(parseForeignJson(written, budgets.imageConfig))
  const diffIds = parsed.data?.rootfs.diff_ids
  if (diffIds === undefined || diffIds.some((text) => findDigest(text) === undefined)) {
    throw new DomainError('BAD_REQUEST', 'the config of this image does not say which layers it is made of')
  }
  return diffIds
}
