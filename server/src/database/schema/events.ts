import type { Generated } from 'kysely'
import type { Flag } from './columns.ts'

/** The audit log: one row per event, written in the transaction of the change (invariant 6). People read and purge it. */
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

/** The log that consumers follow: the same facts, in the same transaction, apart from what people purge. */
export interface EventLogTable {
  id: Generated<number>
  /** Given after the commit, from 1, without holes; null until then. Consumers read in this order and in no other. */
  position: number | null
  type: string
  occurred_at: number
  actor: string
  project_id: number | null
  resource: string
  payload: string
  username: string
  client_address: string
  succeeded: Flag
}

/** Where the log stands. One row; whoever gives positions or takes rows away holds its lock. */
export interface EventLogHeadTable {
  id: 1
  /** Another one after a restore: a cursor of before means nothing any more. */
  epoch: string
  last_position: number
  /** Events up to here are gone. */
  pruned_position: number
}

/** A consumer by its name. The log keeps what it has not had, within bounds. */
export interface EventConsumerTable {
  name: string
  /** Everything up to here is done. */
  position: number
  created_at: number
  updated_at: number
}
