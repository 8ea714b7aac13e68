import type { DigestAlgorithm } from '#contract/digest.ts'
import { libcryptoHasher } from './libcrypto-hasher.ts'
import { PortableSha256 } from './portable-sha256.ts'
import { parseHashState, type SavableHasher } from './savable-hasher.ts'

/** A digest in progress. */
export interface Hasher {
  update(chunk: Uint8Array): void
  /** Of everything seen so far, in lower-case hex. The hasher can go on afterwards. */
  digestHex(): string
  /**
   * The state that another process needs to go on from here (`continueHasher`); undefined when the hasher cannot give
   * it.
   */
  save?(): string
}

export function createHasher(algorithm: DigestAlgorithm): Hasher {
  const hasher = new Bun.CryptoHasher(algorithm)
  return {
    update: (chunk) => void hasher.update(chunk),
    digestHex: () => hasher.copy().digest('hex'),
  }
}

/**
 * A hasher whose state can be saved. With the machine's libcrypto it is as fast as Bun's own. Without it, `always` asks
 * for one in TypeScript, which takes nine times the processor time and knows SHA-256 alone; otherwise it is Bun's own, and
 * only its digest can be saved (docs/adr/0007-the-digest-so-far-is-in-the-row.md).
 */
export function createSavableHasher(algorithm: DigestAlgorithm, { always }: { readonly always: boolean }): Hasher {
  const savable = libcryptoHasher(algorithm) ?? (always ? portableHasher(algorithm) : undefined)
  return savable ?? createHasher(algorithm)
}

/**
 * A hasher that goes on where `save` was called, in whichever process that was. Undefined when `saved` is of another
 * algorithm, of another number of bytes than `length`, or of a version of Berth that saved something else.
 */
export function continueHasher(algorithm: DigestAlgorithm, saved: string, length: number): Hasher | undefined {
  const state = parseHashState(saved)
  if (state?.algorithm !== algorithm || state.length !== length) return undefined
  const hasher = libcryptoHasher(algorithm) ?? portableHasher(algorithm)
  hasher?.load(state)
  return hasher
}

function portableHasher(algorithm: DigestAlgorithm): SavableHasher | undefined {
  return algorithm === 'sha256' ? new PortableSha256() : undefined
}

/** Reads `stream` to its end; memory is bounded by the stream's chunks. */
export async function hashStream(stream: AsyncIterable<Uint8Array>, algorithm: DigestAlgorithm): Promise<string> {
  const hasher = createHasher(algorithm)
  for await (const chunk of stream) hasher.update(chunk)
  return hasher.digestHex()
}
