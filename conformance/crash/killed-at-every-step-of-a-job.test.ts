import { expect, test } from 'bun:test'
import { ApiClient } from '../api/contract-client.ts'
import { describeOnEachDatabase } from '../harness/each-database.ts'

/** Every step of a job, in its order; the registry refuses to start with a name that it does not know. */
const steps = ['job-after-take', 'job-running', 'job-after-checkpoint', 'job-before-result', 'job-after-result']
const kind = 'purge-audit-log'
const oldRecords = 23

interface Purge {
  readonly id: number
  readonly job_status: string
  readonly job_parameters: string
}

describeOnEachDatabase(
  'a registry that is killed in the middle of a job',
  (registry, query) => {
    const count = async (condition: string) =>
      Number((await query(`select count(*) as found from event where ${condition}`))[0]!['found'])

    for (const step of steps) {
      test(`at ${step} finishes it after all, and does nothing of it twice`, async () => {
        const { control } = registry()
        const admin = new ApiClient(registry())
        const hoursAgo = (hours: number) => Date.now() - hours * 3_600_000
        for (let record = 0; record < oldRecords; record++)
          await query(
            `insert into event (type, occurred_at, actor, resource, payload)
             values ('pull_artifact', ${hoursAgo(30) + record}, 'anonymous', 'library/old', '{}')`,
          )
        const announced = await count(`type = 'purge_audit_log'`)

        await control.restart('SIGTERM', { BERTH_TEST_FAULT_POINT: `${step}@${kind}` })
        const body = {
          schedule: { type: 'Manual' },
          parameters: { audit_retention_hour: 24, include_event_types: 'pull_artifact' },
        }
        // The process may die before it has answered: the job is then committed, its answer was never sent. A connection
        // from before the restart fails as well, but then nobody has died.
        let death: Bun.Subprocess['signalCode'] | undefined
        while (death === undefined) {
          const started = await admin.call('POST /system/purgeaudit/schedule', { body }).catch(() => undefined)
          if (started !== undefined) expect([201, 409]).toContain(started.status)
          death = await Promise.race([control.death(), Bun.sleep(2_000).then(() => undefined)])
        }
        expect(death).toBe('SIGKILL')

        await control.restart('SIGKILL')
        const purge = await lastEnded(admin)
        expect(purge.job_status).toBe('Success')
        expect(JSON.parse(purge.job_parameters)).toMatchObject({ purged_count: oldRecords })
        expect(await count(`occurred_at < ${hoursAgo(24)}`)).toBe(0)
        expect(await count(`type = 'purge_audit_log'`)).toBe(announced + 1)
        const job = await admin.call('GET /jobs/{job_id}', { params: { job_id: purge.id } })
        expect(job.body).toMatchObject({ status: 'succeeded', attempts: step === 'job-after-result' ? 1 : 2 })
      }, 60_000)
    }
  },
  { env: { BERTH_JOBS_LEASE: '1s' } },
)

async function lastEnded(admin: ApiClient): Promise<Purge> {
  for (;;) {
    const { body } = await admin.call<Purge[]>('GET /system/purgeaudit', { query: 'page_size=1' })
    if (['Success', 'Error', 'Stopped'].includes(body[0]!.job_status)) return body[0]!
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}
