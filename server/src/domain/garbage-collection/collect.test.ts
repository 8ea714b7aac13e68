import { afterEach, expect, test } from 'bun:test'
import fc from 'fast-check'
import type { Digest } from '#contract/digest.ts'
import type { RepositoryName } from '#contract/repository-name.ts'
import type { BlobLocation, BlobStore } from '#server/storage/blob-store.ts'
import { disableFaultPoints, enableFaultPoint } from '#server/runtime/fault-points.ts'
import { composeMemoryBlobStore } from '#server/storage/memory.ts'
import { describeEachDatabase } from '#server-test/databases.ts'
import {
  composeRegistryForTest,
  digestOf,
  leaseMs,
  readBlob,
  system,
  type RegistryForTest,
} from '#server-test/registry-for-test.ts'
import { deleteManifest } from '../artifacts/delete.ts'
import { collectGarbage } from './collect.ts'

const graceMs = 30_000
const lingerMs = 10_000

const collect = (registry: RegistryForTest) =>
  collectGarbage({
    database: registry.database,
    sweeper: registry.store,
    clock: registry.clock,
    events: registry.events,
    graceMs,
    lingerMs,
    leaseMs,
    trashWindowMs: registry.trashWindowMs,
    batch: 100,
  })

/** Enough rounds and time for everything that can go to be gone. */
async function collectAll(registry: RegistryForTest): Promise<void> {
  for (let round = 0; round < 4; round++) {
    registry.clock.advance(leaseMs + graceMs + lingerMs)
    await collect(registry)
  }
}

async function storedLocations(store: BlobStore): Promise<BlobLocation[]> {
  const locations: BlobLocation[] = []
  for await (const { location } of store.walk()) locations.push(location)
  return locations
}

async function removeArtifact(registry: RegistryForTest, repository: string, digest: Digest): Promise<void> {
  const admission = await registry.admit(system, 'delete', repository as RepositoryName)
  await deleteManifest(registry, admission, digest)
}

const bytes = (text: string) => new TextEncoder().encode(text)

afterEach(disableFaultPoints)

