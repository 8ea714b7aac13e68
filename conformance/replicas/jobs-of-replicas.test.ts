import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { SQL } from 'bun'
import { randomBytes } from 'node:crypto'
import { ApiClient } from '../api/contract-client.ts'
import { createPostgresDatabase, postgresMissing } from '../harness/postgres-database.ts'
import { skipLoudly } from '../harness/real-client.ts'
import type { Replica } from '../harness/replicas.ts'
import { controlMissing, startControlledRegistry } from '../harness/scenario.ts'

const title = 'the jobs of replicas on one PostgreSQL'
const missing = controlMissing ?? postgresMissing
const kind = 'purge-audit-log'
const purgeOfOldPulls = { audit_retention_hour: 24, include_event_types: 'pull_artifact' }

if (missing !== undefined) skipLoudly(title, missing)
else {
  describe(title, () => {
    const owned = new AsyncDisposableStack()
    let replicas: readonly Replica[]
    let sql: SQL
    beforeAll(async () => {
      const database = owned.use(await createPostgresDatabase())
      sql = owned.adopt(new SQL(database.url), (connection) => connection.close())
      const password = randomBytes(12).toString('base64url')
      const env = {
        BERTH_DATABASE_URL: database.url,
        BERTH_ADMIN_PASSWORD: password,
        BERTH_SECRETS_KEY: randomBytes(32).toString('base64'),
        BERTH_JOBS_LEASE: '2s',
      }
      const start = async (): Promise<Replica> => {
        const registry = owned.use(await startControlledRegistry({ env }))
        return { ...registry, password }
      }
      replicas = [await start(), await start(), await start()]
    }, 90_000)
    afterAll(() => owned.disposeAsync())

    test('an occurrence of a schedule is one job, whichever replica looks', async () => {
      const admin = new ApiClient(replicas[0]!)
      const set = (type: string) =>
        admin.call('PUT /system/purgeaudit/schedule', {
          body: { schedule: { type }, parameters: purgeOfOldPulls },
        })
      const began = Date.now()
      await set('Hourly')
      // No request sets what comes every second.
      await sql`update job_schedule set cron = '* * * * * *', next_run_at = ${began} where name = ${kind}`
      const jobs = async () =>
        (await sql`select run_at from job where kind = ${kind} and started_by = 'schedule'`) as { run_at: string }[]
      while ((await jobs()).length < 4) await new Promise((resolve) => setTimeout(resolve, 100))
      await set('None')
      const made = (await jobs()).map(({ run_at }) => Math.floor(Number(run_at) / 1000))
      expect(made.length).toBeLessThanOrEqual(Math.ceil((Date.now() - began) / 1000) + 1)
      const pools = await admin.call<object[]>('GET /jobservice/pools')
      expect(pools.body.length).toBe(3)
    }, 60_000)

    test('a replica that freezes longer than its lease loses the job, and finds that out when it wakes', async () => {
      const [first, second, third] = replicas as [Replica, Replica, Replica]
      const longAgo = Date.now() - 30 * 3_600_000
      await sql`insert into event (type, occurred_at, actor, resource, payload)
        select 'pull_artifact', ${longAgo} + number, 'anonymous', 'library/old', '{}' from generate_series(1, 12000) number`
      // Only the one that will freeze does jobs when the purge begins.
      for (const { control } of [second, third]) process.kill(control.pid(), 'SIGSTOP')
      await first.control.restart('SIGKILL', { BERTH_TEST_FAULT_POINT: `job-after-checkpoint@${kind}:freeze` })
      const body = { schedule: { type: 'Manual' }, parameters: purgeOfOldPulls }
      const begun = await new ApiClient(first).call('POST /system/purgeaudit/schedule', { body })
      const id = Number(/(\d+)$/.exec(begun.headers.get('location') ?? '')?.[1])
      const frozen = first.control.pid()
      while (!(await isStopped(frozen))) await new Promise((resolve) => setTimeout(resolve, 20))
      for (const { control } of [second, third]) process.kill(control.pid(), 'SIGCONT')

      const admin = new ApiClient(second)
      const job = async () =>
        (await admin.call<Record<string, unknown>>('GET /jobs/{job_id}', { params: { job_id: id } })).body
      while ((await job())['status'] !== 'succeeded') await new Promise((resolve) => setTimeout(resolve, 100))
      const ended = await job()
      expect(ended).toMatchObject({ attempts: 2, result: { purged: 12_000, dryRun: false } })

      process.kill(frozen, 'SIGCONT')
      while (!(await first.control.said()).includes('job lost'))
        await new Promise((resolve) => setTimeout(resolve, 100))
      expect(await job()).toEqual(ended)
      const [announced] = await sql`select count(*) as found from event where type = 'purge_audit_log'`
      expect(Number(announced.found)).toBe(1)
      expect((await new ApiClient(first).call('GET /jobservice/queues')).status).toBe(200)
    }, 180_000)

    test('who follows a job at one replica sees what another one does', async () => {
      const [first, second] = replicas as [Replica, Replica]
      const begun = await new ApiClient(first).call('POST /system/purgeaudit/schedule', {
        body: { schedule: { type: 'Manual' }, parameters: purgeOfOldPulls },
      })
      const id = Number(/(\d+)$/.exec(begun.headers.get('location') ?? '')?.[1])
      const authorization = `Basic ${Buffer.from(`${second.username}:${second.password}`).toString('base64')}`
      const answer = await fetch(`${second.url}/api/v2.0/jobs/${id}/events`, { headers: { authorization } })
      expect(await answer.text()).toMatch(/event: log\n[\s\S]*"status":"succeeded"[\s\S]*event: end\n/)
    }, 30_000)
  })
}

/** Whether the process is stopped by a signal, as Linux tells it. */
async function isStopped(pid: number): Promise<boolean> {
  const stat = await Bun.file(`/proc/${pid}/stat`).text()
  return stat.slice(stat.lastIndexOf(')') + 2).startsWith('T')
}
