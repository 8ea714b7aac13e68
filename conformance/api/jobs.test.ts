import { expect, test } from 'bun:test'
import { addAccount, describeControlledScenario } from '../harness/scenario.ts'
import { ApiClient, basicOf } from './contract-client.ts'

interface History {
  readonly id: number
  readonly job_status: string
  readonly job_kind: string
  readonly job_parameters: string
}

describeControlledScenario('jobs of the API', (registry) => {
  const admin = () => new ApiClient(registry())
  const textOf = async (path: string) => {
    const answer = await fetch(`${registry().url}/api/v2.0${path}`, { headers: { authorization: basicOf(registry()) } })
    return { status: answer.status, text: await answer.text() }
  }
  const idIn = (headers: Headers) =>
    Number(/\/api\/v2\.0\/system\/purgeaudit\/(\d+)$/.exec(headers.get('location') ?? '')?.[1])
  const startPurge = (parameters: object) =>
    admin().call('POST /system/purgeaudit/schedule', { body: { schedule: { type: 'Manual' }, parameters } })
  const ended = async (id: number): Promise<History> => {
    for (;;) {
      const { body } = await admin().call<History>('GET /system/purgeaudit/{purge_id}', { params: { purge_id: id } })
      if (['Success', 'Error', 'Stopped'].includes(body.job_status)) return body
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }

  test('a purge that is started by hand runs, and tells in history and log what it did', async () => {
    const parameters = { audit_retention_hour: 1, dry_run: true, include_event_types: 'create_user,login_user' }
    const started = await startPurge(parameters)
    expect(started.status).toBe(201)
    const purge = await ended(idIn(started.headers))
    expect(purge).toMatchObject({ job_status: 'Success', job_kind: 'MANUAL', job_name: 'PURGE_AUDIT_LOG' })
    expect(JSON.parse(purge.job_parameters)).toEqual({ ...parameters, purged_count: 0 })
    const history = await admin().call<History[]>('GET /system/purgeaudit', { query: 'page_size=1&q=status=Success' })
    expect(history.body).toEqual([purge])
    expect(history.headers.get('x-total-count')).toBe('1')
    const log = await textOf(`/system/purgeaudit/${purge.id}/log`)
    expect(log).toEqual({ status: 200, text: expect.stringMatching(/^\d{4}-\d\d-\d\dT\S+Z there are no records/) })
    expect(await textOf(`/jobservice/jobs/${purge.id}/log`)).toEqual(log)
    const none = await admin().call<History[]>('GET /system/purgeaudit', { query: 'q=status=Error' })
    expect(none.body).toEqual([])
  })

  test('a purge without hours, or with none that can be, is refused', async () => {
    for (const parameters of [
      {},
      { audit_retention_hour: 0 },
      { audit_retention_hour: 'x' },
      { audit_retention_hour: 240_001 },
    ])
      expect((await startPurge(parameters)).status).toBe(400)
    const { status } = await admin().call('GET /system/purgeaudit/{purge_id}', { params: { purge_id: 99_999 } })
    expect(status).toBe(404)
  })

  test('a schedule is set, shown with its next time, listed among all schedules, and taken away', async () => {
    const parameters = { audit_retention_hour: 48, include_operations: 'pull' }
    const set = (schedule: object, method = 'POST') =>
      admin().call(`${method} /system/purgeaudit/schedule`, { body: { schedule, parameters } })
    const shown = async () => (await admin().call<Record<string, unknown>>('GET /system/purgeaudit/schedule')).body
    expect(await shown()).toEqual({})
    expect((await set({ type: 'Custom' })).status).toBe(400)
    expect((await set({ type: 'Custom', cron: '0 30 2 * *' })).status).toBe(400)
    expect((await set({ type: 'Custom', cron: '0 30 25 * * *' })).status).toBe(400)
    expect((await set({ type: 'Custom', cron: '0 30 2 * * *', time_zone: 'Mars/Olympus' })).status).toBe(400)
    expect((await set({ type: 'Custom', cron: '0 30 2 * * *', time_zone: 'Asia/Shanghai' })).status).toBe(201)
    const custom = (await shown()) as { schedule: { next_scheduled_time: string }; job_parameters: string }
    expect(custom.schedule).toMatchObject({ type: 'Custom', cron: '0 30 2 * * *', time_zone: 'Asia/Shanghai' })
    expect(custom.schedule.next_scheduled_time).toMatch(/T18:30:00\.000Z$/)
    expect(JSON.parse(custom.job_parameters)).toMatchObject({ include_event_types: 'pull_artifact', dry_run: false })
    expect((await set({ type: 'Daily', cron: '0 0 0 * * *' }, 'PUT')).status).toBe(200)
    const listed = await admin().call('GET /schedules')
    expect(listed.body).toEqual([
      expect.objectContaining({ vendor_type: 'PURGE_AUDIT_LOG', cron: '0 0 0 * * *', name: 'purge-audit-log' }),
    ])
    expect(listed.headers.get('x-total-count')).toBe('1')
    expect((await set({ type: 'None' }, 'PUT')).status).toBe(200)
    expect(await shown()).toEqual({})
  })

  test('a paused kind of job waits until it is resumed, and what waits can be stopped', async () => {
    const act = (type: string, action: string) =>
      admin().call('PUT /jobservice/queues/{job_type}', { params: { job_type: type }, body: { action } })
    const queue = async () => {
      const { body } = await admin().call<{ job_type: string }[]>('GET /jobservice/queues')
      return body.find(({ job_type }) => job_type === 'PURGE_AUDIT_LOG')
    }
    const parameters = { audit_retention_hour: 24, include_event_types: 'pull_artifact' }
    expect((await act('PURGE_AUDIT_LOG', 'pause')).status).toBe(200)
    const first = idIn((await startPurge(parameters)).headers)
    expect((await startPurge(parameters)).status).toBe(409)
    expect(await queue()).toMatchObject({ count: 1, paused: true })
    expect((await act('purge_audit_log', 'stop')).status).toBe(200)
    expect(await ended(first)).toMatchObject({ job_status: 'Stopped' })
    const second = idIn((await startPurge(parameters)).headers)
    expect((await act('all', 'resume')).status).toBe(200)
    expect(await ended(second)).toMatchObject({ job_status: 'Success' })
    expect(await queue()).toMatchObject({ count: 0, latency: 0, paused: false })
    expect((await act('none', 'pause')).status).toBe(404)
    expect((await act('all', 'explode')).status).toBe(422)
  })

  test('a paused scheduler says so', async () => {
    const paused = async () =>
      (await admin().call('GET /schedules/{job_type}/paused', { params: { job_type: 'all' } })).body
    const act = (action: string) =>
      admin().call('PUT /jobservice/queues/{job_type}', { params: { job_type: 'SCHEDULER' }, body: { action } })
    expect(await paused()).toEqual({ paused: false })
    await act('pause')
    expect(await paused()).toEqual({ paused: true })
    await act('resume')
    expect(await paused()).toEqual({ paused: false })
  })

  test('the process that does the jobs is a pool with its workers', async () => {
    const pools =
      await admin().call<{ worker_pool_id: string; concurrency: number; pid: number }[]>('GET /jobservice/pools')
    expect(pools.body).toEqual([expect.objectContaining({ concurrency: 10, host: expect.any(String) })])
    const [pool] = pools.body
    const workersOf = (id: string) =>
      admin().call<object[]>('GET /jobservice/pools/{pool_id}/workers', { params: { pool_id: id } })
    expect((await workersOf(pool!.worker_pool_id)).body.length).toBe(10)
    expect((await workersOf('all')).body.length).toBe(10)
    expect((await workersOf('none')).status).toBe(404)
  })

  test('what was done to jobs and schedules stands in the audit log', async () => {
    const { body } = await admin().call<{ operation: string; resource_type: string }[]>('GET /auditlog-exts', {
      query: 'page_size=100',
    })
    const seen = new Set(body.map(({ operation, resource_type }) => `${operation} ${resource_type}`))
    for (const expected of [
      'start job',
      'stop job',
      'pause job_queue',
      'resume job_queue',
      'create schedule',
      'delete schedule',
    ])
      expect(seen).toContain(expected)
  })

  test('accounts without the permission see no job', async () => {
    const ada = new ApiClient(registry(), await addAccount(registry()))
    for (const operation of ['GET /jobservice/queues', 'GET /system/purgeaudit', 'GET /schedules'])
      expect((await ada.call(operation)).status).toBe(403)
  })
})
