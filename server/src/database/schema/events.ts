import type { Generated } from 'kysely'
import type { Flag } from './columns.ts'

/** The outbox: one row per mutation, written in the transaction of the mutation (invariant 6). */
export interface EventTable {
  id: Generated<number>
  type: string
  occurred_at: number
  actor: string
  project_id: number | null
  /** What it was done to, in words: `library/nginx:v1`, a username, a project name. */
  resource: string
  /** JSON object, shape by type. */
  payload: string
  /** Who did it, as people know them; what was claimed when a login failed. Empty: the event is older than the column. */
  username: Generated<string>
  /** Where the request came from; empty where no request was. */
  client_address: Generated<string>
  succeeded: Generated<Flag>
}
