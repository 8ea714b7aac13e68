/**
 * Why a signature does not count. The list is closed: the console has a sentence for each in its languages, and the API
 * says the word.
 */
export const refusals = [
  'malformed',
  'too-large',
  'too-many',
  'content-missing',
  'unsupported-format',
  'unsupported-algorithm',
  'digest-mismatch',
  'signature-invalid',
  'signer-unknown',
  'identity-mismatch',
  'certificate-untrusted',
  'certificate-unsuitable',
  'certificate-expired',
  'certificate-revoked',
  'revocation-unknown',
  'timestamp-invalid',
  'timestamp-missing',
  'log-entry-invalid',
  'log-entry-missing',
  'signature-expired',
  'scope-not-covered',
  'verification-skipped',
] as const

export type Refusal = (typeof refusals)[number]

/** Thrown by everything in this folder, and by nothing else. `message` is for a person who looks for the cause. */
export class SignatureRefused extends Error {
  override readonly name = 'SignatureRefused'
  readonly refusal: Refusal

  constructor(refusal: Refusal, message: string, options?: { readonly cause?: unknown }) {
    super(message, options)
    this.refusal = refusal
  }
}

/** Whatever a parser of foreign bytes throws is a refusal of these bytes. */
export function refusing<T>(refusal: Refusal, subject: string, read: () => T): T {
  try {
    return read()
  } catch (cause) {
    if (cause instanceof SignatureRefused) throw cause
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new SignatureRefused(refusal, `${subject}: ${why.slice(0, 200)}`, { cause })
  }
}
