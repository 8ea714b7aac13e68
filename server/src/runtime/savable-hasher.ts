import type { DigestAlgorithm } from '#contract/digest.ts'

/** Where a SHA-2 digest stands between two chunks, the same on every machine. */
export interface HashState {
  readonly algorithm: DigestAlgorithm
  /** The chaining value, big-endian: 32 bytes of SHA-256, 64 of SHA-512. */
  readonly chain: Uint8Array
  /** All bytes seen so far. */
  readonly length: number
  /** Those behind the last whole block. */
  readonly tail: Uint8Array
}

export interface SavableHasher {
  update(chunk: Uint8Array): void
  digestHex(): string
  save(): string
  load(state: HashState): void
}

export const blockBytes: Readonly<Record<DigestAlgorithm, number>> = { sha256: 64, sha512: 128 }
const chainBytes: Readonly<Record<DigestAlgorithm, number>> = { sha256: 32, sha512: 64 }

/** `sha256:64:<chain in base64url>:<tail in base64url>` */
export function formatHashState({ algorithm, chain, length, tail }: HashState): string {
  return [algorithm, length, base64(chain), base64(tail)].join(':')
}

/** Undefined for a text that `formatHashState` did not write. */
export function parseHashState(text: string): HashState | undefined {
  const [algorithm, digits = '', chainText = '', tailText = '', ...rest] = text.split(':')
  if (algorithm !== 'sha256' && algorithm !== 'sha512') return undefined
  const length = Number(digits)
  const chain = new Uint8Array(Buffer.from(chainText, 'base64url'))
  const tail = new Uint8Array(Buffer.from(tailText, 'base64url'))
  const isWhole =
    rest.length === 0 &&
    /^\d{1,16}$/.test(digits) &&
    chain.byteLength === chainBytes[algorithm] &&
    tail.byteLength === length % blockBytes[algorithm]
  return isWhole ? { algorithm, chain, length, tail } : undefined
}

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url')
