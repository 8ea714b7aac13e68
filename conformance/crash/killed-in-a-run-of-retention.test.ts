import { expect, test } from 'bun:test'
import { ApiClient, basicOf } from '../api/contract-client.ts'
import { describeOnEachDatabase } from '../harness/each-database.ts'
import { createUniqueImage } from '../harness/image.ts'
import { V2Client } from '../harness/v2-client.ts'

interface Task {
  readonly id: number
  readonly execution_id: number
  readonly status: string
  readonly total: number
  readonly retained: number
}

const pushed = ['v1', 'v2', 'v3', 'v4', 'v5', 'v6']

describeOnEachDatabase(
  'a registry that is killed while retention removes',
  (registry) => {
    const kills = [
      ['retention-before-commit', 1],
      ['retention-after-commit', 2],
    ] as const

    test.each(kills)(
      'at %s, %i times, removes what the policy says and nothing else, and counts it once',
      async (step, times) => {
        const { control } = registry()
        const admin = new ApiClient(registry())
        const name = `killed-${crypto.randomUUID().slice(0, 8)}`
        await control.berth(['project', 'create', name])
        const client = new V2Client(registry())
        for (const tag of pushed) await client.pushImage(`${name}/app`, createUniqueImage(), tag)
        const project = await admin.call<{ project_id: number }>('GET /projects/{project_name_or_id}', {
          params: { project_name_or_id: name },
        })
        const selector = (decoration: string) => [{ kind: 'doublestar', decoration, pattern: '**' }]
        const made = await admin.call('POST /retentions', {
          body: {
            algorithm: 'or',
            rules: [
              {
                action: 'retain',
                template: 'latestPushedK',
                params: { latestPushedK: 2 },
                tag_selectors: selector('matches'),
                scope_selectors: { repository: selector('repoMatches') },
              },
            ],
            trigger: { kind: 'Schedule', settings: { cron: '' } },
            scope: { level: 'project', ref: project.body.project_id },
          },
        })
        const id = Number(/\d+$/.exec(made.headers.get('location')!)![0])

        await control.restart('SIGTERM', { BERTH_TEST_FAULT_POINT: step })
        // The process may die before it has answered.
        await admin
          .call('POST /retentions/{id}/executions', { params: { id }, body: { dry_run: false } })
          .catch(() => {})
        expect(await control.death()).toBe('SIGKILL')
        for (let killed = 1; killed < times; killed++) {
          await control.restart('SIGKILL', { BERTH_TEST_FAULT_POINT: step })
          expect(await control.death()).toBe('SIGKILL')
        }

        await control.restart('SIGKILL')
        const task = await ended(admin, id)
        expect(task).toMatchObject({ status: 'Success', total: 6, retained: 2 })
        const left = (await (await client.request(`/v2/${name}/app/tags/list`)).json()) as { tags: string[] }
        expect(left.tags).toEqual(['v5', 'v6'])
        const log = await fetch(
          `${registry().url}/api/v2.0/retentions/${id}/executions/${task.execution_id}/tasks/${task.id}`,
          { headers: { authorization: basicOf(registry()) } },
        )
        const said = (await log.text())
          .split('\n')
          .map((line) => /(keep|remove) +app:(v\d)/.exec(line)?.slice(1).join(' '))
        const decided = new Set(said.filter((line) => line !== undefined))
        expect([...decided].toSorted()).toEqual([
          'keep v5',
          'keep v6',
          'remove v1',
          'remove v2',
          'remove v3',
          'remove v4',
        ])
      },
      60_000,
    )
  },
  { env: { BERTH_JOBS_LEASE: '1s' } },
)

async function ended(admin: ApiClient, id: number): Promise<Task> {
  for (;;) {
    const executions = await admin.call<{ id: number }[]>('GET /retentions/{id}/executions', { params: { id } })
    const params = { id, eid: executions.body[0]?.id ?? 0 }
    const tasks = await admin.call<Task[]>('GET /retentions/{id}/executions/{eid}/tasks', { params })
    const [task] = tasks.body
    if (task !== undefined && ['Success', 'Error', 'Stopped'].includes(task.status)) return task
    await Bun.sleep(100)
  }
}
