import { algorithmOf, encodedOf, type Digest } from '#contract/digest.ts'
import { createHasher } from '../../runtime/hasher.ts'
import { releaseBytes } from '../../runtime/release-bytes.ts'
import type { ByteThrottle } from './byte-throttle.ts'
import type { BlobLocation, BlobReader, BlobStoreProbe } from '../../storage/blob-store.ts'

export interface StoredBlob {
  readonly digest: Digest
  readonly size: number
  readonly location: BlobLocation
}

export type Judgement = 'good' | 'changed' | 'missing'

/**
 * Reads the blob and compares it with its digest.
 * @throws what the store throws when it can be read at all but not now; the signal's reason
 */
export async function judgeBlob(
  store: BlobReader & BlobStoreProbe,
  blob: StoredBlob,
  throttle: ByteThrottle,
  signal: AbortSignal,
): Promise<Judgement> {
  signal.throwIfAborted()
  try {
    return await readAndCompare(store, blob, throttle, signal)
  } catch {
    signal.throwIfAborted()
    // A medium that works otherwise and gives these bytes twice not: a bad sector, an object that is lost.
    await store.probe()
    return await readAndCompare(store, blob, throttle, signal).catch(async (again: unknown) => {
      signal.throwIfAborted()
      await store.probe().catch(() => {
        throw again
      })
      return 'changed' as const
    })
  }
}

async function readAndCompare(
  store: BlobReader,
  { digest, size, location }: StoredBlob,
  throttle: ByteThrottle,
  signal: AbortSignal,
): Promise<Judgement> {
  const body = await store.open(location)
  if (body === undefined) return 'missing'
  const hasher = createHasher(algorithmOf(digest))
  let seen = 0
  for await (const chunk of body instanceof Blob ? body.stream() : body) {
    signal.throwIfAborted()
    seen += chunk.byteLength
    hasher.update(chunk)
    const taken = chunk.byteLength
    releaseBytes([chunk])
    if (seen > size) return 'changed'
    await throttle.take(taken, signal)
  }
  return seen === size && hasher.digestHex() === encodedOf(digest) ? 'good' : 'changed'
}
