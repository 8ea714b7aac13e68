import { afterEach, expect, test } from 'bun:test'
import { newProcessMark } from '#server/runtime/process-mark.ts'
import type { Database } from '#server/database/database.ts'
import { describeEachDatabase } from '#server-test/databases.ts'
import { TestClock } from '#server-test/registry-for-test.ts'
import { until } from '#server-test/until.ts'
import { Background } from './background.ts'

const started: Background[] = []
afterEach(async () => {
  for (const background of started.splice(0)) await background[Symbol.asyncDispose]()
})

/** A process with one task that runs once in the registry. */
function processOf(database: Database, clock: TestClock, holder = newProcessMark()) {
  const errors: unknown[] = []
  const background = new Background({ database, clock, holder, onError: (_task, error) => errors.push(error) })
  started.push(background)
  return { background, errors }
}

const lease = (database: Database, row: { holder: string; expires_at: number }) =>
  database.write((tx) =>
    tx
      .insertInto('lease')
      .values({ name: 'collect', ...row })
      .execute(),
  )

describeEachDatabase('a task that runs in one process at a time', (open) => {
  test('is taken over at once from a process that was killed, before its lease ends', async () => {
    const [database, clock] = [await open(), new TestClock()]
    // Nothing that started with the machine has the pid of this process.
    await lease(database, { holder: newProcessMark().replace(/\d+$/, '1'), expires_at: clock.now() + 600_000 })
    let rounds = 0
    const { background, errors } = processOf(database, clock)
    background.start([{ name: 'collect', intervalMs: 1, runs: 'once', run: async () => void rounds++ }])
    await until(() => rounds > 1)
    expect(errors).toEqual([])
  })

  test('waits for a living process of this machine and for one of another, until the lease has ended', async () => {
    for (const holder of [newProcessMark(), `elsewhere${newProcessMark()}`]) {
      const [database, clock] = [await open(), new TestClock()]
      await lease(database, { holder, expires_at: clock.now() + 60_000 })
      let rounds = 0
      let looks = 0
      const { background } = processOf(database, clock)
      background.start([
        { name: 'collect', intervalMs: 1, runs: 'once', run: async () => void rounds++ },
        { name: 'look', intervalMs: 1, runs: 'everywhere', run: async () => void looks++ },
      ])
      await until(() => looks > 20)
      expect(rounds).toBe(0)
      clock.advance(60_000)
      await until(() => rounds > 0)
    }
  })

  test('is not begun, and takes no lease, while nothing is due', async () => {
    const [database, clock] = [await open(), new TestClock()]
    let [asked, rounds, isDue] = [0, 0, false]
    const { background } = processOf(database, clock)
    background.start([
      {
        ...{ name: 'collect', intervalMs: 1, runs: 'once' },
        isDue: async () => {
          asked += 1
          return isDue
        },
        run: async () => void rounds++,
      },
    ])
    await until(() => asked > 5)
    expect(await database.read.selectFrom('lease').select('name').execute()).toEqual([])
    expect(rounds).toBe(0)
    isDue = true
    await until(() => rounds > 0)
  })
})
