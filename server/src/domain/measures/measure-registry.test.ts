import { expect, test } from 'bun:test'
import { describeEachDatabase } from '#server-test/databases.ts'
import { composeRegistryForTest, system } from '#server-test/registry-for-test.ts'
import { enqueueJob } from '../jobs/enqueue.ts'
import { measureProjects } from './measure-projects.ts'
import { measureRegistry } from './measure-registry.ts'

const bytes = (text: string) => new TextEncoder().encode(text)

describeEachDatabase('the measures of a registry', (open) => {
  test('count what is there, each blob once, and what waits', async () => {
    const registry = await composeRegistryForTest(await open())
    const { database, clock } = registry
    await registry.pushImage('library/a', 'v1', [bytes('config'), bytes('layer')])
    await registry.pushImage('library/b', 'v1', [bytes('config'), bytes('other')])
    await database.write(async (tx) => {
      const job = { kind: 'scrub', payload: {}, trigger: 'manual', actor: system } as const
      await enqueueJob(tx, clock, job)
    })
    // The second push of the same config left its first bytes to the sweep.
    clock.advance(7_000)
    const found = await measureRegistry(database, clock.now())
    expect(found).toMatchObject({
      ...{ artifacts: 2, tags: 2, blobs: 3, blobBytes: 16, doomedBytes: 6, damagedBlobs: 0 },
      ...{ scrub: undefined, quotas: { limited: 0, nearlyFull: 0, full: 0 }, lastRuns: [] },
      uploads: { expired: 0 },
      schedules: { total: 0, overdue: 0 },
    })
    expect(found.repositories.public + found.repositories.private).toBe(2)
    const [job] = found.jobs
    expect([job!.kind, job!.status, job!.count, found.at - job!.oldestAt]).toEqual(['scrub', 'pending', 1, 7_000])
    const [library] = await measureProjects(database)
    expect(library).toMatchObject({ name: 'library', quotaBytes: -1, repositories: 2, artifacts: 2, pulls: 0 })
    expect(library!.usedBytes).toBeGreaterThan(16)
  })

  test('know how old the vulnerability data is, and that there is none', async () => {
    const { database, clock } = await composeRegistryForTest(await open())
    expect((await measureRegistry(database, clock.now())).vulnerabilityData).toBeUndefined()
    const generation = { digest: 'sha256:0', size: 1, sources: '[]', username: 'test' }
    await database.write(async (tx) => {
      const [kept, inUse] = [
        { number: 1, data_time: 1, imported_at: 2 },
        { number: 2, data_time: null, imported_at: 3 },
      ]
      await tx
        .insertInto('advisory_generation')
        .values([
          { ...generation, ...kept, state: 'kept' },
          { ...generation, ...inUse, state: 'in-use' },
        ])
        .execute()
    })
    const found = await measureRegistry(database, clock.now())
    expect(found.vulnerabilityData).toEqual({ publishedAt: undefined, pulledAt: undefined, importedAt: 3 })
  })

  test('know quotas that are used up, uploads that have expired and schedules that are late', async () => {
    const registry = await composeRegistryForTest(await open())
    const { database, clock } = registry
    await registry.pushImage('library/a', 'v1', [bytes('config'), bytes('layer')])
    const project = await database.read.selectFrom('project').select('id').executeTakeFirstOrThrow()
    const repository = await database.read.selectFrom('repository').select('id').executeTakeFirstOrThrow()
    const now = clock.now()
    await database.write(async (tx) => {
      const limit = { hard_bytes: 1, updated_at: now }
      await tx
        .insertInto('quota')
        .values({ project_id: project.id, ...limit })
        .onConflict((conflict) => conflict.column('project_id').doUpdateSet(limit))
        .execute()
      const upload = { algorithm: 'sha256', actor: 'user:1', digest_state: null, created_at: now } as const
      await tx
        .insertInto('upload')
        .values({ id: 'one', repository_id: repository.id, offset: 100, expires_at: now - 1, ...upload })
        .execute()
      const schedule = { kind: 'scrub', payload: '{}', preset: 'daily', cron: '0 0 0 * * *', time_zone: 'UTC' } as const
      const who = { actor: 'system:test', username: 'test', created_at: now, updated_at: now }
      await tx
        .insertInto('job_schedule')
        .values({ name: 'scrub', next_run_at: now - 3_600_000, ...schedule, ...who })
        .execute()
    })
    expect(await measureRegistry(database, now)).toMatchObject({
      quotas: { limited: 1, nearlyFull: 1, full: 1 },
      uploads: { expired: 1, bytes: 100 },
      schedules: { total: 1, overdue: 1, latestMs: 3_600_000 },
    })
  })
})
