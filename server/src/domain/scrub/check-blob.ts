import { setTimeout as wait } from 'node:timers/promises'
import { algorithmOf, encodedOf, type Digest } from '#contract/digest.ts'
import { createHasher } from '../../runtime/hasher.ts'
import { releaseBytes } from '../../runtime/release-bytes.ts'
import type { BlobLocation, BlobReader, BlobStoreProbe } from '../../storage/blob-store.ts'

export interface StoredBlob {
  readonly digest: Digest
  readonly size: number
  readonly location: BlobLocation
}

export type Judgement = 'good' | 'changed' | 'missing'

/** Lets so many bytes through in a second, so that whoever pulls and pushes has the disk and the network. */
export class Pace {
  readonly #bytesPerSecond: number
  #begun = performance.now()
  #bytes = 0

  constructor(bytesPerSecond: number) {
    this.#bytesPerSecond = bytesPerSecond
  }

  async take(bytes: number, signal: AbortSignal): Promise<void> {
    const now = performance.now()
    const due = this.#begun + (this.#bytes / this.#bytesPerSecond) * 1000
    // What was not used in a pause is not made up for.
    if (due < now) {
      this.#begun = now
      this.#bytes = 0
    }
    this.#bytes += bytes
    const ahead = this.#begun + (this.#bytes / this.#bytesPerSecond) * 1000 - now
    if (ahead > longestAheadMs) await wait(ahead, undefined, { signal })
  }
}

const longestAheadMs = 20

/**
 * Reads the blob and compares it with its digest.
 * @throws what the store throws when it can be read at all but not now; the signal's reason
 */
export async function judgeBlob(
  store: BlobReader & BlobStoreProbe,
  blob: StoredBlob,
  pace: Pace,
  signal: AbortSignal,
): Promise<Judgement> {
  signal.throwIfAborted()
  try {
    return await readAndCompare(store, blob, pace, signal)
  } catch {
    signal.throwIfAborted()
    // A medium that works otherwise and gives these bytes twice not: a bad sector, an object that is lost.
    await store.probe()
    return await readAndCompare(store, blob, pace, signal).catch(async (again: unknown) => {
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
  pace: Pace,
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
    await pace.take(taken, signal)
  }
  return seen === size && hasher.digestHex() === encodedOf(digest) ? 'good' : 'changed'
}
