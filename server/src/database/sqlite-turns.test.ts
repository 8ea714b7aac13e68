import { afterAll, expect, test } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sql } from 'kysely'
import { longestTurn } from '#server-test/longest-turn.ts'
import { preparedQuery } from './prepared.ts'
import { composeSqliteDatabase } from './sqlite.ts'
import { SqliteTurns } from './sqlite-turns.ts'

const folder = mkdtempSync(join(tmpdir(), 'berth-turns-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** Queries that take as long as they are told to, and how many turns of the event loop went by meanwhile. */
function composeTurns() {
  let now = 0
  let turns = 0
  const turn = () => {
    turns += 1
    immediate = setImmediate(turn)
  }
  let immediate = setImmediate(turn)
  return {
    turns: new SqliteTurns({ mostPerTurnMs: 5, now: () => now }),
    query: (ms: number) => () => (now += ms),
    passed: () => turns,
    stop: () => clearImmediate(immediate),
  }
}

test('queries that are short share a turn', async () => {
  const { turns, query, passed, stop } = composeTurns()
  for (let at = 0; at < 40; at++) await turns.run(query(0.1))
  expect(passed()).toBe(0)
  stop()
})

test('a loop of queries leaves its turn when that has had enough, however many begin', async () => {
  const { turns, query, passed, stop } = composeTurns()
  for (let at = 0; at < 40; at++) await turns.run(query(5))
  expect(passed()).toBeGreaterThanOrEqual(38)
  stop()
})

test('loops beside each other have one turn together', async () => {
  const { turns, query, passed, stop } = composeTurns()
  const loop = async () => {
    for (let at = 0; at < 10; at++) await turns.run(query(5))
  }
  await Promise.all([loop(), loop(), loop(), loop()])
  expect(passed()).toBeGreaterThanOrEqual(38)
  stop()
})

test('what a query throws is thrown, and counts', async () => {
  const { turns, query, passed, stop } = composeTurns()
  const failing = () => {
    query(5)()
    throw new TypeError('no')
  }
  for (let at = 0; at < 10; at++) await expect(turns.run(failing)).rejects.toThrow('no')
  await turns.run(query(0))
  expect(passed()).toBeGreaterThanOrEqual(9)
  stop()
})

test('reads and writes of any number keep nobody waiting, prepared or not', async () => {
  await using database = composeSqliteDatabase({ file: join(folder, 'berth.db') })
  // About a millisecond each.
  const count = sql`with recursive n (i) as (select 1 union all select i + 1 from n where i < 5000) select sum(i) from n`
  const prepared = preparedQuery<object, unknown>((db) =>
    db.selectFrom(sql<{ i: number }>`(${count})`.as('counted')).selectAll(),
  )
  const { ms } = await longestTurn(async () => {
    for (let at = 0; at < 100; at++) {
      await count.execute(database.read)
      await prepared.first(database.read, {})
    }
    await database.write(async (tx) => {
      for (let at = 0; at < 100; at++) await count.execute(tx)
    })
  })
  expect(ms).toBeLessThan(60)
})
