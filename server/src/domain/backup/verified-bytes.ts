import { algorithmOf, encodedOf, type Digest } from '#contract/digest.ts'
import { createHasher } from '../../runtime/hasher.ts'
import type { BlobBody } from '../../storage/blob-store.ts'

/** Bytes that are not what their digest and size say. */
export class BytesDiffer extends Error {
  override readonly name = 'BytesDiffer'
}

export interface ExpectedBytes {
  readonly digest: Digest
  readonly size: number
}

/** The bytes as they are. Fails at their end, or as soon as they are too many. @throws BytesDiffer, the reason of `signal` */
export async function* verifiedBytes(
  bytes: AsyncIterable<Uint8Array>,
  { digest, size }: ExpectedBytes,
  signal?: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const hasher = createHasher(algorithmOf(digest))
  let seen = 0
  for await (const chunk of bytes) {
    signal?.throwIfAborted()
    seen += chunk.byteLength
    if (seen > size) throw new BytesDiffer(`more than the ${size} bytes that it should have`)
    hasher.update(chunk)
    yield chunk
  }
  if (seen < size) throw new BytesDiffer(`${seen} bytes instead of ${size}`)
  if (hasher.digestHex() !== encodedOf(digest)) throw new BytesDiffer('the bytes have another digest')
}

/** Reads to the end. @throws BytesDiffer, the reason of `signal` */
export async function assertBytes(
  bytes: AsyncIterable<Uint8Array>,
  expected: ExpectedBytes,
  signal?: AbortSignal,
): Promise<void> {
  for await (const _ of verifiedBytes(bytes, expected, signal));
}

export const streamOf = (body: BlobBody): AsyncIterable<Uint8Array> => (body instanceof Blob ? body.stream() : body)
