import type { Database } from '../../database/database.ts'
import type { Actor } from '../access/actor.ts'
import type { Clock } from '../clock.ts'
import { eventRow, type BusinessEvent, type NewEvent } from '../events.ts'

export interface PullAuditOptions {
  readonly database: Database
  readonly clock: Clock
  /** Whether an administrator asked for it. */
  readonly isWanted: () => Promise<boolean>
}

/** Rows kept for the next flush; more come only when the database does not take them. */
const mostWaiting = 50_000
const rowsPerInsert = 500

type PullEvent = Extract<BusinessEvent, { type: 'pull_artifact' }>

/**
 * The events of pulls, for who wants them. Written together every few seconds, so that a pull still costs no
 * transaction of its own; those of the last seconds are lost with the process. Whether they are wanted is asked with
 * each flush, so a change of the setting counts from the next one on.
 */
export class PullAudit {
  readonly #database: Database
  readonly #clock: Clock
  readonly #isWanted: () => Promise<boolean>
  #wanted = false
  #waiting: NewEvent[] = []
  #lost = 0

  constructor({ database, clock, isWanted }: PullAuditOptions) {
    this.#database = database
    this.#clock = clock
    this.#isWanted = isWanted
  }

  record(actor: Actor, event: PullEvent): void {
    if (!this.#wanted) return
    if (this.#waiting.length < mostWaiting) this.#waiting.push(eventRow(this.#clock.now(), actor, event))
    else this.#lost += 1
  }

  /**
   * Writes what has gathered; on failure it is kept for the next time.
   * @throws Error naming how many were lost, when so many waited that some had to be
   */
  async flush(): Promise<void> {
    this.#wanted = await this.#isWanted()
    const gathered = this.#waiting
    this.#waiting = []
    try {
      while (gathered.length > 0) {
        const rows = gathered.slice(0, rowsPerInsert)
        await this.#database.write(async (tx) => await tx.insertInto('event').values(rows).execute(), 'relaxed')
        gathered.splice(0, rows.length)
      }
    } catch (error) {
      this.#waiting = [...gathered, ...this.#waiting].slice(0, mostWaiting)
      throw error
    }
    const lost = this.#lost
    this.#lost = 0
    if (lost > 0) throw new Error(`${lost} pulls are missing in the audit log: the database took them too slowly`)
  }
}
