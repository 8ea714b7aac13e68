import { expect, test } from 'bun:test'
import type { BlobLocation, BlobStore } from '#server/storage/blob-store.ts'
import { describeEachDatabase } from '#server-test/databases.ts'
import { composeRegistryForTest, leaseMs, type RegistryForTest } from '#server-test/registry-for-test.ts'
import { collectGarbage } from '../garbage-collection/collect.ts'
import { newProcessMark } from '#server/runtime/process-mark.ts'
import { findHeldSince, StorageHold } from './storage-hold.ts'

const graceMs = 1_000
const lingerMs = 1_000
const collect = (registry: RegistryForTest) =>
  collectGarbage({ ...registry, sweeper: registry.store, graceMs, lingerMs, leaseMs: 1, batch: 100 })

async function stored(store: BlobStore): Promise<BlobLocation[]> {
  const locations: BlobLocation[] = []
  for await (const { location } of store.walk()) locations.push(location)
  return locations
}

describeEachDatabase('bytes that are held', (open) => {
  test('stay while rows go, also when a new push replaced them, and leave when nobody holds them', async () => {
    const registry = await composeRegistryForTest(await open())
    const bytes = new TextEncoder().encode('layer')
    await registry.pushBlob('library/a', bytes)
    const hold = await StorageHold.take({ ...registry, id: 'one', reason: 'backup' })
    await registry.pushBlob('library/a', bytes)
    for (let round = 0; round < 3; round++) {
      registry.clock.advance(leaseMs + graceMs + lingerMs)
      await collect(registry)
    }
    expect((await stored(registry.store)).length).toBe(2)
    expect(await registry.database.read.selectFrom('blob').selectAll().execute()).toEqual([])
    await hold[Symbol.asyncDispose]()
    await collect(registry)
    expect(await stored(registry.store)).toEqual([])
  })

  test('keep no bytes from going that went to the trash long before', async () => {
    const registry = await composeRegistryForTest(await open())
    await registry.pushBlob('library/a', new TextEncoder().encode('old'))
    for (let round = 0; round < 2; round++) {
      registry.clock.advance(leaseMs + graceMs)
      await collect(registry)
    }
    registry.clock.advance(60 * 60_000)
    await using _hold = await StorageHold.take({ ...registry, id: 'one', reason: 'backup' })
    await collect(registry)
    expect(await stored(registry.store)).toEqual([])
  })

  test('are let go of by a holder that died, and it learns of it should it only have slept', async () => {
    const registry = await composeRegistryForTest(await open())
    await registry.pushBlob('library/a', new TextEncoder().encode('layer'))
    await using hold = await StorageHold.take({ ...registry, id: 'one', reason: 'backup' })
    hold.assertHeld()
    registry.clock.advance(11 * 60_000)
    expect(() => hold.assertHeld()).toThrow('lapsed')
    for (let round = 0; round < 3; round++) {
      registry.clock.advance(leaseMs + graceMs + lingerMs)
      await collect(registry)
    }
    expect(await stored(registry.store)).toEqual([])
  })

  test('of a killed process hold nothing and keep no other from beginning', async () => {
    const registry = await composeRegistryForTest(await open())
    const take = (id: string, holder: string) =>
      StorageHold.take({ ...registry, id, reason: 'backup', alone: true, holder })
    // Nothing that started with the machine has the pid of this process.
    await using _killed = await take('killed', newProcessMark().replace(/\d+$/, '1'))
    expect(await findHeldSince(registry.database, registry.clock.now())).toBe(Infinity)
    await using _next = await take('next', newProcessMark())
    expect(await registry.database.read.selectFrom('storage_hold').select('id').execute()).toEqual([{ id: 'next' }])
    expect(await rejection(take('third', newProcessMark()))).toContain('a backup is running')
  })

  test('of a process of another machine keep another from beginning for a minute of silence', async () => {
    const registry = await composeRegistryForTest(await open())
    const take = (id: string, holder: string) =>
      StorageHold.take({ ...registry, id, reason: 'backup', alone: true, holder })
    await using _silent = await take('silent', `elsewhere${newProcessMark()}`)
    expect(await rejection(take('early', newProcessMark()))).toContain('another may begin in 60 seconds')
    registry.clock.advance(60_000)
    await using _next = await take('next', newProcessMark())
    expect(await registry.database.read.selectFrom('storage_hold').select('id').execute()).toEqual([{ id: 'next' }])
  })
})

const rejection = async (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => '',
    (error: unknown) => String(error),
  )
