import { afterEach, expect, setDefaultTimeout, test } from 'bun:test'
import { chmod, mkdtemp, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Digest } from '#contract/digest.ts'
import { composeFilesystemBlobStore } from '#server/storage/filesystem.ts'
import type { UploadId } from '#server/storage/blob-store.ts'
import type { Database } from '#server/database/database.ts'
import { describeEachDatabase } from '#server-test/databases.ts'
import { composeRegistryForTest, digestOf, once } from '#server-test/registry-for-test.ts'
import { collectGarbage } from '../garbage-collection/collect.ts'
import { discardUnreferenced, verifyStore } from './verify-store.ts'

setDefaultTimeout(60_000)

const owned: (() => PromiseLike<unknown>)[] = []
afterEach(async () => {
  for (const release of owned.splice(0).toReversed()) await release()
})

const bytes = (text: string) => new TextEncoder().encode(text)
const dayMs = 86_400_000

async function compose(database: Database) {
  const folder = await mkdtemp(join(tmpdir(), 'berth-verify-'))
  const store = await composeFilesystemBlobStore({ folder: join(folder, 'store') })
  const registry = await composeRegistryForTest(database, store)
  owned.push(
    () => rm(folder, { recursive: true, force: true }),
    () => store[Symbol.asyncDispose](),
  )
  await registry.pushImage('library/a', 'v1', [bytes('config'), bytes('layer'), bytes('other')])
  let files = 0
  const verify = (digests = false) =>
    verifyStore({ ...registry, digests, temporaryFile: join(folder, `known-${++files}.db`) })
  const pathOf = async (digest: Digest) => {
    const query = database.read.selectFrom('blob').select('location').where('digest', '=', digest)
    return join(folder, 'store', (await query.executeTakeFirstOrThrow()).location)
  }
  return { ...registry, folder, verify, pathOf }
}

describeEachDatabase('verification', (open) => {
  test('of a registry that is as it should be finds nothing', async () => {
    const registry = await compose(await open())
    expect(await registry.verify(true)).toEqual({
      blobs: 3,
      bytes: 16,
      damaged: [],
      manifests: [],
      unreferenced: [],
      young: { blobs: 0, bytes: 0 },
      databaseLost: false,
      pages: [],
      rows: [],
      staged: [],
    })
  })

  test('finds rows without bytes, with too few and, when it reads them, with wrong ones', async () => {
    const registry = await compose(await open())
    await rm(await registry.pathOf(digestOf(bytes('config'))))
    for (const [text, wrong] of [
      ['layer', 'la'],
      ['other', 'oTher'],
    ] as const) {
      const path = await registry.pathOf(digestOf(bytes(text)))
      await chmod(path, 0o640)
      await writeFile(path, wrong)
    }
    const problems = async (digests: boolean) =>
      Object.fromEntries((await registry.verify(digests)).damaged.map(({ digest, problem }) => [digest, problem]))
    const found = {
      [digestOf(bytes('config'))]: 'missing',
      [digestOf(bytes('layer'))]: 'wrong size',
    } as const
    expect(await problems(false)).toEqual(found)
    expect(await problems(true)).toEqual({ ...found, [digestOf(bytes('other'))]: 'wrong bytes' })
    expect((await registry.verify()).damaged[0]?.repositories).toEqual(['library/a'])
  })

  test('finds manifests whose bytes in the database were changed', async () => {
    const registry = await compose(await open())
    await registry.database.write((tx) =>
      tx
        .updateTable('artifact_payload')
        .set({ bytes: bytes('{}') })
        .execute(),
    )
    expect((await registry.verify(true)).manifests.map(({ repository }) => repository)).toEqual(['library/a'])
  })

  test('finds artifacts without their manifest', async () => {
    const registry = await compose(await open())
    await registry.database.write((tx) => tx.deleteFrom('artifact_payload').execute())
    const { rows } = await registry.verify()
    expect(rows).toMatchObject([{ problem: 'artifacts without the bytes of their manifest', count: 1 }])
    expect(rows[0]!.examples[0]).toStartWith('library/a@sha256:')
  })

  test('finds bytes without rows, leaves those of a push under way, and gives the others to garbage collection', async () => {
    const registry = await compose(await open())
    const { store } = registry
    const upload = () => crypto.randomUUID() as UploadId
    const push = async (age: number) => {
      const id = upload()
      await store.append(id, 0, once(bytes('orphan')), () => undefined)
      const location = await store.commit(id, digestOf(bytes('orphan')), 6)
      await setAge(join(registry.folder, 'store', location), age)
      return location
    }
    const setAge = async (path: string, ms: number) => {
      const time = new Date(registry.clock.now() - ms)
      await utimes(path, time, time)
    }
    const old = await push(2 * dayMs)
    await push(60_000)
    const staged = upload()
    await store.append(staged, 0, once(bytes('staged')), () => undefined)
    await setAge(join(registry.folder, 'store', 'uploads', staged.slice(0, 2), staged), 2 * dayMs)
    const found = await registry.verify()
    expect(found).toMatchObject({ damaged: [], unreferenced: [{ location: old, size: 6 }], staged: [staged] })
    expect(found.young).toEqual({ blobs: 1, bytes: 6 })

    await discardUnreferenced(registry, found)
    registry.clock.advance(10 * 60_000)
    await collectGarbage({ ...registry, sweeper: store, leaseMs: dayMs, graceMs: dayMs, lingerMs: 1, batch: 100 })
    await expect(stat(join(registry.folder, 'store', old))).rejects.toThrow('ENOENT')
    expect(await registry.verify()).toMatchObject({ unreferenced: [], staged: [], damaged: [] })
  })
})
