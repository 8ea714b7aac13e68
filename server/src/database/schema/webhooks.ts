import type { Generated } from 'kysely'
import type { Flag } from './columns.ts'

/** Whom a project tells of what happens in it. */
export interface WebhookPolicyTable {
  id: Generated<number>
  project_id: number
  name: string
  description: string
  creator: string
  enabled: Flag
  /** JSON: Harbor's words. */
  event_types: string
  /** JSON: the targets, with their secrets sealed. */
  targets: string
  created_at: number
  updated_at: number
}

/** One event for one target: what Harbor calls an execution, and its only task. */
export interface WebhookDeliveryTable {
  id: Generated<number>
  policy_id: number
  project_id: number
  /** Of the target, within its policy. */
  target: string
  /** `http`, `slack` …, as the target was when the event happened. */
  notify_type: string
  event_type: string
  /** What must arrive in its order: a repository, or nothing for what concerns the project. */
  sequence: string
  /** UUID, the same in each attempt: receivers know by it what they had already. */
  event_id: string
  /** JSON: what happened. */
  notice: string
  /** JSON: what was sent, and its type; null before the first attempt. Each attempt sends the same. */
  body: string | null
  /** `error`: given up, and kept to be sent again. */
  status: 'pending' | 'success' | 'error' | 'stopped'
  attempts: number
  /** Of the last attempt. */
  answer_status: number | null
  log: string
  created_at: number
  first_tried_at: number | null
  updated_at: number
  finished_at: number | null
}
