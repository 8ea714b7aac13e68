import type { Generated } from 'kysely'

/** A key with which the registry signs artifacts: of one project, or of the registry where it is null. */
export interface SignatureKeyTable {
  id: Generated<number>
  project_id: number | null
  name: string
  /** From 1; a rotation makes the next one. */
  version: number
  /** PEM. */
  public_key: string
  /** PEM: of the key itself, for signatures of the Notary Project. */
  certificate: string
  /** PEM, sealed; empty once it signs no more. */
  private_key: string
  /** JSON: ids of the signers by which the registry trusts it. */
  signer_ids: string
  username: string
  created_at: number
  retired_at: number | null
  revoked_at: number | null
  revoke_reason: string | null
}

/** A signature that waits for a second person. */
export interface SigningRequestTable {
  id: Generated<number>
  project_id: number
  repository: string
  digest: string
  key_id: number
  /** JSON: forms of signatures. */
  forms: string
  comment: string
  state: 'pending' | 'signed' | 'rejected'
  /** Key of the actor who asked: nobody decides on their own wish. */
  requester: string
  requested_by: string
  requested_at: number
  decided_by: string | null
  decided_at: number | null
  reason: string | null
}
