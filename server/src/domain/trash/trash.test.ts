import { expect, setDefaultTimeout, test } from 'bun:test'
import type { TagName } from '#contract/reference.ts'
import type { RepositoryName } from '#contract/repository-name.ts'
import { describeEachDatabase, type OpenDatabase } from '#server-test/databases.ts'
import { composeRegistryForTest, createProject, system } from '#server-test/registry-for-test.ts'
import { composeMemoryBlobStore } from '../../storage/memory.ts'
import { deleteManifest, untag } from '../artifacts/delete.ts'
import {
  emptyAllTrash,
  emptyTrash,
  expireTrash,
  getTrashEntry,
  listMatchingEntries,
  listTrash,
  readTrashEntries,
} from './trash.ts'

setDefaultTimeout(60_000)

const trashWindowMs = 3_600_000
const bytes = (text: string) => new TextEncoder().encode(text)

async function compose(open: OpenDatabase) {
  const registry = await composeRegistryForTest(await open(), composeMemoryBlobStore(), { trashWindowMs })
  const { database, clock, admit, pushImage } = registry
  await createProject(database, 'other', clock)
  const deleting = async (name: string) => await admit(system, 'delete', name as RepositoryName)
  return {
    ...registry,
    deleting,
    throwAway: async (repository: string, tag: string) => {
      const digest = await pushImage(repository, tag, [bytes(`${repository}:${tag}`)])
      await deleteManifest(registry, await deleting(repository), digest)
    },
    idsOf: async (repository: string) => {
      const { projectId } = await deleting(repository)
      return (await listTrash(registry, projectId, { size: 100, before: undefined })).entries.map(({ id }) => id)
    },
  }
}

describeEachDatabase('the trash of a project', (open) => {
  test('is listed in pages, the newest first', async () => {
    const registry = await compose(open)
    for (const tag of ['a', 'b', 'c']) await registry.throwAway('library/app', tag)
    const { projectId } = await registry.deleting('library/app')
    const first = await listTrash(registry, projectId, { size: 2, before: undefined })
    expect(first.entries.map(({ tags }) => tags[0]!.name)).toEqual(['c', 'b'])
    const second = await listTrash(registry, projectId, { size: 2, before: first.next })
    expect(second.entries.map(({ tags }) => tags[0]!.name)).toEqual(['a'])
    expect(second.next).toBeUndefined()
  })

  test('is listed in pages that end by bytes too, and goes on where a page ended', async () => {
    const registry = await compose(open)
    for (let deletion = 0; deletion < 25; deletion += 1) await registry.throwAway('library/app', `v${deletion}`)
    // As large as what an artifact with very many tags leaves.
    const tags = JSON.stringify([{ name: 'a'.repeat(1_000_000) }])
    await registry.database.write(async (tx) => void (await tx.updateTable('trash_entry').set({ tags }).execute()))
    const { projectId } = await registry.deleting('library/app')
    const sizes: number[] = []
    const ids: number[] = []
    for (let before: number | undefined; ;) {
      const { entries, next } = await listTrash(registry, projectId, { size: 100, before })
      sizes.push(entries.length)
      ids.push(...entries.map(({ id }) => id))
      if (next === undefined) break
      before = next
    }
    expect(sizes).toEqual([10, 10, 5])
    expect(ids).toEqual(ids.toSorted((one, other) => other - one))
    expect(new Set(ids).size).toBe(25)
  })

  test('tells what a run of a policy deleted, and who deleted the rest', async () => {
    const registry = await compose(open)
    const retention = { kind: 'system', name: 'retention', runId: 7 } as const
    const digest = await registry.pushImage('library/app', 'old', [bytes('old')])
    await registry.pushImage('library/app', 'name', [bytes('named')])
    const name = 'library/app' as RepositoryName
    await deleteManifest(registry, await registry.admit(retention, 'delete', name), digest)
    await untag(registry, await registry.admit(retention, 'untag', name), 'name' as TagName)
    await registry.throwAway('library/app', 'by hand')
    const { projectId } = await registry.deleting('library/app')
    const listed = async (match: object) =>
      (await listTrash(registry, projectId, { size: 10, before: undefined, ...match })).entries.map(
        ({ tags, runId }) => [tags[0]!.name, runId],
      )
    expect(await listed({ runId: 7 })).toEqual([
      ['name', 7],
      ['old', 7],
    ])
    expect(await listed({ deletedBy: system.name })).toEqual([['by hand', undefined]])
    expect(await listed({ runId: 8 })).toEqual([])
    const first = await listMatchingEntries(registry, projectId, { runId: 7, after: 0, limit: 1 })
    const [rest] = await listMatchingEntries(registry, projectId, { runId: 7, after: first[0]!, limit: 5 })
    expect((await readTrashEntries(registry, projectId, [first[0]!, rest!, 999])).map(({ id }) => id)).toEqual([
      first[0]!,
      rest!,
    ])
  })

  test('is emptied without that of another, whole or by an entry, and an entry of another is unknown', async () => {
    const registry = await compose(open)
    for (const repository of ['library/app', 'library/else', 'other/app']) await registry.throwAway(repository, 'v1')
    const [theirs] = await registry.idsOf('other/app')
    const admission = await registry.deleting('library/app')
    expect(await emptyTrash(registry, admission, theirs)).toBe(0)
    const look = getTrashEntry(registry, admission.projectId, theirs!)
    expect(await look.catch((error: { code?: unknown }) => error.code)).toBe('TRASH_ENTRY_UNKNOWN')
    const [own] = await registry.idsOf('library/app')
    expect(await emptyTrash(registry, admission, own)).toBe(1)
    expect(await emptyTrash(registry, admission)).toBe(1)
    expect([await registry.idsOf('library/app'), await registry.idsOf('other/app')]).toEqual([[], [theirs!]])
    expect(await emptyAllTrash(registry, system)).toBe(1)
    expect(await registry.idsOf('other/app')).toEqual([])
  })

  test('forgets what has been there for the window, so many at a time', async () => {
    const registry = await compose(open)
    for (const tag of ['a', 'b', 'c']) await registry.throwAway('library/app', tag)
    registry.clock.advance(trashWindowMs - 1)
    expect(await expireTrash(registry, { max: 10 })).toBe(0)
    registry.clock.advance(1)
    expect(await expireTrash(registry, { max: 2 })).toBe(2)
    expect(await expireTrash(registry, { max: 2 })).toBe(1)
    expect(await registry.database.read.selectFrom('trash_blob').selectAll().execute()).toEqual([])
  })
})
