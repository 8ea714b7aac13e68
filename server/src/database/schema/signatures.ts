import type { Generated } from 'kysely'

/** Somebody whose signatures count: in one project, or in all of them where it is null. Never changed, only replaced. */
export interface TrustedSignerTable {
  id: Generated<number>
  project_id: number | null
  name: string
  kind: 'key' | 'certificate' | 'keyless' | 'notation'
  /** JSON, as it was given and checked: keys, certificates, policies. Nothing of it is secret. */
  definition: string
  username: string
  created_at: number
}

/** One signature of an artifact: a manifest may hold several. */
export interface ArtifactSignatureTable {
  repository_id: number
  subject_digest: string
  /** Of the manifest that holds it. */
  signature_digest: string
  position: number
  method: 'cosign' | 'notation'
  format: string
  state: 'verified' | 'untrusted' | 'unnamed' | 'refused'
  /** Why it does not count: a word of a closed list. */
  refusal: string | null
  detail: string | null
  signer_id: number | null
  signer_name: string | null
  identity: string | null
  issuer: string | null
  /** JSON: the chain, for people to read. */
  certificates: string
  stamped_at: number | null
  stamped_by: string | null
  valid_until: number | null
  /** Of an attestation, which says something and signs nothing. */
  predicate_type: string | null
  /** Who was trusted when it was looked at: with others it is looked at again. */
  trust: string
  checked_at: number
}

export type MethodState = ArtifactSignatureTable['state'] | 'unsigned'

/** What signatures say of an artifact of a repository: the one row that a pull reads. */
export interface SignatureVerdictTable {
  repository_id: number
  digest: string
  project_id: number
  cosign_state: MethodState
  cosign_signer: number | null
  cosign_until: number | null
  /** The index whose signature covers it; null for its own. */
  cosign_index: string | null
  notation_state: MethodState
  notation_signer: number | null
  notation_until: number | null
  notation_index: string | null
  /** When the first of them ends. */
  ends_at: number | null
  decided_at: number
}
