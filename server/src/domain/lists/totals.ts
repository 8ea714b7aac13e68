import { sql, type SelectQueryBuilder } from 'kysely'
import type { Database, Reader } from '../../database/database.ts'
import { LruMap } from '../../runtime/lru-map.ts'
import type { Clock } from '../clock.ts'

/** As many rows are counted anew each time they are asked for. */
const countedAnew = 1_000
/** Counting ends here: a longer list has at least as many. */
export const maxCounted = 100_000
const freshMs = 60_000
/** Rows that one page of numbers looks at each time. */
const countedAtOnce = 20_000
const cachedLists = 1_000

/** The services of a list with a total. */
export interface ListServices {
  readonly database: Pick<Database, 'read'>
  readonly totals: Totals
}

interface Counted {
  readonly total: Promise<number>
  readonly at: number
}

/**
 * Totals of lists. Only they cost more as a list grows, so a total above a thousand is cached for a minute, by the
 * query itself, and counting ends at a hundred thousand.
 */
export class Totals {
  readonly #clock: Clock
  readonly #cached = new LruMap<string, Counted>(cachedLists)

  constructor({ clock }: { clock: Clock }) {
    this.#clock = clock
  }

  /** `page`: what was read of it, behind `offset` other rows; the total is never less than what is known from that. */
  async totalOf<DB, Tables extends keyof DB>(
    reader: Reader,
    matched: SelectQueryBuilder<DB, Tables, object>,
    page: { readonly rows: number; readonly limit: number; readonly offset: number },
  ): Promise<number> {
    const total = await this.#count(reader, matched)
    const seen = page.rows === 0 ? 0 : page.offset + page.rows
    return total < maxCounted ? Math.max(total, seen) : Math.max(total, seen + (page.rows === page.limit ? 1 : 0))
  }

  /**
   * A number for each of many: counted anew up to some for each, so that a page of large ones costs no more than its length;
   * beyond that cached as every total is. `name` says what is counted, `count` counts it up to `max`.
   */
  async ofEach(
    name: string,
    ids: readonly number[],
    count: (ids: readonly number[], max: number) => Promise<ReadonlyMap<number, number>>,
  ): Promise<ReadonlyMap<number, number>> {
    if (ids.length === 0) return new Map()
    const anew = Math.max(Math.floor(countedAtOnce / ids.length), 1)
    const few = await count(ids, anew + 1)
    const now = this.#clock.now()
    const many = ids.filter((id) => (few.get(id) ?? 0) > anew)
    const keyOf = (id: number) => `${name} ${id}`
    const isFresh = (id: number) => Math.abs(now - (this.#cached.get(keyOf(id))?.at ?? -Infinity)) < freshMs
    const stale = many.filter((id) => !isFresh(id))
    const counted = stale.length === 0 ? new Map<number, number>() : await count(stale, maxCounted)
    const found = new Map(few)
    for (const id of many) {
      const total = counted.get(id) ?? (await this.#cached.get(keyOf(id))?.total) ?? few.get(id)!
      found.set(id, total)
      if (counted.has(id)) this.#cached.set(keyOf(id), { total: Promise.resolve(total), at: now })
    }
    return found
  }

  async #count<DB, Tables extends keyof DB>(
    reader: Reader,
    matched: SelectQueryBuilder<DB, Tables, object>,
  ): Promise<number> {
    const ones = matched.select(sql<number>`1`.as('one'))
    const countTo = async (max: number) => {
      const { total } = await reader
        .selectFrom(ones.limit(max).as('some'))
        .select((eb) => eb.fn.countAll<number | string>().as('total'))
        .executeTakeFirstOrThrow()
      return Number(total)
    }
    const few = await countTo(countedAnew + 1)
    if (few <= countedAnew) return few
    const { sql: text, parameters } = matched.compile()
    const key = JSON.stringify([text, parameters])
    const now = this.#clock.now()
    const known = this.#cached.get(key)
    if (known !== undefined && Math.abs(now - known.at) < freshMs) return await known.total
    const total = countTo(maxCounted)
    this.#cached.set(key, { total, at: now })
    try {
      return await total
    } catch (error) {
      this.#cached.delete(key)
      throw error
    }
  }
}
