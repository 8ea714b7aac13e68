import { afterEach, expect, setDefaultTimeout, test } from 'bun:test'
import type { Digest } from '#contract/digest.ts'
import { app, bytes } from '#server-test/artifact-scene.ts'
import { describeEachDatabase, type OpenDatabase } from '#server-test/databases.ts'
import { composeRegistryForTest, digestOf, readBlob, system } from '#server-test/registry-for-test.ts'
import { disableFaultPoints, enableFaultPoint } from '../../runtime/fault-points.ts'
import type { BlobLocation } from '../../storage/blob-store.ts'
import { finishQuarantine, quarantineBlob } from './quarantine-blob.ts'
import { countDamaged, listFindings } from './scrub-findings.ts'
import { findProgress, listNextBlobs, saveProgress, shareDone } from './scrub-progress.ts'

setDefaultTimeout(60_000)
afterEach(disableFaultPoints)

const layer = bytes('layer')
const digest = digestOf(layer)

async function compose(open: OpenDatabase) {
  const registry = await composeRegistryForTest(await open())
  const { database, store, clock } = registry
  await registry.pushImage(app, 'v1', [bytes('config'), layer])
  const blobOf = async (of: Digest = digest) =>
    (await listNextBlobs(database, '', 1_000)).find((blob) => blob.digest === of)!
  // What lies in quarantine is opened by nobody, so it is seen by what the store is told.
  const handled: string[] = []
  const setAside = store.setAside.bind(store)
  const remove = store.delete.bind(store)
  store.setAside = async (location) => {
    handled.push(`aside ${location}`)
    await setAside(location)
  }
  store.delete = async (locations) => {
    handled.push(...locations.map((location) => `deleted ${location}`))
    await remove(locations)
  }
  return {
    ...registry,
    blobOf,
    handled,
    quarantine: async (blob: Awaited<ReturnType<typeof blobOf>>, kind: 'changed' | 'missing' = 'changed') => {
      clock.advance(1_000)
      return await quarantineBlob({ ...registry, actor: system }, blob, kind)
    },
    rowOf: async (of: Digest = digest) =>
      (await database.read.selectFrom('blob').select('location').where('digest', '=', of).executeTakeFirstOrThrow())
        .location as BlobLocation,
    isThere: async (location: BlobLocation) => (await store.open(location)) !== undefined,
    told: async () =>
      (await database.read.selectFrom('event').select('type').orderBy('id').execute())
        .map(({ type }) => type)
        .filter((type) => type === 'quarantine_blob' || type === 'heal_blob'),
  }
}

