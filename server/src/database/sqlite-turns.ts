import type { RunQuery } from './sqlite-connection.ts'

export interface SqliteTurnsOptions {
  /** What the queries of one turn of the event loop may take together before the others have theirs. */
  readonly mostPerTurnMs: number
  /** Monotonic milliseconds. */
  readonly now?: () => number
}

/**
 * SQLite answers at once, so a loop that reads one query after the other never leaves its turn of the event loop,
 * however many rows or repositories it walks through. Queries beyond the time of a turn begin in the next one.
 */
export class SqliteTurns {
  readonly #mostPerTurnMs: number
  readonly #now: () => number
  #spentMs = 0
  #isCounting = false
  #waiting: (() => void)[] = []

  constructor({ mostPerTurnMs, now = () => performance.now() }: SqliteTurnsOptions) {
    this.#mostPerTurnMs = mostPerTurnMs
    this.#now = now
  }

  /** Runs the query now, or as soon as a turn has time for it. Throws what it throws. */
  readonly run: RunQuery = async (query) => {
    while (this.#spentMs >= this.#mostPerTurnMs) await new Promise<void>((resolve) => this.#waiting.push(resolve))
    const startedAt = this.#now()
    try {
      return query()
    } finally {
      this.#spentMs += this.#now() - startedAt
      if (!this.#isCounting) {
        this.#isCounting = true
        setImmediate(this.#begin)
      }
    }
  }

  readonly #begin = (): void => {
    this.#isCounting = false
    this.#spentMs = 0
    for (const resume of this.#waiting.splice(0)) resume()
  }
}

/** A process has one event loop, whatever it has open. */
export const turnsForReading = new SqliteTurns({ mostPerTurnMs: 5 })
/** More than a group of writes that share a commit: only a transaction of thousands of statements goes on in another turn. */
export const turnsForWriting = new SqliteTurns({ mostPerTurnMs: 20 })
