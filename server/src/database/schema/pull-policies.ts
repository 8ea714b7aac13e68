import type { Generated } from 'kysely'

/** What must be true of a manifest before it leaves; of a project, or of all of them where it is null. */
export interface PullPolicyTable {
  id: Generated<number>
  project_id: number | null
  name: string
  mode: 'off' | 'warn' | 'audit' | 'enforce'
  /** Doublestar: what stands behind the project's name; the whole name for a policy of the registry. */
  repositories: string
  /** Doublestar. */
  tags: string
  /** JSON, as it was given and checked. */
  condition: string
  /** Who wrote it last. */
  username: string
  created_at: number
  updated_at: number
}

/** Something that policies let pass for a time. Those of a project concern its own policies and not the registry's. */
export interface PolicyExemptionTable {
  id: Generated<number>
  project_id: number | null
  /** Name of a policy, or a key of Harbor's; empty: all. */
  policy: string
  repositories: string
  digest: string | null
  /** Then it exempts from this one alone. */
  vulnerability: string | null
  reason: string
  username: string
  created_at: number
  expires_at: number
}
