import { expect, test } from 'bun:test'
import type { Database } from '#server/database/database.ts'
import { enqueueJob } from '#server/domain/jobs/enqueue.ts'
import { Jobs } from '#server/domain/jobs/jobs.ts'
import { describeEachDatabase } from '#server-test/databases.ts'
import { composeChainForTest } from '#server-test/audit-chain.ts'
import { TestClock } from '#server-test/registry-for-test.ts'
import { jobKind } from './job-kind.ts'
import { purgeAuditLogJob, type PurgeAuditLogPayload } from '../domain/audit/purge-job.ts'
import { composePurgeAuditLog } from './purge-audit-log.ts'
import { JobWorker } from './worker.ts'
import { Events } from '../domain/events/events.ts'

const actor = { kind: 'system', name: 'ada' } as const
const hour = 3_600_000

/** One pull and one login an hour, from so many hours ago until now. */
async function composePurge(database: Database, hours: number, keepAtLeastMs = 0) {
  const clock = new TestClock()
  const rows = Array.from({ length: hours }, (_, ago) =>
    (['pull_artifact', 'login_user'] as const).map((type) => ({
      type,
      occurred_at: clock.now() - (hours - ago) * hour,
      actor: 'user:1',
      project_id: null,
      resource: 'x',
      payload: '{}',
    })),
  ).flat()
  await database.write(async (tx) => {
    for (let start = 0; start < rows.length; start += 1_000)
      await tx
        .insertInto('event')
        .values(rows.slice(start, start + 1_000))
        .execute()
  })
  const events = new Events({ clock })
  const chain = composeChainForTest({ database, clock, events })
  const jobs = new Jobs({ database, clock, events })
  const errors: unknown[] = []
  const worker = new JobWorker({
    database,
    clock,
    kinds: [jobKind(composePurgeAuditLog({ database, clock, events, chain, keepAtLeastMs }))],
    process: { id: 'worker', host: 'here', pid: 1 },
    concurrency: 1,
    keepMs: hour,
    onError: (_doing, error) => errors.push(error),
  })
  const purge = async (payload: Partial<PurgeAuditLogPayload>) => {
    const whole = { retentionHours: 24, eventTypes: ['pull_artifact'], dryRun: false, ...payload }
    const { id } = await database.write((tx) =>
      enqueueJob(tx, clock, { ...purgeAuditLogJob.of(whole), trigger: 'event', actor }),
    )
    await worker.tick()
    await worker.idle()
    expect(errors).toEqual([])
    return await jobs.getJob(id)
  }
  const left = async (type: string) =>
    (
      await database.read
        .selectFrom('event')
        .select('occurred_at')
        .where('type', '=', type as never)
        .execute()
    ).map(({ occurred_at }) => (clock.now() - occurred_at) / hour)
  return { purge, left, jobs, chain }
}

describeEachDatabase('a purge of the audit log', (open) => {
  test('takes the types that were named, and of them what is older than was said', async () => {
    const { purge, left } = await composePurge(await open(), 30)
    expect(await purge({})).toMatchObject({ status: 'succeeded', result: { purged: 6, dryRun: false } })
    expect(Math.max(...(await left('pull_artifact')))).toBe(24)
    expect((await left('pull_artifact')).length).toBe(24)
    expect((await left('login_user')).length).toBe(30)
  })

  test('leaves a chain in which nothing is missing', async () => {
    const { purge, chain } = await composePurge(await open(), 30)
    await purge({})
    expect(await chain.verify()).toMatchObject({ purged: 6, findings: [] })
  })

  test('below what the configuration keeps takes nothing, and says so', async () => {
    const { purge, left } = await composePurge(await open(), 30, 12 * hour)
    const { status, error } = await purge({ retentionHours: 11 })
    expect([status, error]).toEqual([
      'failed',
      expect.stringContaining('audit.keep_at_least keeps records for 12 hours'),
    ])
    expect((await left('pull_artifact')).length).toBe(30)
  })

  test('leaves one record of itself, in the name of who asked for it', async () => {
    const database = await open()
    const { purge } = await composePurge(database, 30)
    await purge({})
    await purge({})
    const told = await database.read.selectFrom('event').selectAll().where('type', '=', 'purge_audit_log').execute()
    expect(told).toMatchObject([{ username: 'ada', resource: 'audit log' }])
    expect(JSON.parse(told[0]!.payload)).toMatchObject({ records: 6 })
  })

  test('counts in a dry run, and takes nothing', async () => {
    const database = await open()
    const { purge, left } = await composePurge(database, 30)
    const dry = await purge({ dryRun: true, eventTypes: ['pull_artifact', 'login_user'] })
    expect(dry).toMatchObject({ status: 'succeeded', result: { purged: 12, dryRun: true } })
    expect((await left('pull_artifact')).length).toBe(30)
    expect(
      await database.read.selectFrom('event').select('id').where('type', '=', 'purge_audit_log').execute(),
    ).toEqual([])
  })

  test('takes nothing when no type is named, or none that there is', async () => {
    const { purge, left } = await composePurge(await open(), 30)
    expect(await purge({ eventTypes: [] })).toMatchObject({ result: { purged: 0 } })
    expect(await purge({ eventTypes: ['launch_rocket'] })).toMatchObject({ result: { purged: 0 } })
    expect((await left('pull_artifact')).length).toBe(30)
  })

  test('goes through a long log in parts, and all of it', async () => {
    const { purge, left } = await composePurge(await open(), 8_000)
    const job = await purge({ retentionHours: 1 })
    expect(job).toMatchObject({ result: { purged: 7_999 } })
    expect(job.progress).toMatchObject({ step: 'purge', records: 7_999 })
    expect((await left('pull_artifact')).length).toBe(1)
  }, 30_000)

  test('with hours that cannot be fails at once', async () => {
    const { purge } = await composePurge(await open(), 2)
    expect(await purge({ retentionHours: 0 })).toMatchObject({ status: 'failed', attempts: 1 })
  })
})
