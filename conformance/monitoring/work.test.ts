import { expect, setDefaultTimeout, test } from 'bun:test'
import { alertsMissing, runCommandOf, Watch } from '../harness/alerts.ts'
import { describeOnEachDatabase } from '../harness/each-database.ts'
import { createUniqueImage } from '../harness/image.ts'
import { skipLoudly } from '../harness/real-client.ts'
import { V2Client } from '../harness/v2-client.ts'
import { ApiClient } from '../api/contract-client.ts'

setDefaultTimeout(90_000)

const hourMs = 3_600_000

if (alertsMissing !== undefined) skipLoudly('alerts about work', alertsMissing)
else
  describeOnEachDatabase(
    'an alert about work',
    (registry, query) => {
      test('says that a job has failed, the first one too, for an hour', async () => {
        const { control } = registry()
        await new V2Client(registry()).pushImage('library/app', createUniqueImage(), 'v1')
        const watch = new Watch(registry())
        await watch.stands(10)
        await watch.expectFiring()

        // There is no vulnerability data.
        await new ApiClient(registry()).call(
          'POST /projects/{project_name}/repositories/{repository_name}/artifacts/{reference}/scan',
          { params: { project_name: 'library', repository_name: 'app', reference: 'v1' } },
        )
        await watch.sees('berth_jobs_ended_total', 1, 'kind="scan-artifact",outcome="failed"')
        await watch.stands(2)
        await watch.expectFiring('BerthJobsFail')
        expect(await runCommandOf('BerthJobsFail', control)).toContain('scan-artifact')
        await watch.stands(65)
        await watch.expectFiring()
      })

      test('says that a job waits for a queue that is paused, until it goes on', async () => {
        const { control } = registry()
        const watch = new Watch(registry())
        await control.berth(['job', 'pause', 'SCRUB'])
        await control.berth(['scrub', 'run'])
        await query(`update job set run_at = run_at - ${hourMs} where kind = 'scrub'`)
        const age = [`berth_job_oldest_age_seconds`, 'kind="scrub",status="pending"'] as const
        await watch.sees(age[0], (seconds) => seconds > 1800, age[1])
        await watch.stands(10)
        await watch.expectFiring('BerthJobsStuck')
        expect(await runCommandOf('BerthJobsStuck', control)).toMatch(/SCRUB +1 +\d+ +yes/)

        await control.berth(['job', 'resume', 'SCRUB'])
        await watch.sees(age[0], Number.isNaN, age[1])
        await watch.stands(2)
        await watch.expectFiring()
      })

      test('says that schedules are missed while they are paused, until they go on', async () => {
        const { control } = registry()
        const watch = new Watch(registry())
        await control.berth(['job', 'pause', 'scheduler'])
        await query(`update job_schedule set next_run_at = next_run_at - ${30 * 24 * hourMs}`)
        await watch.sees('berth_schedules_overdue', 1)
        await watch.stands(15)
        await watch.expectFiring('BerthSchedulesMissed')
        expect(await runCommandOf('BerthSchedulesMissed', control)).toMatch(/paused; .*job resume .*scheduler/)

        await control.berth(['job', 'resume', 'scheduler'])
        await watch.sees('berth_schedules_overdue', 0)
        await watch.stands(2)
        await watch.expectFiring()
      })

      test('says that garbage is not collected, also by a process that never could, until it is', async () => {
        const { control } = registry()
        await query('alter table blob_trash rename to blob_trash_elsewhere')
        await control.restart('SIGTERM')
        const watch = new Watch(registry())
        await watch.stands(7 * 60)
        await watch.expectFiring('BerthGarbageNotCollected')
        expect(await runCommandOf('BerthGarbageNotCollected', control)).toMatch(/blob_trash/)

        await query('alter table blob_trash_elsewhere rename to blob_trash')
        await watch.sees('berth_gc_last_run_timestamp_seconds', (at) => at > 0)
        await watch.stands(10)
        // The run that showed what is wrong has failed, too.
        await watch.expectFiring('BerthJobsFail')
      })

      test('says that uploads are left, until they are cleared', async () => {
        const { control } = registry()
        const client = new V2Client(registry())
        const watch = new Watch(registry())
        for (let upload = 0; upload < 101; upload += 1) await client.startUpload('library/app')
        await query('update upload set expires_at = 1')
        await watch.sees('berth_upload_sessions_expired', 101)
        await watch.stands(65)
        await watch.expectFiring('BerthUploadsLeft')
        expect(await runCommandOf('BerthUploadsLeft', control)).toContain('101 have expired')

        await control.restart('SIGTERM', { BERTH_UPLOADS_PURGE_INTERVAL: '1s' })
        await watch.sees('berth_upload_sessions_expired', 0)
        await watch.stands(2)
        await watch.expectFiring()
      })
    },
    {
      postgresInLongForm: true,
      env: {
        BERTH_GARBAGE_COLLECTION_INTERVAL: '1s',
        BERTH_UPLOADS_PURGE_INTERVAL: '1h',
      },
    },
  )
