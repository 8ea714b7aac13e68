import type { Database } from '../../database/database.ts'
import { LruMap } from '../../runtime/lru-map.ts'
import type { Clock } from '../clock.ts'

const freshMs = 60_000
const rememberedProjects = 1_000

interface Measured {
  readonly bytes: Promise<number>
  readonly at: number
}

/**
 * Bytes that blobs take. Measured by adding them up, so an answer is kept for a minute: who looks at a page does
 * not make the registry count again and again. (What a project uses is a running sum: quotas.)
 */
export class StorageUsage {
  readonly #database: Database
  readonly #clock: Clock
  readonly #measured = new LruMap<string, Measured>(rememberedProjects)

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
    if (known !== undefined && Math.abs(now - known.at) < freshMs) return await known.bytes
    const bytes = measure()
    this.#measured.set(key, { bytes, at: now })
    try {
      return await bytes
    } catch (error) {
      this.#measured.delete(key)
      throw error
    }
  }
}
