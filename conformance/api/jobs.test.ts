import { expect, test } from 'bun:test'
import { addAccount, describeControlledScenario } from '../harness/scenario.ts'
import { ApiClient, basicOf } from './contract-client.ts'

interface History {
  readonly id: number
  readonly job_status: string
  readonly job_kind: string
  readonly job_parameters: string
}

interface Told {
  readonly event: string
  readonly id: string | undefined
  readonly data: Record<string, unknown>
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
    expect(log.status).toBe(200)
    const lines = log.text.trimEnd().split('\n')
    expect(lines.every((line) => /^\d{4}-\d\d-\d\dT\S+Z /.test(line))).toBe(true)
    expect(lines.map((line) => line.replace(/^\S+ /, ''))).toEqual([
      'Purge audit job start',
      expect.stringMatching(/^there are no records/),
      '[DRYRUN]Purged 0 rows of audit logs',
    ])
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
    ]) {
      const { status, body } = await startPurge(parameters)
      // Its name is said once.
      expect([status, JSON.stringify(body).split('audit_retention_hour').length]).toEqual([400, 2])
    }
    const { status } = await admin().call('GET /system/purgeaudit/{purge_id}', { params: { purge_id: 99_999 } })
    expect(status).toBe(404)
  })

  test('a purge that names no events says that nothing will go', async () => {
    const hours = { audit_retention_hour: 24, dry_run: true }
    for (const names of [{}, { include_event_types: '' }, { include_event_types: 'creat_artifact' }]) {
      const { status, headers } = await startPurge({ ...hours, ...names })
      expect([status, headers.get('warning')]).toEqual([
        201,
        expect.stringContaining('include_event_types names no event'),
      ])
      expect(JSON.parse((await ended(idIn(headers))).job_parameters)).toMatchObject({ purged_count: 0 })
    }
    const { headers } = await startPurge({ ...hours, include_event_types: 'pull_artifact' })
    expect(headers.get('warning')).toBeNull()
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
    expect(JSON.parse(custom.job_parameters)).toMatchObject({ ...parameters, include_event_types: 'pull_artifact' })
    expect((await set({ type: 'Daily', cron: '0 0 0 * * *' }, 'PUT')).status).toBe(200)
    const listed = await admin().call('GET /schedules')
    expect(listed.body).toEqual([
      // What a new registry begins with.
      expect.objectContaining({ vendor_type: 'SCRUB', cron: '0 0 0 * * 0', name: 'scrub' }),
      expect.objectContaining({ vendor_type: 'PURGE_AUDIT_LOG', cron: '0 0 0 * * *', name: 'purge-audit-log' }),
    ])
    expect(listed.headers.get('x-total-count')).toBe('2')
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
    // Harbor leaves zeros out, and its clients see None.
    expect<object | undefined>(await queue()).toEqual({ job_type: 'PURGE_AUDIT_LOG', paused: false })
    expect((await act('none', 'pause')).status).toBe(200)
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
    expect(await workersOf('none')).toMatchObject({ status: 200, body: [] })
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

  /** What comes by a stream until it ends, or `enough` says so. */
  const listen = async (
    path: string,
    headers: Record<string, string> = {},
    enough: (told: readonly Told[]) => boolean = () => false,
  ) => {
    const answer = await fetch(`${registry().url}/api/v2.0${path}`, {
      headers: { authorization: basicOf(registry()), ...headers },
    })
    expect(answer.headers.get('content-type')).toStartWith('text/event-stream')
    const told: Told[] = []
    let rest = ''
    for await (const chunk of answer.body!.pipeThrough(new TextDecoderStream())) {
      const parts = (rest + chunk).split('\n\n')
      rest = parts.pop()!
      for (const part of parts) {
        const fields = Object.fromEntries(part.split('\n').map((line) => line.split(/: (.*)/s)))
        if (fields['event'] !== undefined)
          told.push({ event: fields['event'], id: fields['id'], data: JSON.parse(fields['data']) })
      }
      if (enough(told)) break
    }
    return told
  }
  const pausePurges = (action: 'pause' | 'resume') =>
    admin().call('PUT /jobservice/queues/{job_type}', { params: { job_type: 'PURGE_AUDIT_LOG' }, body: { action } })
  const parameters = { audit_retention_hour: 24, include_event_types: 'pull_artifact' }

  test('who follows a job sees it change, its log, and its end; who comes back sees what is new', async () => {
    await pausePurges('pause')
    const id = idIn((await startPurge(parameters)).headers)
    const following = listen(`/jobs/${id}/events`)
    const all = listen('/jobs/events', {}, (told) =>
      told.some(({ data }) => data['id'] === id && data['status'] === 'succeeded'),
    )
    await new Promise((resolve) => setTimeout(resolve, 200))
    await pausePurges('resume')
    const told = await following
    expect(told.map(({ event }) => event)).toEqual([
      'job',
      ...told.slice(1, -3).map(({ event }) => event),
      'log',
      'job',
      'end',
    ])
    expect(told.find(({ event }) => event === 'log')).toMatchObject({
      id: '1',
      data: { number: 1, line: expect.any(String) },
    })
    expect(told[0]?.data).toMatchObject({ id, kind: 'purge-audit-log', status: 'pending', trigger: 'manual' })
    expect(told.at(-2)?.data).toMatchObject({ id, status: 'succeeded', result: { purged: 0, dryRun: false } })
    expect((await all).some(({ data }) => data['id'] === id)).toBe(true)
    const again = await listen(`/jobs/${id}/events`, { 'last-event-id': '3' })
    expect(again.map(({ event }) => event)).toEqual(['job', 'end'])
  })

  test('jobs are listed page by page, by kind and status, with their logs as lines', async () => {
    const first = await admin().call<{ id: number; status: string }[]>('GET /jobs', {
      query: 'kind=purge-audit-log,none&status=succeeded,failed&page_size=1',
    })
    expect(first.body).toMatchObject([{ kind: 'purge-audit-log', job_type: 'PURGE_AUDIT_LOG', status: 'succeeded' }])
    const link = /cursor=(\d+)/.exec(first.headers.get('link') ?? '')?.[1]
    expect(link).toBe(String(first.body[0]!.id))
    const second = await admin().call<{ id: number }[]>('GET /jobs', { query: `page_size=100&cursor=${link}` })
    expect(second.body.every(({ id }) => id < first.body[0]!.id)).toBe(true)
    expect(second.headers.get('link')).toBe('')
    const typesOf = async (query: string) => {
      const { body } = await admin().call<{ job_type: string }[]>('GET /jobs', { query: `page_size=100&${query}` })
      return new Set(body.map(({ job_type: type }) => type))
    }
    expect(await typesOf('type=PURGE_AUDIT_LOG')).toEqual(new Set(['PURGE_AUDIT_LOG']))
    expect(await typesOf('without=PURGE_AUDIT_LOG')).not.toContain('PURGE_AUDIT_LOG')
    const params = { job_id: first.body[0]!.id }
    expect((await admin().call('GET /jobs/{job_id}', { params })).body).toMatchObject({
      id: params.job_id,
      attempts: 1,
    })
    const log = await admin().call('GET /jobs/{job_id}/log', { params, query: 'page_size=1' })
    expect(log.body).toEqual([{ number: 1, time: expect.any(String), line: expect.any(String) }])
    expect((await admin().call('GET /jobs/{job_id}/log', { params, query: 'after=3' })).body).toEqual([])
    expect((await admin().call('GET /jobs', { query: 'status=Success' })).status).toBe(422)
    expect((await admin().call('GET /jobs/{job_id}', { params: { job_id: 99_999 } })).status).toBe(404)
  })

  test('a robot that looks after purges sees the jobs of that kind', async () => {
    const robot = await admin().call<{ name: string; secret: string }>('POST /robots', {
      body: {
        name: 'auditor',
        level: 'system',
        duration: 1,
        permissions: [{ kind: 'system', namespace: '/', access: [{ resource: 'purge-audit', action: 'read' }] }],
      },
    })
    const auditor = new ApiClient(registry(), { username: robot.body.name, password: robot.body.secret })
    const { body } = await admin().call<{ id: number }[]>('GET /jobs', { query: 'kind=purge-audit-log' })
    expect((await auditor.call('GET /jobs/{job_id}', { params: { job_id: body[0]!.id } })).status).toBe(200)
    expect((await auditor.call('GET /jobs')).status).toBe(403)
    expect((await auditor.call('GET /jobs/{job_id}', { params: { job_id: 99_999 } })).status).toBe(403)
  })

  test('accounts without the permission see no job', async () => {
    const ada = new ApiClient(registry(), await addAccount(registry()))
    for (const operation of ['GET /jobservice/queues', 'GET /system/purgeaudit', 'GET /schedules'])
      expect((await ada.call(operation)).status).toBe(403)
  })
})
