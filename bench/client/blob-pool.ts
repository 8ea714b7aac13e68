import { randomBytes, randomFillSync } from 'node:crypto'

/** A blob ready to be sent: parts that lie in memory already, and the digest of their sequence. */
export interface PreparedBlob {
  readonly parts: readonly Uint8Array[]
  readonly digest: string
  readonly sizeBytes: number
}

const tailBytes = 32

/**
 * Makes blobs that no registry has seen: incompressible, and different in their last 32 bytes, so
 * that nothing short of hashing and storing every byte will do for a server, while the generator
 * hashes the common beginning once and pays 32 bytes for each further blob.
 */
export class BlobPool {
  #template: Buffer
  #prefixes = new Map<number, Bun.CryptoHasher>()

  constructor(largestBytes: number) {
    this.#template = Buffer.allocUnsafe(largestBytes)
    randomFillSync(this.#template)
  }

  next(sizeBytes: number): PreparedBlob {
    const prefixBytes = sizeBytes - tailBytes
    let prefix = this.#prefixes.get(sizeBytes)
    if (prefix === undefined) {
      prefix = new Bun.CryptoHasher('sha256').update(this.#template.subarray(0, prefixBytes))
      this.#prefixes.set(sizeBytes, prefix)
    }
    const tail = randomBytes(tailBytes)
    const digest = `sha256:${prefix.copy().update(tail).digest('hex')}`
    return { parts: [this.#template.subarray(0, prefixBytes), tail], digest, sizeBytes }
  }
}

/** The bytes `start` (inclusive) to `end` (exclusive) of a blob, as parts. */
export function sliceParts(blob: PreparedBlob, start: number, end: number): Uint8Array[] {
  const slices: Uint8Array[] = []
  let at = 0
  for (const part of blob.parts) {
    const from = Math.max(start - at, 0)
    const to = Math.min(end - at, part.byteLength)
    if (from < to) slices.push(part.subarray(from, to))
    at += part.byteLength
  }
  return slices
}
