import { expect, test } from 'bun:test'
import { describeEachDatabase } from '#server-test/databases.ts'
import { StatementTimes, watchStatements } from './statement-watch.ts'

test('the slowest statements are kept, in their order, and all are counted', () => {
  const times = new StatementTimes()
  for (const [index, ms] of [3, 9, 1, 7, 5, 8, 2].entries()) times.add(`s${index}`, ms)
  expect(times.slowest.map(({ ms }) => ms)).toEqual([9, 8, 7, 5, 3])
  expect([times.count, times.totalMs]).toEqual([7, 35])
})

describeEachDatabase('statements', (open) => {
  test('of one piece of work are timed, by their text and without their values; others are not', async () => {
    const database = await open()
    const [one, other] = [new StatementTimes(), new StatementTimes()]
    const find = (username: string) =>
      database.read.selectFrom('user_account').select('id').where('username', '=', username).execute()
    await Promise.all([
      watchStatements(one, async () => {
        await find('secret-name')
        await database.write((tx) => tx.deleteFrom('setting').where('name', '=', 'none').execute())
      }),
      watchStatements(other, () => find('b')),
      find('c'),
    ])
    expect([one.count, other.count]).toEqual([2, 1])
    const texts = one.slowest.map(({ sql }) => sql).join('\n')
    expect(texts).toContain('"user_account"')
    expect(texts).toContain('delete from "setting"')
    expect(texts).not.toContain('secret-name')
  })
})
