import type { Transaction } from 'kysely'
import type { Database } from '../../database/database.ts'
import type { Schema } from '../../database/schema/schema.ts'
import type { Actor } from '../access/actor.ts'
import type { Clock } from '../clock.ts'
import { enqueueJob } from '../jobs/enqueue.ts'
import type { NoticedEvent } from './notices-of.ts'
import { queueDeliveries } from './queue-deliveries.ts'

interface Pulled extends NoticedEvent {
  readonly event: Extract<NoticedEvent['event'], { readonly type: 'pull_artifact' }>
}

/** Pulls kept for the next flush; more come only when the database does not take them. */
const maxWaiting = 10_000
const pullsPerWrite = 200

/**
 * Tells webhooks of pulls, in projects that want to hear of them. A pull costs no transaction: they are queued together every few
 * seconds, and a process that dies loses those of its last seconds.
 */
export class PullNotices {
  readonly #database: Database
  readonly #clock: Clock
  #projects: ReadonlySet<number> = new Set()
  #waiting: Pulled[] = []
  #lost = 0

  constructor({ database, clock }: { readonly database: Database; readonly clock: Clock }) {
    this.#database = database
    this.#clock = clock
  }

  record(actor: Actor, event: Pulled['event']): void {
    if (!this.#projects.has(event.projectId)) return
    if (this.#waiting.length < maxWaiting) this.#waiting.push({ event, actor, occurredAt: this.#clock.now() })
    else this.#lost += 1
  }

  /** Queues what was gathered, and looks which projects want to hear from now on. @throws Error naming how many were lost */
  async flush(): Promise<void> {
    this.#projects = await this.#listeners()
    const gathered = this.#waiting
    this.#waiting = []
    try {
      while (gathered.length > 0) {
        const some = gathered.slice(0, pullsPerWrite)
        await this.#database.write(async (tx) => {
          for (const pulled of some) {
            await queueDeliveries(
              {
                tx: tx as unknown as Transaction<Pick<Schema, 'webhook_delivery'>>,
                read: tx,
                enqueue: async (job) =>
                  void (await enqueueJob(tx, this.#clock, { ...job, trigger: 'event', actor: pulled.actor })),
              },
              pulled,
            )
          }
        }, 'relaxed')
        gathered.splice(0, some.length)
      }
    } catch (error) {
      this.#waiting = [...gathered, ...this.#waiting].slice(0, maxWaiting)
      throw error
    }
    const lost = this.#lost
    this.#lost = 0
    if (lost > 0) throw new Error(`webhooks were not told of ${lost} pulls: the database took them too slowly`)
  }

  async #listeners(): Promise<ReadonlySet<number>> {
    const rows = await this.#database.read
      .selectFrom('webhook_policy')
      .select('project_id')
      .distinct()
      .where('enabled', '=', 1)
      .where('event_types', 'like', '%"PULL_ARTIFACT"%')
      .execute()
    return new Set(rows.map(({ project_id: id }) => id))
  }
}
