import type { DigestAlgorithm } from '#contract/digest.ts'

/** A digest in progress. */
export interface Hasher {
  update(chunk: Uint8Array): void
  /** Of everything seen so far, in lower-case hex. The hasher can go on afterwards. */
  digestHex(): string
}

export function createHasher(algorithm: DigestAlgorithm): Hasher {
  const hasher = new Bun.CryptoHasher(algorithm)
  return {
    update: (chunk) => void hasher.update(chunk),
    digestHex: () => hasher.copy().digest('hex'),
  }
}

/** Reads `stream` to its end; memory is bounded by the stream's chunks. */
export async function hashStream(stream: AsyncIterable<Uint8Array>, algorithm: DigestAlgorithm): Promise<string> {
  const hasher = createHasher(algorithm)
  for await (const chunk of stream) hasher.update(chunk)
  return hasher.digestHex()
}
