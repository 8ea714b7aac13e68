import type { Database } from './database.ts'

/**
 * Caches answers of the database until any process commits (`Database.epoch`). So it is never stale, and needs neither
 * invalidation nor a time to live. On a database without an epoch it caches nothing.
 */
export class EpochCache<Value> {
  readonly #database: Pick<Database, 'epoch'>
  readonly #maxEntries: number
  readonly #isWorthIt: (value: Value) => boolean
  readonly #entries = new Map<string, Value>()
  #epoch: number | undefined

  /** Holds `maxEntries` answers at the most, and only those that `isWorthIt` (large ones are not). */
  constructor(
    database: Pick<Database, 'epoch'>,
    maxEntries: number,
    isWorthIt: (value: Value) => boolean = () => true,
  ) {
    this.#database = database
    this.#maxEntries = maxEntries
    this.#isWorthIt = isWorthIt
  }

  /** The cached answer, or `find`'s. An answer is cached unless it is undefined or a commit came meanwhile. */
  async get<Found extends Value | undefined>(key: string, find: () => Promise<Found>): Promise<Value | Found> {
    const epoch = this.#database.epoch()
    if (epoch === undefined) return await find()
    if (epoch !== this.#epoch) {
      this.#entries.clear()
      this.#epoch = epoch
    }
    const known = this.#entries.get(key)
    if (known !== undefined) return known
    const found = await find()
    if (found === undefined || !this.#isWorthIt(found as Value)) return found
    // A commit in the middle of `find` may or may not be in what it found.
    if (this.#epoch === epoch && this.#database.epoch() === epoch) {
      if (this.#entries.size >= this.#maxEntries) this.#entries.clear()
      this.#entries.set(key, found as Value)
    }
    return found
  }
}
