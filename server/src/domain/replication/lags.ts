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
    const ids = followed.map(({ id }) => id)
    const waiting = await this.#waiting(ids)
    const failed = await this.#failed(ids)
    for (const { id, trigger, succeededAt, createdAt } of followed) {
      const row = waiting.find((each) => each.policy_id === id)
      const lost = failed.find((each) => each.policy_id === id)?.oldest
      const oldest = Math.min(Number(row?.oldest ?? Infinity), Number(lost ?? Infinity))
      const since = trigger !== 'event_based' ? (succeededAt ?? createdAt) : oldest === Infinity ? undefined : oldest
      const seconds = since === undefined ? 0 : Math.max(0, now - Number(since)) / 1_000
      found.set(id, { seconds, bytes: Number(row?.bytes ?? 0) })
    }
    return found
  }

  async #waiting(policyIds: readonly number[]) {
    return await this.#database.read
      .selectFrom('replication_task')
      .select([
        'policy_id',
        (eb) => eb.fn.min('occurred_at').as('oldest'),
        sql<number | string>`sum(case when pending_bytes > sent_bytes then pending_bytes - sent_bytes else 0 end)`.as(
          'bytes',
        ),
      ])
      .where('policy_id', 'in', policyIds)
      .where('finished_at', 'is', null)
      .groupBy('policy_id')
      .execute()
  }

  /** Changes that were given up, unless a later task in the repository or a run of everything made up for them. */
  async #failed(policyIds: readonly number[]) {
    return await this.#database.read
      .selectFrom('replication_task as failed')
      .innerJoin('replication_execution', 'replication_execution.id', 'failed.execution_id')
      .innerJoin('replication_policy', 'replication_policy.id', 'failed.policy_id')
      .select(['failed.policy_id', (eb) => eb.fn.min('failed.occurred_at').as('oldest')])
      .where('failed.policy_id', 'in', policyIds)
      .where('failed.status', '=', 'failed')
      .where('replication_execution.started_by', '=', 'event')
      .where((eb) =>
        eb.or([
          eb('replication_policy.succeeded_at', 'is', null),
          eb('replication_policy.succeeded_at', '<', eb.ref('failed.occurred_at')),
        ]),
      )
      .where((eb) =>
        eb.not(
          eb.exists(
            eb
              .selectFrom('replication_task as later')
              .select('later.id')
              .whereRef('later.policy_id', '=', 'failed.policy_id')
              .whereRef('later.source', '=', 'failed.source')
              .whereRef('later.id', '>', 'failed.id')
              .where('later.status', '=', 'succeeded'),
          ),
        ),
      )
      .groupBy('failed.policy_id')
      .execute()
  }
}
