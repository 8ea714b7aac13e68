import { expect, test } from 'bun:test'
import type { Digest } from '#contract/digest.ts'
import { parseManifest } from '#contract/manifest.ts'
import type { TagName } from '#contract/reference.ts'
import type { RepositoryName } from '#contract/repository-name.ts'
import { describeEachDatabase, type OpenDatabase } from '#server-test/databases.ts'
import {
  composeRegistryForTest,
  digestOf,
  leaseMs,
  readBlob,
  system,
  type RegistryForTest,
} from '#server-test/registry-for-test.ts'
import { composeMemoryBlobStore } from '#server/storage/memory.ts'
import { collectGarbage } from '../garbage-collection/collect.ts'
import { setDescription } from '../projects/repositories.ts'
import { emptyTrash, listTrash } from '../trash/trash.ts'
import { usageOf } from '../quotas/project-usage.ts'
import { deleteManifest, deleteRepository, untag } from './delete.ts'
import { pushManifest } from './push.ts'
import { restoreEntry, restoreRepository } from './restore.ts'
import { Events } from '../events/events.ts'

const trashWindowMs = 3_600_000
const repository = 'library/app' as RepositoryName
const bytes = (text: string) => new TextEncoder().encode(text)
const imageType = 'application/vnd.oci.image.manifest.v1+json'
const indexType = 'application/vnd.oci.image.index.v1+json'

interface Scene extends RegistryForTest {
  readonly projectId: number
  collect(): Promise<unknown>
  pull(reference: string): Promise<Uint8Array | undefined>
  remove(digest: Digest): Promise<void>
  entries(): ReturnType<typeof listTrash>
  restore(id: number, overwrite?: boolean): ReturnType<typeof restoreEntry>
  pushManifestOf(content: object, mediaType: string, tag?: string): Promise<Digest>
}

async function openScene(open: OpenDatabase): Promise<Scene> {
  const registry = await composeRegistryForTest(await open(), composeMemoryBlobStore(), { trashWindowMs })
  const { database, store, clock, admit } = registry
  const { id: projectId } = await database.read.selectFrom('project').select('id').executeTakeFirstOrThrow()
  const times = { graceMs: 0, lingerMs: 0, leaseMs, trashWindowMs }
  return {
    ...registry,
    projectId,
    collect: async () =>
      await collectGarbage({ database, sweeper: store, clock, events: new Events({ clock }), ...times, batch: 100 }),
    pull: async (name) => {
      const admission = await admit(system, 'pull', repository)
      const reference = name.includes(':')
        ? { kind: 'digest' as const, digest: name as Digest }
        : { kind: 'tag' as const, tag: name as TagName }
      return await registry.manifests.getManifest(admission, reference).then(
        (manifest) => manifest.bytes,
        () => undefined,
      )
    },
    remove: async (digest) => await deleteManifest(registry, await admit(system, 'delete', repository), digest),
    entries: async () => await listTrash(registry, projectId, { size: 100, before: undefined }),
    restore: async (id, overwrite = false) =>
      await restoreEntry(registry, await admit(system, 'push', repository), id, { overwrite }),
    pushManifestOf: async (content, mediaType, tag) => {
      const body = bytes(JSON.stringify({ schemaVersion: 2, mediaType, ...content }))
      const reference =
        tag === undefined
          ? { kind: 'digest' as const, digest: digestOf(body) }
          : { kind: 'tag' as const, tag: tag as TagName }
      const push = { reference, tags: [], manifest: parseManifest(body, mediaType), bytes: body }
      return (await pushManifest(registry, await admit(system, 'push', repository), push)).digest
    },
  }
}

/** An image of the given texts, without a tag unless one is given. */
async function pushImage(scene: Scene, texts: readonly string[], rest: object = {}, tag?: string): Promise<Digest> {
  const [config, ...layers] = await Promise.all(
    texts.map(async (text) => ({
      mediaType: 'application/octet-stream',
      digest: await scene.pushBlob(repository, bytes(text)),
      size: bytes(text).byteLength,
    })),
  )
  return await scene.pushManifestOf({ config, layers, ...rest }, imageType, tag)
}

const describedAs = (mediaType: string, digest: Digest, size = 2) => ({ mediaType, digest, size })

