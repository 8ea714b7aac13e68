import { expect, test } from 'bun:test'
import { describeEachDatabase } from '#server-test/databases.ts'
import { composeRegistryForTest, leaseMs, system } from '#server-test/registry-for-test.ts'
import { composeCollectGarbage } from './collect-garbage.ts'
import { Events } from '../domain/events/events.ts'

const bytes = (text: string) => new TextEncoder().encode(text)

describeEachDatabase('a run of garbage collection', (open) => {
  test.each([
    { readOnly: false, deleteEnabled: true, left: 1 },
    { readOnly: false, deleteEnabled: false, left: 2 },
    { readOnly: true, deleteEnabled: true, left: 2 },
  ])('deletes untagged manifests where anybody may delete: %p', async ({ left, ...settings }) => {
    const { database, store: sweeper, clock, pushImage } = await composeRegistryForTest(await open())
    for (const layer of ['old', 'new']) await pushImage('library/app', 'v1', [bytes('config'), bytes(layer)])
    clock.advance(leaseMs * 2)
    const windows = { graceMs: 1, lingerMs: 1, leaseMs: 1, trashWindowMs: 0, batch: 100 }
    const kind = composeCollectGarbage(
      { database, sweeper, clock, events: new Events({ clock }), ...windows },
      settings,
    )
    const said: string[] = []
    await kind.run({
      id: 1,
      payload: { deleteUntagged: true, dryRun: false, workers: 1 },
      attempt: 1,
      signal: new AbortController().signal,
      actor: system,
      state: undefined,
      log: (line) => said.push(line),
      progress: () => undefined,
      checkpoint: async () => undefined,
      transact: async () => {
        throw new Error('nothing of it is a transaction of the job')
      },
    })
    expect(await database.read.selectFrom('artifact').select('id').execute()).toHaveLength(left)
    expect(said.some((line) => line.includes('untagged manifests stay'))).toBe(left === 2)
  })
})