describeEachDatabase('garbage collection', (open) => {
  test('a blob pushed for a manifest that is still to come outlives collection while its lease lasts', async () => {
    const registry = await composeRegistryForTest(await open())
    const digest = await registry.pushBlob('library/a', bytes('layer'))
    registry.clock.advance(leaseMs - 1)
    await collect(registry)
    expect(await readBlob(registry, 'library/a', digest)).toEqual(bytes('layer'))
  })

  test('a blob that no manifest claimed goes, row and bytes, after lease, grace and trash time', async () => {
    const registry = await composeRegistryForTest(await open())
    const digest = await registry.pushBlob('library/a', bytes('layer'))
    await collectAll(registry)
    expect(await readBlob(registry, 'library/a', digest)).toBeUndefined()
    expect(await storedLocations(registry.store)).toEqual([])
    expect(await registry.database.read.selectFrom('blob').selectAll().execute()).toEqual([])
  })

  test('the blobs of a manifest stay however long it is there, and go after it was deleted', async () => {
    const registry = await composeRegistryForTest(await open())
    const digest = await registry.pushImage('library/a', 'v1', [bytes('config'), bytes('layer')])
    await collectAll(registry)
    expect(await readBlob(registry, 'library/a', digestOf(bytes('layer')))).toEqual(bytes('layer'))
    await removeArtifact(registry, 'library/a', digest)
    await collectAll(registry)
    expect(await storedLocations(registry.store)).toEqual([])
  })

  test('a push of a condemned digest revives it', async () => {
    const registry = await composeRegistryForTest(await open())
    const digest = await registry.pushBlob('library/a', bytes('layer'))
    registry.clock.advance(leaseMs + 1)
    expect((await collect(registry)).condemned).toBe(1)
    await registry.pushImage('library/b', 'v1', [bytes('config'), bytes('layer')])
    await collectAll(registry)
    expect(await readBlob(registry, 'library/b', digest)).toEqual(bytes('layer'))
    expect(await readBlob(registry, 'library/a', digest)).toBeUndefined()
  })

  test('a mount that is refused does not bring a condemned blob back to life', async () => {
    const registry = await composeRegistryForTest(await open())
    const digest = await registry.pushBlob('library/a', bytes('layer'))
    registry.clock.advance(leaseMs + 1)
    expect((await collect(registry)).condemned).toBe(1)
    const source = await registry.admit(system, 'pull', 'library/a' as RepositoryName)
    const target = await registry.admit(system, 'push', 'library/b' as RepositoryName)
    expect(await registry.uploads.mountBlob(target, digest, source)).toBe(false)
    await collectAll(registry)
    expect(await storedLocations(registry.store)).toEqual([])
  })

  test('bytes whose deletion hangs cannot take a re-push of the same digest with them', async () => {
    const release = Promise.withResolvers<void>()
    const deleting = Promise.withResolvers<void>()
    const store = composeMemoryBlobStore()
    const deleteNow = store.delete.bind(store)
    store.delete = async (locations) => {
      deleting.resolve()
      await release.promise
      await deleteNow(locations)
    }
    const registry = await composeRegistryForTest(await open(), store)
    await registry.pushBlob('library/a', bytes('layer'))
    registry.clock.advance(leaseMs + 1)
    await collect(registry)
    registry.clock.advance(graceMs + 1)
    await collect(registry)
    registry.clock.advance(lingerMs + 1)
    const round = collect(registry)
    await deleting.promise
    const digest = await registry.pushBlob('library/a', bytes('layer'))
    release.resolve()
    await round
    expect(await readBlob(registry, 'library/a', digest)).toEqual(bytes('layer'))
  })

  test('a round that ends after the bytes went and before their row did is finished by the next', async () => {
    const registry = await composeRegistryForTest(await open())
    await registry.pushBlob('library/a', bytes('layer'))
    await registry.pushBlob('library/a', bytes('layer'))
    registry.clock.advance(lingerMs + 1)
    enableFaultPoint('doomed-after-delete', () => {
      throw new Error('crash')
    })
    await expect(collect(registry)).rejects.toThrow('crash')
    disableFaultPoints()
    expect(await storedLocations(registry.store)).toHaveLength(1)
    expect(await registry.database.read.selectFrom('blob_trash').select('location').execute()).toHaveLength(1)

    await collect(registry)
    expect(await registry.database.read.selectFrom('blob_trash').select('location').execute()).toEqual([])
    expect(await readBlob(registry, 'library/a', digestOf(bytes('layer')))).toEqual(bytes('layer'))
  })

  test('whatever is pushed, re-pushed, mounted and deleted between rounds, what a manifest names is readable and the rest goes', async () => {
    const contents = ['a', 'b', 'c', 'd'].map(bytes)
    const repositories = ['library/x', 'library/y']
    const step = fc.oneof(
      fc.record({ kind: fc.constant('push' as const), repository: fc.nat(1), content: fc.nat(3) }),
      fc.record({ kind: fc.constant('image' as const), repository: fc.nat(1), content: fc.nat(3), tag: fc.nat(1) }),
      fc.record({ kind: fc.constant('mount' as const), repository: fc.nat(1), content: fc.nat(3) }),
      fc.record({ kind: fc.constant('delete' as const), repository: fc.nat(1), content: fc.nat(3) }),
      fc.record({
        kind: fc.constant('collect' as const),
        advance: fc.constantFrom(0, leaseMs / 2, leaseMs + 1, graceMs + 1),
      }),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), async (steps) => {
        const registry = await composeRegistryForTest(await open())
        /** Images that are there, by repository and digest, with the contents they name. */
        const images = new Map<string, { repository: string; digest: Digest; contents: Uint8Array[] }>()
        for (const action of steps) {
          if (action.kind === 'collect') {
            registry.clock.advance(action.advance)
            await collect(registry)
            continue
          }
          const repository = repositories[action.repository]!
          const content = contents[action.content]!
          if (action.kind === 'push') await registry.pushBlob(repository, content)
          if (action.kind === 'image') {
            const named = [bytes('config'), content]
            const digest = await registry.pushImage(repository, `t${action.tag}`, named)
            images.set(`${repository}@${digest}`, { repository, digest, contents: named })
          }
          if (action.kind === 'mount') {
            const source = await registry.admit(system, 'pull', repositories[1 - action.repository] as RepositoryName)
            const target = await registry.admit(system, 'push', repository as RepositoryName)
            const mounted = await registry.uploads.mountBlob(target, digestOf(content), source)
            if (mounted) expect(await readBlob(registry, repository, digestOf(content))).toEqual(content)
          }
          if (action.kind === 'delete') {
            const image = [...images.entries()].find(
              ([, each]) => each.repository === repository && each.contents.includes(content),
            )
            if (image === undefined) continue
            await removeArtifact(registry, repository, image[1].digest)
            images.delete(image[0])
          }
          for (const image of images.values()) {
            for (const named of image.contents) {
              expect(await readBlob(registry, image.repository, digestOf(named))).toEqual(named)
            }
          }
        }
        await collectAll(registry)
        const live = new Set<string>()
        for (const image of images.values()) {
          for (const named of image.contents) {
            expect(await readBlob(registry, image.repository, digestOf(named))).toEqual(named)
            live.add(digestOf(named))
          }
        }
        expect((await storedLocations(registry.store)).length).toBe(live.size)
      }),
      { numRuns: 40 },
    )
  }, 120_000)
})
