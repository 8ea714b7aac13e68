import { sql } from 'kysely'
import type { Database } from '../../database/database.ts'
import type { Clock } from '../clock.ts'
import type { ReplicationPolicy } from './replication-policies.ts'

/** How far a destination is behind. */
export interface Lag {
  /** The age of the oldest change that is not there yet; 0 when nothing is known to be missing. */
  readonly seconds: number
  /** What is still to be sent, as far as it is known. */
  readonly bytes: number
}

/**
 * How far rules are behind. One that follows events: since the oldest change that waits, runs, or could not be brought
 * over. One with a schedule: since the last run began that brought everything over, or since it was made.
 */
export class Lags {
  readonly #database: Database
  readonly #clock: Clock

  constructor({ database, clock }: { readonly database: Database; readonly clock: Clock }) {
    this.#database = database
    this.#clock = clock
  }

  /** By the rule's id; those that run only when somebody asks have none. */
  async of(policies: readonly ReplicationPolicy[]): Promise<ReadonlyMap<number, Lag>> {
    const found = new Map<number, Lag>()
    const followed = policies.filter(({ enabled, trigger }) => enabled && trigger !== 'manual')
    if (followed.length === 0) return found
    const now = this.#clock.now()
    const rows = await this.#database.read
      .selectFrom('replication_task')
      .select([
        'policy_id',
        (eb) => eb.fn.min('occurred_at').as('oldest'),
        sql<number | string>`sum(case when pending_bytes > sent_bytes then pending_bytes - sent_bytes else 0 end)`.as(
          'bytes',
        ),
      ])
      .where(
        'policy_id',
        'in',
        followed.map(({ id }) => id),
      )
      .where('finished_at', 'is', null)
      .groupBy('policy_id')
      .execute()
    for (const { id, trigger, succeededAt, createdAt } of followed) {
      const row = rows.find((each) => each.policy_id === id)
      const since = trigger === 'event_based' ? row?.oldest : (succeededAt ?? createdAt)
      const seconds = since === undefined ? 0 : Math.max(0, now - Number(since)) / 1_000
      found.set(id, { seconds, bytes: Number(row?.bytes ?? 0) })
    }
    return found
  }
}
