import { expect, test } from 'bun:test'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { RepositoryName } from '#contract/repository-name.ts'
import { describeEachDatabase } from '#server-test/databases.ts'
import { composeRegistryForTest, digestOf, imageOf, leaseMs, readBlob, system } from '#server-test/registry-for-test.ts'
import { composeFilesystemBlobStore } from '#server/storage/filesystem.ts'
import type { BlobStore } from '#server/storage/blob-store.ts'
import { openBucket } from '#server/storage/s3/s3-client.ts'
import { composeS3BlobStore } from '#server/storage/s3/s3.ts'
import { s3SettingsForTest } from '#server/storage/s3/settings-for-test.ts'
import { skipLoudly } from '../../../../conformance/harness/real-client.ts'
import { s3ServerMissing, startS3Server } from '../../../../conformance/harness/s3-server.ts'
import { deleteManifest } from '../artifacts/delete.ts'
import { pushManifest } from '../artifacts/push.ts'
import { collectGarbage } from './collect.ts'
import { Events } from '../events/events.ts'

const bytes = (text: string) => new TextEncoder().encode(text)
const repository = 'library/app' as RepositoryName

interface OpenStore extends AsyncDisposable {
  readonly store: BlobStore
}

async function openFolder(): Promise<OpenStore> {
  const folder = await mkdtemp(join(tmpdir(), 'berth-race-'))
  const store = await composeFilesystemBlobStore({ folder })
  return {
    store,
    async [Symbol.asyncDispose]() {
      await store[Symbol.asyncDispose]()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

async function openS3(): Promise<OpenStore> {
  const server = await startS3Server()
  await server.createBucket('race')
  const settings = s3SettingsForTest({ bucket: 'race', endpoint: server.endpoint })
  const store = composeS3BlobStore({ bucket: openBucket(settings) })
  return {
    store,
    async [Symbol.asyncDispose]() {
      await store[Symbol.asyncDispose]()
      await server.stop()
    },
  }
}

describeEachDatabase('races with garbage collection', (open) => {
  for (const [kind, openStore] of [
    ['a folder', openFolder],
    ['S3', openS3],
  ] as const) {
    if (kind === 'S3' && s3ServerMissing !== undefined) {
      skipLoudly('races with garbage collection in S3', s3ServerMissing)
      continue
    }

    const compose = async (store: BlobStore) => {
      const registry = await composeRegistryForTest(await open(), store)
      const { database, clock } = registry
      const times = { graceMs: 0, lingerMs: 0, trashWindowMs: 0, leaseMs }
      const collect = async (sweeper: Pick<BlobStore, 'delete'> = store) =>
        await collectGarbage({ database, sweeper, clock, events: new Events({ clock }), ...times, batch: 100 })
      return { ...registry, collect }
    }

    // Quay's PR 6318: the row was checked, the push came, and then the delete took its bytes.
    test(`a delete that hangs while its digest is pushed again takes nothing of the push (${kind})`, async () => {
      await using opened = await openStore()
      const { store } = opened
      const registry = await compose(store)
      const digest = await registry.pushBlob(repository, bytes('layer'))
      registry.clock.advance(leaseMs + 1)
      const deleting = Promise.withResolvers<void>()
      const release = Promise.withResolvers<void>()
      const collecting = registry.collect({
        async delete(locations) {
          deleting.resolve()
          await release.promise
          await store.delete(locations)
        },
      })
      await deleting.promise
      const image = [bytes('config'), bytes('layer')]
      await registry.pushImage(repository, 'v1', image)
      release.resolve()
      expect((await collecting).freedBytes).toBe(5)
      for (let round = 0; round < 3; round++) {
        registry.clock.advance(leaseMs + 1)
        await registry.collect()
      }
      for (const content of image) expect(await readBlob(registry, repository, digestOf(content))).toEqual(content)
      expect(await readBlob(registry, repository, digest)).toEqual(bytes('layer'))
      expect((await Array.fromAsync(store.walk())).length).toBe(2)
    })

    // GitLab's registry: the client was told that the layer is there, and its manifest comes after the collector.
    test(`a client that was told a blob is there pushes its manifest after garbage collection (${kind})`, async () => {
      await using opened = await openStore()
      const registry = await compose(opened.store)
      const contents = [bytes('config'), bytes('layer')]
      const old = await registry.pushImage(repository, 'old', contents)
      registry.clock.advance(10 * leaseMs)
      const pull = await registry.admit(system, 'pull', repository)
      const push = await registry.admit(system, 'push', repository)
      for (const content of contents) {
        const blob = await registry.blobs.getBlob(pull, digestOf(content))
        if (registry.blobs.needsLease(blob)) await registry.blobs.keepForPush(push, blob.digest)
      }
      // Everything that held them goes, and the collector comes by, more than once.
      await deleteManifest(registry, await registry.admit(system, 'delete', repository), old)
      for (let round = 0; round < 3; round++) await registry.collect()
      registry.clock.advance(leaseMs / 2)
      await registry.collect()
      const digests = contents.map((content) => digestOf(content))
      await pushManifest(registry, push, imageOf('new', digests, contents))
      for (let round = 0; round < 3; round++) {
        registry.clock.advance(leaseMs + 1)
        await registry.collect()
      }
      for (const content of contents) expect(await readBlob(registry, repository, digestOf(content))).toEqual(content)
    })

    test(`a manifest whose blob was collected first is refused and refers to nothing (${kind})`, async () => {
      await using opened = await openStore()
      const registry = await compose(opened.store)
      const contents = [bytes('config'), bytes('layer')]
      const digests = [
        await registry.pushBlob(repository, contents[0]!),
        await registry.pushBlob(repository, contents[1]!),
      ]
      registry.clock.advance(leaseMs + 1)
      await registry.collect()
      const push = await registry.admit(system, 'push', repository)
      await expect(pushManifest(registry, push, imageOf('v1', digests, contents))).rejects.toMatchObject({
        code: 'MANIFEST_BLOB_UNKNOWN',
      })
      expect(await registry.database.read.selectFrom('artifact').selectAll().execute()).toEqual([])
      expect(await Array.fromAsync(opened.store.walk())).toEqual([])
    })
  }
})
