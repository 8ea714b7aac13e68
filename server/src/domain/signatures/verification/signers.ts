import type { TrustedRoot } from '@sigstore/protobuf-specs'
import type { Certificate } from './certificates.ts'
import type { TrustPolicy } from './notary-trust-policy.ts'
import type { PublicKey } from './public-keys.ts'
import type { RevocationList } from './revocation.ts'

interface Named {
  readonly id: number
  readonly name: string
}

/** A key whose holder is trusted. */
export interface KeySigner extends Named {
  readonly kind: 'key'
  readonly key: PublicKey
  /** Logs in which its signatures must be; undefined asks for none. */
  readonly root?: TrustedRoot | undefined
}

/** Certificates, or authorities that issue them. */
export interface CertificateSigner extends Named {
  readonly kind: 'certificate'
  readonly anchors: readonly Certificate[]
  readonly timestampAnchors: readonly Certificate[]
  readonly revocationLists: readonly RevocationList[]
  /** A name that the certificate was issued for, or its subject; with `*` and `**` as in the patterns of tags. */
  readonly subject?: string | undefined
}

/** Somebody who signs in at a provider, to whom an authority of Sigstore issues a certificate for some minutes. */
export interface KeylessSigner extends Named {
  readonly kind: 'keyless'
  readonly root: TrustedRoot
  readonly issuer: string
  readonly subject: string
}

/** A trust policy of the Notary Project with the trust stores that it names. */
export interface NotationSigner extends Named {
  readonly kind: 'notation'
  readonly policies: readonly TrustPolicy[]
  /** By `ca:name`, `tsa:name`, `signingAuthority:name`. */
  readonly stores: ReadonlyMap<string, readonly Certificate[]>
  readonly revocationLists: readonly RevocationList[]
}

/** Whose signatures count, ready to verify them. */
export type Signer = KeySigner | CertificateSigner | KeylessSigner | NotationSigner
