import type { Database } from '../../database/database.ts'
import { LruMap } from '../../runtime/lru-map.ts'
import type { Clock } from '../clock.ts'

const freshMs = 60_000
/** What took long to add up is good for so many times as long: a hundredth of the database's time is enough for it. */
const freshTimes = 100
const cachedProjects = 1_000

interface Measured {
  readonly bytes: Promise<number>
  readonly at: number
  freshMs: number
}

/**
 * Bytes that blobs take. Measured by adding them up, so an answer is kept for a minute, or longer where there
 * is much: who looks at a page does not make the registry count again and again. (What a project uses is a running sum: quotas.)
 */
export class StorageUsage {
  readonly #database: Database
  readonly #clock: Clock
  readonly #measured = new LruMap<string, Measured>(cachedProjects)

  constructor({ database, clock }: { database: Database; clock: Clock }) {
    this.#database = database
    this.#clock = clock
  }

  /** Of every blob, each once. */
  async totalBytes(): Promise<number> {
    return await this.#measure('', async () => {
      const row = await this.#database.read
        .selectFrom('blob')
        .select((eb) => eb.fn.sum<number | string | null>('size').as('bytes'))
        .executeTakeFirstOrThrow()
      return Number(row.bytes ?? 0)
    })
  }

  async #measure(key: string, measure: () => Promise<number>): Promise<number> {
    const now = this.#clock.now()
    const known = this.#measured.get(key)
    if (known !== undefined && Math.abs(now - known.at) < known.freshMs) return await known.bytes
    const measured: Measured = { bytes: measure(), at: now, freshMs }
    this.#measured.set(key, measured)
    try {
      const bytes = await measured.bytes
      measured.freshMs = Math.max(freshMs, (this.#clock.now() - now) * freshTimes)
      return bytes
    } catch (error) {
      this.#measured.delete(key)
      throw error
    }
  }
}
