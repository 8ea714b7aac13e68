import { expect, test } from 'bun:test'
import { sql } from 'kysely'
import { describeEachDatabase } from '#server-test/databases.ts'
import { longestTurn } from '#server-test/longest-turn.ts'
import type { Database } from '../../database/database.ts'
import { containing } from './listing.ts'

describeEachDatabase('a text within a column', (open, dialect) => {
  const named = async (names: readonly string[]): Promise<Database> => {
    const database = await open()
    await database.write(async (tx) => {
      for (let start = 0; start < names.length; start += 500) {
        const rows = names.slice(start, start + 500).map((name) => ({ name, holder: 'h', expires_at: 1 }))
        await tx.insertInto('lease').values(rows).execute()
      }
    })
    return database
  }

  test('is found wherever it stands, whatever its case, and letter by letter', async () => {
    const names = ['alpha', 'ALPHA-beta', 'beta', 'a%b', 'a_b', 'a\\b', 'axb', "a'b", 'ββ']
    const database = await named(names)
    for (const text of [
      '',
      'a',
      'A',
      'alp',
      'PHA-B',
      'beta',
      '%',
      '_',
      '\\',
      'a_b',
      "'",
      'β',
      'alphabeta',
      'x'.repeat(300),
    ]) {
      const found = await database.read
        .selectFrom('lease')
        .select('name')
        .where(containing('lease.name', text))
        .execute()
      const expected = names.filter((name) => name.toLowerCase().includes(text.toLowerCase()))
      expect([text, found.map(({ name }) => name).toSorted()]).toEqual([text, expected.toSorted()])
    }
  })

  test('is not found in a column without a value', async () => {
    const database = await open()
    const rows = sql<{ email: string | null }>`(select null as email)`.as('account')
    for (const text of ['', 'a'])
      expect(
        await database.read.selectFrom(rows).selectAll().where(containing('account.email', text)).execute(),
      ).toEqual([])
  })

  if (dialect !== 'sqlite') return

  test('that is almost in thousands of long names keeps nobody waiting', async () => {
    const database = await named(Array.from({ length: 10_000 }, (_, at) => `${'a'.repeat(230)}${at}`))
    const look = database.read
      .selectFrom('lease')
      .select('name')
      .where(containing('lease.name', `${'a'.repeat(110)}b`))
    const { ms, result } = await longestTurn(() => look.execute())
    expect(result).toEqual([])
    // By `like` it were more than a second.
    expect(ms).toBeLessThan(250)
  })
})
