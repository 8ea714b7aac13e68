import type { Generated } from 'kysely'
import type { Flag } from './columns.ts'

/** The audit log: one row per event, written in the transaction of the change (invariant 6). People read and purge it. */
export interface EventTable {
  id: Generated<number>
  type: string
  occurred_at: number
  actor: string
  project_id: number | null
  /** The object of the event, in words: `library/nginx:v1`, a username, a project name. */
  resource: string
  /** JSON object, shape by type. */
  payload: string
  /** The name of the actor; of a failed login, the name that was claimed. Empty: the event is older than the column. */
  username: Generated<string>
  /** The address that the request came from; empty when the event had no request. */
  client_address: Generated<string>
  succeeded: Generated<Flag>
  /** Its place in the chain that seals the log; null until it has one. */
  sequence: Generated<number | null>
}

/** The log that consumers follow: the same facts, in the same transaction. A purge of the audit log leaves it alone. */
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

/** The head of the log, one row. Every writer of positions and every pruning holds its lock. */
export interface EventLogHeadTable {
  id: 1
  /** A restore gives the log a new value here, which voids the cursors of before. */
  epoch: string
  last_position: number
  /** Events up to here are gone. */
  pruned_position: number
}

/** A consumer by its name. The log keeps events that the consumer has not had, within bounds. */
export interface EventConsumerTable {
  name: string
  /** Everything up to here is done. */
  position: number
  created_at: number
  updated_at: number
}
