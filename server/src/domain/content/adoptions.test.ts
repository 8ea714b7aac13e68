import { afterEach, expect, test } from 'bun:test'
import { randomUUID } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { RepositoryName } from '#contract/repository-name.ts'
import { describeEachDatabase } from '#server-test/databases.ts'
import { composeRegistryForTest, digestOf, leaseMs, readBlob, system } from '#server-test/registry-for-test.ts'
import { disableFaultPoints, enableFaultPoint } from '../../runtime/fault-points.ts'
import { composeFilesystemBlobStore } from '../../storage/filesystem.ts'
import { collectGarbage } from '../garbage-collection/collect.ts'
import { Adoptions } from './adoptions.ts'
import { Events } from '../events/events.ts'

const bytes = new TextEncoder().encode('bytes of another registry')
const blob = { digest: digestOf(bytes), size: bytes.byteLength }
const dayMs = 24 * 60 * 60_000

afterEach(disableFaultPoints)

describeEachDatabase('blobs that are adopted', (open) => {
  async function compose() {
    const owned = new AsyncDisposableStack()
    const folder = await mkdtemp(join(tmpdir(), 'berth-adoptions-'))
    owned.defer(() => rm(folder, { recursive: true, force: true }))
    const path = join(folder, 'data')
    await writeFile(path, bytes)
    const store = owned.use(await composeFilesystemBlobStore({ folder: join(folder, 'store') }))
    const registry = await composeRegistryForTest(await open(), store)
    const { database, clock, admit } = registry
    const adoptions = new Adoptions({
      database,
      store,
      clock,
      events: new Events({ clock }),
      newId: randomUUID,
      leaseMs,
    })
    return {
      ...registry,
      adoptions,
      admission: await admit(system, 'push', 'library/app' as RepositoryName),
      source: { kind: 'file', path } as const,
      collect: async () =>
        await collectGarbage({
          database,
          sweeper: store,
          clock,
          events: new Events({ clock }),
          graceMs: leaseMs,
          lingerMs: leaseMs,
          leaseMs: 1,
          trashWindowMs: 0,
          batch: 100,
        }),
      stored: async () => (await Array.fromAsync(store.walk())).length,
      [Symbol.asyncDispose]: () => owned.disposeAsync(),
    }
  }

  test('can be read in the repository, like any other', async () => {
    await using registry = await compose()
    expect(await registry.adoptions.adopt(registry.admission, blob, registry.source, false)).toBe(true)
    expect(await readBlob(registry, 'library/app', blob.digest)).toEqual(bytes)
    expect(await readBlob(registry, 'library/other', blob.digest)).toBeUndefined()
  })

  test('go when nothing needs them, and what they were taken from stays', async () => {
    await using registry = await compose()
    await registry.adoptions.adopt(registry.admission, blob, registry.source, false)
    for (let round = 0; round < 3; round++) {
      registry.clock.advance(2 * leaseMs)
      await registry.collect()
    }
    expect(await registry.stored()).toBe(0)
    expect(new Uint8Array(await Bun.file(registry.source.path).arrayBuffer())).toEqual(bytes)
  })

  test('that a crash left half-way are found and deleted, and can be adopted again before and after', async () => {
    await using registry = await compose()
    enableFaultPoint('adoption-before-row', () => {
      throw new Error('as if killed')
    })
    await expect(registry.adoptions.adopt(registry.admission, blob, registry.source, false)).rejects.toThrow('killed')
    disableFaultPoints()
    expect(await registry.adoptions.linkKnown(registry.admission, blob)).toBe(false)
    expect(await registry.adoptions.adopt(registry.admission, blob, registry.source, false)).toBe(true)
    expect(await registry.stored()).toBe(2)
    registry.clock.advance(2 * dayMs)
    expect((await registry.collect()).freedBytes).toBe(blob.size)
    expect(await registry.stored()).toBe(1)
  })

  test('are linked in one more repository without being taken twice', async () => {
    await using registry = await compose()
    await registry.adoptions.adopt(registry.admission, blob, registry.source, false)
    const other = await registry.admit(system, 'push', 'library/other' as RepositoryName)
    expect(await registry.adoptions.linkKnown(other, { ...blob, size: 1 })).toBe(false)
    expect(await registry.adoptions.linkKnown(other, blob, () => false)).toBe(false)
    expect(await registry.adoptions.linkKnown(other, blob)).toBe(true)
    expect(await readBlob(registry, 'library/other', blob.digest)).toEqual(bytes)
    expect(await registry.stored()).toBe(1)
  })
})
