import type { Generated } from 'kysely'
import type { Flag } from './columns.ts'

/** A digest that artifacts of the project name: it counts once, however many do. */
export interface ProjectBlobTable {
  project_id: number
  digest: string
  size: number
}

/** A change of what a project uses; the usage is their sum. */
export interface ProjectUsageTable {
  id: Generated<number>
  project_id: number
  bytes: number
  /** Of the sizes of artifacts, whatever they share. */
  logical_bytes: Generated<number>
}

export interface QuotaTable {
  project_id: number
  /** -1: no limit. */
  hard_bytes: number
  updated_at: number
}

/** Bytes that a push under way may add. */
export interface QuotaReservationTable {
  id: Generated<number>
  project_id: number
  bytes: number
  expires_at: number
}

/** Tags that stay where they are. */
export interface ImmutabilityRuleTable {
  id: Generated<number>
  project_id: number
  disabled: Flag
  priority: number
  /** JSON: `tags` and `repositories`, each an array of selectors. */
  selectors: string
  created_at: number
  updated_at: number
}

/** Tags that only some may set, move and delete. */
export interface ProtectedTagRuleTable {
  id: Generated<number>
  project_id: number
  /** Patterns: of what stands behind the project's name, and of tags. */
  repositories: string
  tags: string
  /** JSON: accounts, each with `kind`, `id` and `name`; an empty array: those with the permission. */
  movers: string
  /** Who changed it last. */
  username: string
  created_at: number
  updated_at: number
}

/** The retention policy of a project. */
export interface RetentionPolicyTable {
  id: Generated<number>
  project_id: number
  /** JSON: an array of rules. */
  rules: string
  mode: 'artifact' | 'tag'
  /** Six fields; empty: it does not run by itself. */
  cron: string
  created_at: number
  updated_at: number
}

/** A tag that began to name another artifact, or none. */
export interface TagMoveTable {
  id: Generated<number>
  repository_id: number
  tag: string
  /** Null: the tag was taken away. */
  digest: string | null
  username: string
  moved_at: number
}
