import { expect, test } from 'bun:test'
import { sql } from 'kysely'
import { describeEachDatabase } from '#server-test/databases.ts'
import type { Database } from '../../database/database.ts'
import { migrate } from '../../database/migrate.ts'
import { Totals } from './totals.ts'

async function withLeases(database: Database, from: number, to: number): Promise<void> {
  await database.write(async (tx) => {
    await sql`with recursive numbers (n) as (select ${sql.lit(from)} union all select n + 1 from numbers where n < ${sql.lit(to)})
      insert into lease (name, holder, expires_at) select 'lease ' || n, 'nobody', n % 2 from numbers`.execute(tx)
  })
}

describeEachDatabase('totals of lists', (open) => {
  const setUp = async () => {
    const database = await open()
    await migrate(database)
    let now = 1_000_000
    const totals = new Totals({ clock: { now: () => now } })
    const even = (rest: number) => database.read.selectFrom('lease').where('expires_at', '=', rest)
    const totalOf = (rest: number, page = { rows: 0, limit: 10, offset: 0 }) =>
      totals.totalOf(database.read, even(rest), page)
    return { database, totalOf, advance: (ms: number) => (now += ms) }
  }

  test('what is short is counted anew each time', async () => {
    const { database, totalOf } = await setUp()
    await withLeases(database, 1, 10)
    expect(await totalOf(0)).toBe(5)
    await withLeases(database, 11, 20)
    expect(await totalOf(0)).toBe(10)
  })

  test('a total above a thousand is remembered for a minute, for the same question alone', async () => {
    const { database, totalOf, advance } = await setUp()
    await withLeases(database, 1, 2_010)
    expect(await totalOf(0)).toBe(1_005)
    await withLeases(database, 2_011, 2_110)
    expect(await totalOf(0)).toBe(1_005)
    expect(await totalOf(1)).toBe(1_055)
    advance(60_000)
    expect(await totalOf(0)).toBe(1_055)
  })

  test('it is never less than what a page shows', async () => {
    const { database, totalOf } = await setUp()
    await withLeases(database, 1, 2_010)
    await totalOf(0)
    expect(await totalOf(0, { rows: 7, limit: 10, offset: 1_010 })).toBe(1_017)
  })

  test('counting ends at a hundred thousand, and a full page behind that says that there is more', async () => {
    const { database, totalOf } = await setUp()
    await withLeases(database, 1, 200_400)
    expect(await totalOf(0)).toBe(100_000)
    expect(await totalOf(0, { rows: 10, limit: 10, offset: 100_100 })).toBe(100_111)
    expect(await totalOf(0, { rows: 3, limit: 10, offset: 100_197 })).toBe(100_200)
  }, 30_000)

  test('numbers of many are counted a little each time, and large ones once a minute', async () => {
    let now = 1_000_000
    const totals = new Totals({ clock: { now: () => now } })
    const asked: (readonly [readonly number[], number])[] = []
    const numbers = new Map([
      [1, 5],
      [2, 15_000],
    ])
    const ask = async () =>
      await totals.ofEach('things', [1, 2, 3], async (ids, max) => {
        asked.push([ids, max])
        return new Map(ids.flatMap((id) => (numbers.has(id) ? [[id, Math.min(numbers.get(id)!, max)] as const] : [])))
      })
    expect([...(await ask())]).toEqual([...numbers])
    expect(asked.splice(0)).toEqual([
      [[1, 2, 3], 6_667],
      [[2], 100_000],
    ])
    numbers.set(1, 6)
    numbers.set(2, 15_001)
    expect([...(await ask())]).toEqual([
      [1, 6],
      [2, 15_000],
    ])
    expect(asked.splice(0)).toHaveLength(1)
    now += 60_000
    expect((await ask()).get(2)).toBe(15_001)
  })
})
