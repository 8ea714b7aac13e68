import type { Generated } from 'kysely'
import type { Flag } from './columns.ts'

/** The registry's own authority: a root, and the issuer below it that signs certificates. */
export interface CertificateAuthorityTable {
  id: Generated<number>
  /** PEM, as all certificates and keys here. */
  root_certificate: string
  /** Null: the root is kept elsewhere. */
  root_key: string | null
  issuer_certificate: string
  issuer_key: string
  created_at: number
  /** One row has 1. */
  current: Flag
}

/** The certificate that every process serves. */
export interface ServedCertificateTable {
  /** What issued it: `authority`, `acme`. */
  source: string
  /** The chain, leaf first. */
  certificate: string
  private_key: string
  /** JSON. */
  names: string
  not_before: number
  not_after: number
  issued_at: number
  renew_at: number
}

/** How the last attempts to get a certificate went. */
export interface CertificateAttemptTable {
  source: string
  /** A person asked for a new one then. */
  asked_at: number | null
  failures: number
  last_error: string | null
  failed_at: number | null
  /** No attempt comes before. */
  next_at: number
}

/** Who the registry is at a certificate service. */
export interface AcmeAccountTable {
  /** URL of the service. */
  directory: string
  private_key: string
  /** Null: the service does not know it yet. */
  url: string | null
  created_at: number
}

/** What a certificate service finds below `/.well-known/acme-challenge/`. */
export interface AcmeChallengeTable {
  token: string
  key_authorization: string
  expires_at: number
}
