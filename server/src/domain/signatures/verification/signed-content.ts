import type { Bundle } from '@sigstore/bundle'
import type { Certificate } from './certificates.ts'

/** A signature in the forms of cosign and Sigstore, taken apart. That it is of the right digest is known by now. */
export interface SignedContent {
  readonly signedBytes: Uint8Array
  readonly signature: Buffer
  /** The certificate of the key, when the signature brings one. Nothing of it is believed yet. */
  readonly leaf: Certificate | undefined
  readonly chain: readonly Certificate[]
  /** For verification with logs and authorities of Sigstore; undefined where there is nothing of them. */
  readonly bundle: Bundle | undefined
  /** What the signature of the bundle is of, unless it holds it itself. */
  readonly artifact: Buffer | undefined
  readonly timestamps: readonly Buffer[]
  /** Of an attestation; undefined for a signature. */
  readonly predicateType: string | undefined
}