describeEachDatabase('quarantine', (open) => {
  test('takes the bytes out of reach, keeps them aside, and tells of it once', async () => {
    const registry = await compose(open)
    const blob = await registry.blobOf()
    expect(await registry.quarantine(blob)).toBe(true)
    expect(await readBlob(registry, app, digest)).toBeUndefined()
    expect(await registry.isThere(blob.location)).toBe(false)
    expect(await registry.rowOf()).toBe(registry.store.quarantineOf(blob.location))
    expect(registry.handled).toEqual([`aside ${blob.location}`])
    // A second pass that had seen the old row does nothing.
    expect(await registry.quarantine(blob)).toBe(false)
    expect(registry.handled).toHaveLength(1)
    expect(await registry.told()).toEqual(['quarantine_blob'])
    expect(await countDamaged(registry.database)).toBe(1)
  })

  test('leaves good bytes alone that a push put there meanwhile', async () => {
    const registry = await compose(open)
    const seen = await registry.blobOf()
    await registry.pushBlob(app, layer)
    expect(await registry.quarantine(seen)).toBe(false)
    expect(await readBlob(registry, app, digest)).toEqual(layer)
    expect([registry.handled, await registry.told(), await countDamaged(registry.database)]).toEqual([[], [], 0])
  })

  test('that stopped between row and bytes is finished by the next, for a healed blob by deleting the bad bytes', async () => {
    for (const heals of [false, true]) {
      const registry = await compose(open)
      const blob = await registry.blobOf()
      enableFaultPoint('quarantine-before-move', () => {
        throw new Error('killed')
      })
      await expect(registry.quarantine(blob)).rejects.toThrow('killed')
      disableFaultPoints()
      expect(await readBlob(registry, app, digest)).toBeUndefined()
      expect(await registry.isThere(blob.location)).toBe(true)
      if (heals) await registry.pushBlob(app, layer)
      await finishQuarantine(registry)
      const expected = `${heals ? 'deleted' : 'aside'} ${blob.location}`
      expect(registry.handled).toEqual([expected])
      expect([heals, await registry.isThere(blob.location)]).toEqual([heals, false])
      expect(await readBlob(registry, app, digest)).toEqual(heals ? layer : undefined)
      await finishQuarantine(registry)
      expect(registry.handled).toEqual([expected])
    }
  })

  test('findings are listed the newest first, in pages, with what heals and who links', async () => {
    const registry = await compose(open)
    await registry.pushImage('library/other', 'v1', [bytes('config'), bytes('second')])
    const second = digestOf(bytes('second'))
    await registry.quarantine(await registry.blobOf(digestOf(bytes('config'))))
    await registry.quarantine(await registry.blobOf(second), 'missing')
    await registry.pushBlob('library/other', bytes('second'))
    const pick = async (options: { healed?: boolean; before?: number; limit: number }) =>
      (await listFindings(registry.database, options)).map((found) => [found.kind, ...found.repositories])
    const [newest, older] = await listFindings(registry.database, { limit: 10 })
    expect([newest!.digest, older!.healedAt]).toEqual([second, undefined])
    expect(newest!.healedAt).toBeNumber()
    expect(await pick({ limit: 1 })).toEqual([['missing', 'library/other']])
    expect(await pick({ limit: 1, before: newest!.id })).toEqual([['changed', 'library/app', 'library/other']])
    expect(await pick({ limit: 10, healed: true })).toEqual([['missing', 'library/other']])
    expect(await pick({ limit: 10, healed: false })).toEqual([['changed', 'library/app', 'library/other']])
    expect(await countDamaged(registry.database)).toBe(1)
  })

  test('a pass looks at what lives and is not in quarantine, in the order of digests, and remembers where it is', async () => {
    const registry = await compose(open)
    const { database } = registry
    const config = digestOf(bytes('config'))
    const doomed = await registry.pushBlob(app, bytes('doomed'))
    await database.write(async (tx) => {
      await tx.updateTable('blob').set({ state: 'condemned', condemned_at: 1 }).where('digest', '=', doomed).execute()
    })
    const both = [config, digest].toSorted()
    const next = async (after: string, limit: number) =>
      (await listNextBlobs(database, after, limit)).map((blob) => blob.digest)
    expect(await next('', 10)).toEqual(both)
    expect([await next('', 1), await next(both[0]!, 10)]).toEqual([[both[0]!], [both[1]!]])
    await registry.quarantine(await registry.blobOf(both[0]))
    expect(await next('', 10)).toEqual([both[1]!])

    expect(await findProgress(database.read)).toBeUndefined()
    const counts = { started_at: 1, blobs: 2, bytes: 3, damaged: 1 }
    for (const [position, finished_at, share] of [
      ['', null, 0],
      [`sha256:${'8'.padEnd(64, '0')}`, null, 0.5],
      [`sha512:${'0'.repeat(128)}`, null, 0.999],
      ['', 9, 1],
    ] as const) {
      await database.write((tx) => saveProgress(tx, { position, finished_at, ...counts }))
      const progress = await findProgress(database.read)
      expect(progress).toEqual({ position, finished_at, ...counts })
      expect(shareDone(progress!)).toBe(share)
    }
  })
})
