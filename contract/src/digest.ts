import { ContractError, quoted } from './contract-error.ts'

/** Content address: `sha256:<64 hex>` or `sha512:<128 hex>`, lower case. Only this file makes one. */
export type Digest = string & { readonly __brand: 'Digest' }

export type DigestAlgorithm = 'sha256' | 'sha512'

const hexLengths: Readonly<Record<DigestAlgorithm, number>> = { sha256: 64, sha512: 128 }

// image-spec v1.1 descriptor.md §digests: both registered algorithms encode as lower-case hex.
const pattern = /^(?:sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/

export function isDigestAlgorithm(text: string): text is DigestAlgorithm {
  return text === 'sha256' || text === 'sha512'
}

/** Throws `DIGEST_INVALID` with a sentence that says what is wrong with the text. */
export function parseDigest(text: string): Digest {
  const digest = findDigest(text)
  if (digest === undefined) throw new ContractError('DIGEST_INVALID', whyInvalid(text))
  return digest
}

/** The digest that the text is, or undefined when it is none. */
export function findDigest(text: string): Digest | undefined {
  return pattern.test(text) ? (text as Digest) : undefined
}

export function algorithmOf(digest: Digest): DigestAlgorithm {
  return digest.startsWith('sha512:') ? 'sha512' : 'sha256'
}

/** The hex after the colon. */
export function encodedOf(digest: Digest): string {
  return digest.slice(7)
}

/** Throws `DIGEST_INVALID` when the hex does not fit the algorithm. */
export function formatDigest(algorithm: DigestAlgorithm, hex: string): Digest {
  return parseDigest(`${algorithm}:${hex}`)
}

function whyInvalid(text: string): string {
  const colon = text.indexOf(':')
  if (colon < 0) return `invalid digest ${quoted(text)}: a digest has the form algorithm:hex, as in sha256:e3b0c442…`
  const algorithm = text.slice(0, colon)
  if (!isDigestAlgorithm(algorithm)) {
    return `invalid digest ${quoted(text)}: the algorithm ${quoted(algorithm)} is not supported, use sha256 or sha512`
  }
  const found = text.length - colon - 1
  const wanted = hexLengths[algorithm]
  if (found !== wanted) return `invalid digest ${quoted(text)}: ${algorithm} has ${wanted} hex digits, not ${found}`
  return `invalid digest ${quoted(text)}: only the lower-case hex digits 0-9 and a-f may follow ${algorithm}:`
}
