import { createPublicKey, verify, type KeyObject } from 'node:crypto'
import type { PublicKey } from './public-keys.ts'

/** Algorithms by which authorities sign lists and times, with the hash of each. Those of SHA-1 are not among them. */
const hashes: Readonly<Record<string, string>> = {
  '1.2.840.113549.1.1.11': 'sha256',
  '1.2.840.113549.1.1.12': 'sha384',
  '1.2.840.113549.1.1.13': 'sha512',
  '1.2.840.10045.4.3.2': 'sha256',
  '1.2.840.10045.4.3.3': 'sha384',
  '1.2.840.10045.4.3.4': 'sha512',
}

interface SignedStructure {
  /** The object identifier that the structure names. */
  readonly algorithm: string
  readonly key: PublicKey
  readonly bytes: Uint8Array
  readonly signature: Uint8Array
}

/** A signature over a structure of ASN.1, by the algorithm that it names; false for one that is not used. */
export function isSignedStructure(
  { algorithm, key, bytes, signature }: SignedStructure,
  hash = hashes[algorithm],
): boolean {
  if (hash === undefined) return false
  const native = nativeKey(key)
  return verify(
    hash,
    bytes,
    native.asymmetricKeyType === 'ec' ? { key: native, dsaEncoding: 'der' } : native,
    signature,
  )
}

/** The key in the form of the runtime, for algorithms that other formats choose by it. */
export const nativeKey = ({ spki }: PublicKey): KeyObject => createPublicKey({ key: spki, format: 'der', type: 'spki' })
