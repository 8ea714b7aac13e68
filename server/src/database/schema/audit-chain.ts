import type { Generated } from 'kysely'

/** A sealed record: stays when the record is purged, until the chain begins behind it. */
export interface AuditLinkTable {
  /** From 1, without holes, in the order of commits. */
  sequence: number
  sealed_at: number
  /** `sha256:…` or `sm3:…`, over the record. */
  record_hash: string
  /** Over the link before and this one. */
  hash: string
  /** Number of the purge that took the record. */
  purge: number | null
}

/** The head of the chain, one row. Whoever seals, purges or makes a checkpoint holds its lock. */
export interface AuditChainTable {
  id: 1
  /** Of the last link. */
  sequence: number
  hash: string
  /** The link that the first one that is kept goes on from. */
  base_sequence: number
  base_hash: string
  /** Records that were there before the chain: sealed late, and no news. */
  history: number
  /** The number of the last checkpoint. */
  checkpoints: number
  sealed_at: number
  /** The signed statement of all this. */
  document: string
  signature: string
  /** When the registry last looked at all of it, and what it found (JSON). */
  verified_at: number | null
  verification: string | null
}

export interface AuditCheckpointTable {
  /** From 1, without holes. */
  number: number
  sequence: number
  hash: string
  created_at: number
  document: string
  signature: string
}

/** A part of a purge: which records it took is signed. */
export interface AuditPurgeTable {
  number: number
  first_sequence: number
  last_sequence: number
  document: string
  signature: string
}

export interface AuditKeyTable {
  /** SHA-256 of the public key (SPKI), in hex. */
  fingerprint: string
  /** PEM. */
  public_key: string
  /** PEM, sealed; null when the key is in a file of the operator, empty when it was given up. */
  private_key: string | null
  created_at: number
}

/** A receiver of the audit log, and how its last attempts went. Its position is that of its consumer. */
export interface AuditSinkTable {
  /** Of its consumer. */
  name: string
  sent_at: number | null
  failed_at: number | null
  /** Why the last attempt failed; empty after one that did not. */
  error: Generated<string>
  /** When it was last found that events were dropped before it had them, and how many since the beginning. */
  missed_at: number | null
  missed: Generated<number>
  refused_at: number | null
  refused: Generated<number>
}
