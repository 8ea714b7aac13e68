import type { Database } from '../../database/database.ts'
import type { Actor } from '../access/actor.ts'
import type { BusinessEvent } from '../events/event-types.ts'
import type { Events, PreparedEvent } from '../events/events.ts'

export interface PullAuditOptions {
  readonly database: Database
  readonly events: Events
  /** Whether an administrator asked for it. */
  readonly isWanted: () => Promise<boolean>
}

/** Rows kept for the next flush; more come only when the database does not take them. */
const maxWaiting = 50_000
const eventsPerWrite = 500

type PullEvent = Extract<BusinessEvent, { type: 'pull_artifact' }>

/**
 * Records the events of pulls for administrators who want them. They are written together every few seconds, so that a
 * pull costs no transaction of its own. A process that dies loses those of its last seconds. Each flush asks whether
 * they are wanted, so a change of the setting counts from the next one on.
 */
export class PullAudit {
  readonly #database: Database
  readonly #events: Events
  readonly #isWanted: () => Promise<boolean>
  #wanted = false
  #waiting: PreparedEvent[] = []
  #lost = 0

  constructor({ database, events, isWanted }: PullAuditOptions) {
    this.#database = database
    this.#events = events
    this.#isWanted = isWanted
  }

  record(actor: Actor, event: PullEvent): void {
    if (!this.#wanted) return
    if (this.#waiting.length < maxWaiting) this.#waiting.push(this.#events.prepare(actor, event))
    else this.#lost += 1
  }

  /**
   * Writes the gathered events, or keeps them for the next time when it fails.
   * @throws Error naming how many were lost, when too many waited
   */
  async flush(): Promise<void> {
    this.#wanted = await this.#isWanted()
    const gathered = this.#waiting
    this.#waiting = []
    try {
      while (gathered.length > 0) {
        const events = gathered.slice(0, eventsPerWrite)
        await this.#database.write(async (tx) => await this.#events.recordPrepared(tx, events), 'relaxed')
        gathered.splice(0, events.length)
      }
    } catch (error) {
      this.#waiting = [...gathered, ...this.#waiting].slice(0, maxWaiting)
      throw error
    }
    const lost = this.#lost
    this.#lost = 0
    if (lost > 0) throw new Error(`${lost} pulls are missing in the audit log: the database took them too slowly`)
  }
}
