import { expect, test } from 'bun:test'
import type { RepositoryName } from '#contract/repository-name.ts'
import { describeEachDatabase, type OpenDatabase } from '#server-test/databases.ts'
import { composeRegistryForTest, system } from '#server-test/registry-for-test.ts'
import { assertRoom, announcingExcess, type Arrival } from './room.ts'

const repositoryName = 'library/app' as RepositoryName

async function compose(open: OpenDatabase, hardBytes: number, usedBytes: number) {
  const registry = await composeRegistryForTest(await open())
  const { database, clock } = registry
  const { id: projectId } = await database.read.selectFrom('project').select('id').executeTakeFirstOrThrow()
  await database.write(async (tx) => {
    const quota = { project_id: projectId, hard_bytes: hardBytes, updated_at: clock.now() }
    await tx.insertInto('quota').values(quota).execute()
    const usage = { project_id: projectId, bytes: usedBytes, logical_bytes: usedBytes }
    await tx.insertInto('project_usage').values(usage).execute()
    await tx.insertInto('project_blob').values({ project_id: projectId, digest: 'sha256:known', size: 60 }).execute()
  })
  const to = { actor: system, projectId, repositoryName }
  const ask = async (kind: Arrival['kind'], digest: string, addedBytes: number) =>
    await assertRoom(database.read, to, { kind, digest, addedBytes }).then(
      () => 'room',
      (error: unknown) => (error as { code?: unknown }).code ?? error,
    )
  return { ...registry, to, ask }
}

describeEachDatabase('room in a project', (open) => {
  test('is there up to the last byte, and not beyond', async () => {
    const { ask } = await compose(open, 100, 60)
    expect(await ask('manifest', 'sha256:new', 40)).toBe('room')
    expect(await ask('manifest', 'sha256:new', 41)).toBe('QUOTA_EXCEEDED')
  })

  test('is needed neither for nothing nor for a blob that is counted, also above the limit', async () => {
    const { ask } = await compose(open, 10, 60)
    expect(await ask('manifest', 'sha256:new', 0)).toBe('room')
    expect(await ask('blob', 'sha256:known', 60)).toBe('room')
    expect(await ask('blob', 'sha256:new', 60)).toBe('QUOTA_EXCEEDED')
    // A manifest is counted before it is asked about, so its digest excuses nothing.
    expect(await ask('manifest', 'sha256:known', 60)).toBe('QUOTA_EXCEEDED')
  })

  test('is without end where there is no limit, or nobody is held to it', async () => {
    expect(await (await compose(open, -1, 60)).ask('manifest', 'sha256:new', 1_000_000)).toBe('room')
    const { database, ask } = await compose(open, 10, 60)
    await database.write(async (tx) => {
      const setting = { name: 'quota_per_project_enable', value: 'false', updated_at: 0 }
      await tx.insertInto('setting').values(setting).execute()
    })
    expect(await ask('manifest', 'sha256:new', 1_000_000)).toBe('room')
  })

  test('that was not there is announced once, and what else fails is not', async () => {
    const { database, events, to } = await compose(open, 10, 60)
    const full = () => assertRoom(database.read, to, { kind: 'blob', digest: 'sha256:new', addedBytes: 1 })
    const broken = async () => {
      throw new TypeError('something else')
    }
    for (const work of [full, broken]) await announcingExcess({ database, events }, to, work).catch(() => undefined)
    expect(await database.read.selectFrom('event').select('type').execute()).toEqual([{ type: 'quota_exceeded' }])
  })
})