describeEachDatabase('trash', (open) => {
  test('what lies in the trash cannot be pulled, is not counted, and is restored as it was, garbage collected or not', async () => {
    const scene = await openScene(open)
    const digest = await pushImage(scene, ['config', 'layer'], {}, 'v1')
    const before = await scene.database.read.selectFrom('artifact').selectAll().executeTakeFirstOrThrow()
    const manifest = await scene.pull('v1')
    const used = await usageOf(scene.database.read, scene.projectId)
    scene.clock.advance(leaseMs + 1)
    await scene.remove(digest)
    expect(await scene.pull(digest)).toBeUndefined()
    expect(await readBlob(scene, repository, digestOf(bytes('layer')))).toBeUndefined()
    expect(await usageOf(scene.database.read, scene.projectId)).toBe(0)
    for (let round = 0; round < 3; round++) await scene.collect()

    const [entry] = (await scene.entries()).entries
    expect(entry).toMatchObject({ kind: 'artifact', digest, repository, deletedBy: 'test' })
    expect(await scene.restore(entry!.id)).toEqual({ digest, tags: ['v1'], artifacts: 1 })
    expect(await scene.pull('v1')).toEqual(manifest!)
    expect(await readBlob(scene, repository, digestOf(bytes('layer')))).toEqual(bytes('layer'))
    const { id: _, ...after } = await scene.database.read.selectFrom('artifact').selectAll().executeTakeFirstOrThrow()
    expect(before).toMatchObject(after)
    expect(await usageOf(scene.database.read, scene.projectId)).toBe(used)
    expect((await scene.entries()).entries).toEqual([])
    await scene.collect()
    expect(await readBlob(scene, repository, digestOf(bytes('layer')))).toEqual(bytes('layer'))
  })

  test('a blob that only the trash needs is readable nowhere and mounts nowhere', async () => {
    const scene = await openScene(open)
    const digest = await pushImage(scene, ['config', 'layer'], {}, 'v1')
    scene.clock.advance(leaseMs + 1)
    await scene.remove(digest)
    const source = await scene.admit(system, 'pull', repository)
    const target = await scene.admit(system, 'push', 'library/other' as RepositoryName)
    expect(await scene.uploads.mountBlob(target, digestOf(bytes('layer')), source)).toBe(false)
    expect(await readBlob(scene, 'library/other', digestOf(bytes('layer')))).toBeUndefined()
  })

  test('when its time is over, or it is emptied, its rows and bytes go', async () => {
    const scene = await openScene(open)
    const stored = async () => {
      let count = 0
      for await (const _ of scene.store.walk()) count++
      return count
    }
    const first = await pushImage(scene, ['config', 'one'], {}, 'v1')
    const second = await pushImage(scene, ['config', 'two'], {}, 'v2')
    scene.clock.advance(leaseMs + 1)
    await scene.remove(first)
    await scene.collect()
    expect(await stored()).toBe(3)
    scene.clock.advance(trashWindowMs)
    await scene.collect()
    expect(await stored()).toBe(2)
    await scene.remove(second)
    expect(await emptyTrash(scene, await scene.admit(system, 'delete', repository))).toBe(1)
    await scene.collect()
    expect(await stored()).toBe(0)
    for (const table of ['blob', 'blob_trash', 'trash_entry', 'trash_blob', 'link_review'] as const) {
      expect(await scene.database.read.selectFrom(table).selectAll().execute()).toEqual([])
    }
  })

  test('children without a name and referrers follow their artifact, and come back with it', async () => {
    const scene = await openScene(open)
    const children = [await pushImage(scene, ['c1', 'l1']), await pushImage(scene, ['c2', 'l2'])]
    const named = await pushImage(scene, ['c3', 'l3'], {}, 'arm')
    const manifests = [...children, named].map((digest) => describedAs(imageType, digest))
    const index = await scene.pushManifestOf({ manifests }, indexType, 'v1')
    const signature = await pushImage(scene, ['c4'], { subject: describedAs(indexType, index) })
    const signatureOfIt = await pushImage(scene, ['c5'], { subject: describedAs(imageType, signature) })
    await scene.remove(index)
    for (const digest of [...children, index, signature, signatureOfIt]) {
      expect(await scene.pull(digest)).toBeUndefined()
    }
    expect(await scene.pull('arm')).toBeDefined()
    const { entries } = await scene.entries()
    expect(entries.map(({ digest }) => digest)).toEqual([index])

    expect((await scene.restore(entries[0]!.id)).artifacts).toBe(5)
    for (const digest of [...children, index, signature, signatureOfIt]) expect(await scene.pull(digest)).toBeDefined()
    expect(await scene.database.read.selectFrom('trash_entry').selectAll().execute()).toEqual([])
  })

  test('a child that another index has, or that was pushed again, stays', async () => {
    const scene = await openScene(open)
    const shared = await pushImage(scene, ['c1', 'l1'])
    const again = await pushImage(scene, ['c2', 'l2'])
    const one = await scene.pushManifestOf(
      { manifests: [shared, again].map((digest) => describedAs(imageType, digest)) },
      indexType,
      'one',
    )
    await scene.pushManifestOf({ manifests: [describedAs(imageType, shared)] }, indexType, 'two')
    scene.clock.advance(1)
    await pushImage(scene, ['c2', 'l2'])
    await scene.remove(one)
    expect(await scene.pull(shared)).toBeDefined()
    expect(await scene.pull(again)).toBeDefined()
  })

  test('a tag is restored to where it pointed; a name that was taken is a conflict unless it is asked to overwrite', async () => {
    const scene = await openScene(open)
    const first = await pushImage(scene, ['config', 'one'], {}, 'v1')
    await untag(scene, await scene.admit(system, 'delete', repository), 'v1' as TagName)
    const [entry] = (await scene.entries()).entries
    expect(entry).toMatchObject({ kind: 'tag', digest: first })
    await pushImage(scene, ['config', 'two'], {}, 'v1')
    await expect(scene.restore(entry!.id)).rejects.toMatchObject({ code: 'CONFLICT' })
    await scene.restore(entry!.id, true)
    expect(await scene.pull('v1')).toEqual((await scene.pull(first))!)
    await expect(scene.restore(entry!.id)).rejects.toMatchObject({ code: 'TRASH_ENTRY_UNKNOWN' })
  })

  test('a tag whose artifact was deleted after it brings the artifact back', async () => {
    const scene = await openScene(open)
    const digest = await pushImage(scene, ['config', 'one'], {}, 'v1')
    await untag(scene, await scene.admit(system, 'delete', repository), 'v1' as TagName)
    await scene.remove(digest)
    const tag = (await scene.entries()).entries.find(({ kind }) => kind === 'tag')!
    await scene.restore(tag.id)
    expect(await scene.pull('v1')).toBeDefined()
  })

  test('restoring takes room like a push: beyond the limit nothing comes back', async () => {
    const scene = await openScene(open)
    const digest = await pushImage(scene, ['config', 'one'], {}, 'v1')
    await scene.remove(digest)
    await scene.database.write(async (tx) => {
      await tx
        .insertInto('quota')
        .values({ project_id: scene.projectId, hard_bytes: 10, updated_at: 0 })
        .onConflict((conflict) => conflict.column('project_id').doUpdateSet({ hard_bytes: 10 }))
        .execute()
    })
    const [entry] = (await scene.entries()).entries
    await expect(scene.restore(entry!.id)).rejects.toMatchObject({ code: 'QUOTA_EXCEEDED' })
    expect((await scene.entries()).entries).toHaveLength(1)
    expect(await scene.pull('v1')).toBeUndefined()
  })

  test('a deleted repository comes back whole', async () => {
    const scene = await openScene(open)
    const child = await pushImage(scene, ['c1', 'l1'])
    const index = await scene.pushManifestOf({ manifests: [describedAs(imageType, child)] }, indexType, 'v1')
    await pushImage(scene, ['c2', 'l2'], {}, 'v2')
    await deleteRepository(scene, await scene.admit(system, 'delete-repository', repository))
    scene.clock.advance(leaseMs)
    await scene.collect()
    const admission = await scene.admit(system, 'push', repository)
    expect(await restoreRepository(scene, admission, { overwrite: false, max: 100 })).toBe(3)
    for (const name of [child, index, 'v1', 'v2']) expect(await scene.pull(name)).toBeDefined()
    expect((await scene.entries()).entries).toEqual([])
  })

  test('a deleted repository comes back with its description, unless it has another by then, or its time is over', async () => {
    const scene = await openScene(open)
    const { database, clock } = scene
    const key = { projectId: scene.projectId, name: repository }
    const describe = (text: string) => database.write((tx) => setDescription(tx, key, text, clock.now()))
    const described = async () =>
      (await database.read.selectFrom('repository').select('description').where('name', '=', repository).execute())[0]
        ?.description
    const remove = async () => await deleteRepository(scene, await scene.admit(system, 'delete-repository', repository))
    const restore = async () =>
      await restoreRepository(scene, await scene.admit(system, 'push', repository), { overwrite: true, max: 100 })

    await pushImage(scene, ['c1', 'l1'], {}, 'v1')
    await describe('what it is for')
    await remove()
    expect(await described()).toBeUndefined()
    await restore()
    expect(await described()).toBe('what it is for')

    await remove()
    await pushImage(scene, ['c2', 'l2'], {}, 'v2')
    expect(await described()).toBe('')
    await describe('something else')
    await restore()
    expect(await described()).toBe('something else')

    await remove()
    clock.advance(trashWindowMs)
    await scene.collect()
    expect(await database.read.selectFrom('trash_repository').selectAll().execute()).toEqual([])
    await describe('again')
    await pushImage(scene, ['c3', 'l3'], {}, 'v3')
    await remove()
    await emptyTrash(scene, await scene.admit(system, 'delete', repository))
    expect(await database.read.selectFrom('trash_repository').selectAll().execute()).toEqual([])
  })

  test('indexes nested however deep go step by step, and come back', async () => {
    const scene = await openScene(open)
    const depth = process.env['BERTH_TEST_LONG'] === '1' ? 1_000 : 60
    let digest = await pushImage(scene, ['config'])
    const bottom = digest
    for (let level = 0; level < depth; level++) {
      const manifests = [describedAs(level === 0 ? imageType : indexType, digest)]
      digest = await scene.pushManifestOf({ manifests }, indexType, level === depth - 1 ? 'top' : undefined)
    }
    await scene.remove(digest)
    await scene.collect()
    expect(await scene.pull(bottom)).toBeUndefined()
    const { entries } = await scene.entries()
    expect(entries).toHaveLength(1)
    expect((await scene.restore(entries[0]!.id)).artifacts).toBe(depth + 1)
    expect(await scene.pull(bottom)).toBeDefined()
  }, 120_000)
})
