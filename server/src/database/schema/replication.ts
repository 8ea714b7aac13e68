import type { Generated } from 'kysely'
import type { Flag } from './columns.ts'

/** What is brought from one registry to another, when, and how. */
export interface ReplicationPolicyTable {
  id: Generated<number>
  name: string
  description: string
  creator: string
  /** One of the two is null: this registry. */
  source_registry_id: number | null
  destination_registry_id: number | null
  destination_namespace: string
  replace_count: number
  /** JSON: the filters, as they were given. */
  filters: string
  trigger_type: 'manual' | 'scheduled' | 'event_based'
  cron: string
  enabled: Flag
  deletion: Flag
  override: Flag
  copy_by_chunk: Flag
  single_active: Flag
  /** Kilobits in a second; 0: no limit. */
  speed: number
  /** Since when its deletions wait for a person; null while they do not. */
  held_at: number | null
  /** Until when a person has let deletions pass, however many they are. */
  deletions_until: number | null
  /** When the last run began that brought everything over. */
  succeeded_at: number | null
  created_at: number
  updated_at: number
}

/** `planning`: its tasks are being made. The last three are final. */
export type ReplicationStatus = 'planning' | 'running' | 'succeeded' | 'failed' | 'stopped'

/** A run of a policy. */
export interface ReplicationExecutionTable {
  id: Generated<number>
  policy_id: number
  /** `dry-run` and `verify` compare both sides and bring nothing over. */
  mode: 'copy' | 'dry-run' | 'verify'
  started_by: 'manual' | 'schedule' | 'event'
  username: string
  status: ReplicationStatus
  status_text: string
  /** Of the planning. */
  job_id: number | null
  /** JSON: what a comparison found. */
  report: string | null
  started_at: number
  finished_at: number | null
}

/** `held`: it waits for a person. The last three are final. */
export type ReplicationTaskStatus = 'pending' | 'held' | 'running' | 'succeeded' | 'failed' | 'stopped'

/** What a run does in one repository. */
export interface ReplicationTaskTable {
  id: Generated<number>
  execution_id: number
  policy_id: number
  operation: 'copy' | 'deletion' | 'tag deletion'
  resource_type: 'artifact' | 'image'
  /** Repositories by their full names. */
  source: string
  destination: string
  /** JSON: tags, and digests of what has none. */
  items: string
  item_count: number
  status: ReplicationTaskStatus
  job_id: number | null
  /** What is still to be sent, as far as it is known. */
  pending_bytes: number
  sent_bytes: number
  error: string | null
  /** When what it brings over happened. */
  occurred_at: number
  started_at: number | null
  finished_at: number | null
}

/** Something happened here that a rule follows, and no run has taken it up yet. */
export interface ReplicationChangeTable {
  id: Generated<number>
  policy_id: number
  repository: string
  /** `delete`: an artifact; without a digest, the whole repository. */
  change: 'push' | 'untag' | 'delete'
  digest: string | null
  tag: string | null
  username: string
  occurred_at: number
  /** Deletions wait until then. */
  due_at: number
}
