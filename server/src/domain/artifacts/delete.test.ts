import { expect, test } from 'bun:test'
import type { TagName } from '#contract/reference.ts'
import { app, bytes, composeArtifactScene as compose, indexOf } from '#server-test/artifact-scene.ts'
import { describeEachDatabase } from '#server-test/databases.ts'
import { imageOf } from '#server-test/registry-for-test.ts'
import { deleteManifest, deleteRepository, untag } from './delete.ts'

describeEachDatabase('a delete', (open) => {
  test('of a tag leaves the artifact, of an artifact leaves no tag, and of what is not there says so', async () => {
    const { pushImage, deleting, codeOf, tags, artifacts, ...registry } = await compose(open)
    const digest = await pushImage(app, 'v1', [bytes('config')])
    await pushImage(app, 'v2', [bytes('config')])
    await untag(registry, await deleting(), 'v1' as TagName)
    expect([await tags(), await artifacts()]).toEqual([[{ name: 'v2', digest }], 1])
    expect(await codeOf(untag(registry, await deleting(), 'v1' as TagName))).toBe('MANIFEST_UNKNOWN')
    await deleteManifest(registry, await deleting(), digest)
    expect([await tags(), await artifacts()]).toEqual([[], 0])
    expect(await codeOf(deleteManifest(registry, await deleting(), digest))).toBe('MANIFEST_UNKNOWN')
  })

  test('of a child is refused while its index is there', async () => {
    const { pushImage, push, deleting, codeOf, artifacts, ...registry } = await compose(open)
    const child = await pushImage(app, 'v1', [bytes('config')])
    const { digest: index } = await push(indexOf([{ digest: child, size: 1 }]))
    expect(await codeOf(deleteManifest(registry, await deleting(), child))).toBe('REFERENCED')
    await deleteManifest(registry, await deleting(), index)
    expect(await codeOf(deleteManifest(registry, await deleting(), child))).toBe('done')
    expect(await artifacts()).toBe(0)
  })

  test('of a repository takes everything in it, and is refused where there is none', async () => {
    const { pushImage, deletingRepository, codeOf, artifacts, database, ...registry } = await compose(open)
    expect(await codeOf(deleteRepository({ ...registry, database }, await deletingRepository()))).toBe(
      'REPOSITORY_UNKNOWN',
    )
    for (const name of ['v1', 'v2', 'v3']) await pushImage(app, name, [bytes(name)])
    await deleteRepository({ ...registry, database }, await deletingRepository())
    expect(await artifacts()).toBe(0)
    expect(await database.read.selectFrom('repository').select('id').execute()).toEqual([])
  })

  test('of an immutable tag is refused at every door, with nothing changed', async () => {
    const { pushImage, push, deleting, deletingRepository, codeOf, tags, database, clock, ...registry } =
      await compose(open)
    const digest = await pushImage(app, 'v1', [bytes('config')])
    const before = await tags()
    const matches = [{ excludes: false, pattern: '**' }]
    const { projectId } = await deleting()
    const rule = { project_id: projectId, disabled: 0, priority: 0, created_at: 0, updated_at: 0 } as const
    await database.write(async (tx) => {
      const selectors = JSON.stringify({ tags: matches, repositories: matches })
      await tx
        .insertInto('immutability_rule')
        .values({ ...rule, selectors })
        .execute()
    })
    const services = { ...registry, database, clock }
    const other = imageOf('v1', [await registry.pushBlob(app, bytes('other'))], [bytes('other')])
    for (const work of [
      async () => await push(other),
      async () => await untag(services, await deleting(), 'v1' as TagName),
      async () => await deleteManifest(services, await deleting(), digest),
      async () => await deleteRepository(services, await deletingRepository()),
    ]) {
      expect(await codeOf(work())).toBe('PRECONDITION')
      expect(await tags()).toEqual(before)
    }
  })
})
