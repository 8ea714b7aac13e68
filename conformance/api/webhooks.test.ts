import { afterAll, beforeAll, expect, test } from 'bun:test'
import { createHmac } from 'node:crypto'
import { addAccount, addProject, describeControlledScenario } from '../harness/scenario.ts'
import { createUniqueImage } from '../harness/image.ts'
import { V2Client } from '../harness/v2-client.ts'
import { ApiClient, basicOf } from './contract-client.ts'

const inProject = '/projects/{project_name_or_id}/webhook'
const item = `${inProject}/policies/{webhook_policy_id}`

interface Received {
  readonly path: string
  readonly headers: Headers
  readonly body: string
}

/** Somebody who is told. */
function startReceiver() {
  const received: Received[] = []
  let status = 200
  const server = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    async fetch(request) {
      received.push({ path: new URL(request.url).pathname, headers: request.headers, body: await request.text() })
      return new Response('noted', { status })
    },
  })
  return {
    received,
    url: `http://127.0.0.1:${server.port}`,
    answerWith: (next: number) => (status = next),
    stop: () => server.stop(true),
  }
}

async function until<T>(ask: () => T | undefined | Promise<T | undefined>): Promise<T> {
  for (;;) {
    const answer = await ask()
    if (answer !== undefined) return answer
    await Bun.sleep(50)
  }
}

describeControlledScenario(
  'webhooks',
  (registry) => {
    let receiver: ReturnType<typeof startReceiver>
    beforeAll(() => {
      receiver = startReceiver()
    })
    afterAll(() => receiver.stop())
    const admin = () => new ApiClient(registry())

    async function listen(path: string, eventTypes: readonly string[], target: Record<string, unknown> = {}) {
      const project = await addProject(registry())
      const params = { project_name_or_id: project }
      const created = await admin().call(`POST ${inProject}/policies`, {
        params,
        body: {
          name: 'hook',
          enabled: true,
          event_types: eventTypes,
          targets: [{ type: 'http', address: `${receiver.url}${path}`, ...target }],
        },
      })
      expect(created.status).toBe(201)
      const id = Number(/\/policies\/(\d+)$/.exec(created.headers.get('location') ?? '')?.[1])
      expect(id).toBeGreaterThan(0)
      return { project, params: { ...params, webhook_policy_id: id } }
    }
    const got = (path: string) => receiver.received.filter((each) => each.path === path)
    const first = async (path: string) => await until(() => got(path)[0])

    test('a push is told to the address, with the header and a signature that can be checked', async () => {
      const secret = `whsec_${Buffer.from('a secret of the receiver').toString('base64')}`
      const { project } = await listen('/push', ['PUSH_ARTIFACT'], {
        auth_header: 'Bearer let-me-in',
        signing_secret: secret,
      })
      const image = await createUniqueImage()
      await new V2Client(registry()).pushImage(`${project}/team/app`, image, 'v1')
      const { headers, body } = await first('/push')
      expect(headers.get('content-type')).toBe('application/json')
      expect(headers.get('authorization')).toBe('Bearer let-me-in')
      const signed = `${headers.get('webhook-id')}.${headers.get('webhook-timestamp')}.${body}`
      const key = Buffer.from('a secret of the receiver')
      expect(headers.get('webhook-signature')).toBe(`v1,${createHmac('sha256', key).update(signed).digest('base64')}`)
      expect(JSON.parse(body)).toMatchObject({
        type: 'PUSH_ARTIFACT',
        operator: 'admin',
        event_data: {
          resources: [{ digest: image.descriptor.digest, tag: 'v1' }],
          repository: { name: 'team/app', namespace: project, repo_type: 'private' },
        },
      })
    })

    test('an execution shows the body as it was sent, and its log how it went', async () => {
      const { project, params } = await listen('/shown', ['PUSH_ARTIFACT'])
      await new V2Client(registry()).pushImage(`${project}/app`, await createUniqueImage(), 'v1')
      const { body } = await first('/shown')
      interface Execution {
        readonly id: number
        readonly status: string
        readonly extra_attrs: { readonly payload: string }
      }
      const done = await until(async () => {
        const { body: rows } = await admin().call<Execution[]>(`GET ${item}/executions`, { params })
        return rows[0]?.status === 'Success' ? rows[0] : undefined
      })
      expect(done.extra_attrs.payload).toBe(body)
      const one = { ...params, execution_id: done.id }
      const { body: tasks } = await admin().call<{ id: number }[]>(`GET ${item}/executions/{execution_id}/tasks`, {
        params: one,
      })
      expect(tasks).toHaveLength(1)
      const place = `${registry().url}/api/v2.0/projects/${project}/webhook/policies/${params.webhook_policy_id}/executions/${done.id}/tasks/${tasks[0]!.id}/log`
      const log = await fetch(place, { headers: { authorization: basicOf(registry()) } })
      expect(await log.text()).toContain('success to run webhook job')
      const { body: last } = await admin().call<{ last_trigger_time: string }[]>(`GET ${inProject}/lasttrigger`, {
        params,
      })
      expect(Date.parse(last[0]!.last_trigger_time)).toBeGreaterThan(Date.now() - 600_000)
      const jobs = await admin().call<unknown[]>(`GET ${inProject}/jobs`, {
        params,
        query: `policy_id=${params.webhook_policy_id}&status=Success`,
      })
      expect(jobs.body).toHaveLength(1)
    })

    test('a pull, a deletion with every tag, and a refusal for want of room are told too', async () => {
      const { project, params } = await listen('/all', ['PULL_ARTIFACT', 'DELETE_ARTIFACT', 'QUOTA_EXCEED'])
      const client = new V2Client(registry())
      const image = await createUniqueImage()
      await client.pushImage(`${project}/app`, image, 'v1')
      await client.pushImage(`${project}/app`, image, 'v2')
      await until(async () => {
        await client.request(`/v2/${project}/app/manifests/v1`)
        return got('/all').find(({ body }) => body.includes('PULL_ARTIFACT'))
      })
      await client.request(`/v2/${project}/app/manifests/${image.descriptor.digest}`, { method: 'DELETE' })
      const deleted = await until(() => got('/all').find(({ body }) => body.includes('DELETE_ARTIFACT')))
      const { resources } = (JSON.parse(deleted.body) as { event_data: { resources: { tag: string }[] } }).event_data
      expect(resources.map(({ tag }) => tag).toSorted()).toEqual(['v1', 'v2'])
      const { body: quotas } = await admin().call<{ id: number }[]>('GET /quotas', {
        query: `reference=project&reference_id=${await idOf(params.project_name_or_id)}`,
      })
      await admin().call('PUT /quotas/{id}', { params: { id: quotas[0]!.id }, body: { hard: { storage: 1 } } })
      await client.pushImage(`${project}/app`, await createUniqueImage(), 'v3').catch(() => {})
      const exceeded = await until(() => got('/all').find(({ body }) => body.includes('QUOTA_EXCEED')))
      expect(JSON.parse(exceeded.body)).toMatchObject({
        event_data: { custom_attributes: { Details: expect.any(String) } },
      })
    })
    const idOf = async (name: string) =>
      (
        await admin().call<{ project_id: number }>('GET /projects/{project_name_or_id}', {
          params: { project_name_or_id: name },
        })
      ).body.project_id

    test('what an address does not take is sent again, and a person can ask for it once more', async () => {
      const { project, params } = await listen('/refusing', ['PUSH_ARTIFACT'], { payload_format: 'CloudEvents' })
      receiver.answerWith(400)
      await new V2Client(registry()).pushImage(`${project}/app`, await createUniqueImage(), 'v1')
      const { headers } = await first('/refusing')
      expect(headers.get('content-type')).toBe('application/cloudevents+json')
      await until(async () => {
        const { body } = await admin().call<{ status: string }[]>(`GET ${item}/executions`, {
          params,
          query: 'q=status%3DError',
        })
        return body[0]
      })
      receiver.answerWith(200)
      const url = `${registry().url}/api/v2.0/projects/${project}/webhook/policies/${params.webhook_policy_id}`
      const again = await fetch(`${url}/redeliver`, { method: 'POST', headers: { authorization: basicOf(registry()) } })
      expect([again.status, await again.json()]).toEqual([202, { deliveries: 1 }])
      const second = await until(() => got('/refusing')[1])
      expect(second.headers.get('webhook-id')).toBe(headers.get('webhook-id'))
      const tried = await fetch(`${url}/test`, { method: 'POST', headers: { authorization: basicOf(registry()) } })
      expect(tried.status).toBe(202)
      expect(JSON.parse((await until(() => got('/refusing')[2])).body)).toMatchObject({ data: { test: true } })
    })

    test('who may not change a webhook sees no secret of it', async () => {
      const guest = await addAccount(registry())
      const maintainer = await addAccount(registry())
      const project = await addProject(registry(), [
        { username: guest.username, role: 'guest' },
        { username: maintainer.username, role: 'maintainer' },
      ])
      const params = { project_name_or_id: project }
      const target = { type: 'slack', address: `${receiver.url}/services/T0/B0/secret` }
      const other = {
        type: 'http',
        address: `${receiver.url}/x?token=secret`,
        auth_header: 'secret',
        signing_secret: 'secret',
      }
      await admin().call(`POST ${inProject}/policies`, {
        params,
        body: { name: 'hook', enabled: true, event_types: ['PUSH_ARTIFACT'], targets: [target, other] },
      })
      const seen = async (client: ApiClient) => await client.call(`GET ${inProject}/policies`, { params })
      expect((await seen(new ApiClient(registry(), guest))).status).toBe(403)
      const read = await seen(new ApiClient(registry(), maintainer))
      expect(read.status).toBe(200)
      expect(JSON.stringify(read.body)).not.toContain('secret')
      expect(JSON.stringify((await seen(admin())).body)).toContain('B0/secret')
    })

    test.each([
      [{ event_types: [] }, 'empty event type'],
      [{ event_types: ['NOTHING'] }, 'unsupported event type NOTHING'],
      [{ targets: [] }, 'empty notification target with policy hook'],
      [{ targets: [{ type: 'http', address: '' }] }, 'empty URL'],
      [{ targets: [{ type: 'pager', address: 'http://x' }] }, 'unsupported target type pager with policy hook'],
    ])('%j is refused in Harbor’s words', async (change, message) => {
      const params = { project_name_or_id: await addProject(registry()) }
      const body = {
        ...{ name: 'hook', enabled: true, event_types: ['PUSH_ARTIFACT'] },
        targets: [{ type: 'http', address: 'https://202.10.12.13' }],
        ...change,
      }
      const refused = await admin().call<{ errors: { message: string }[] }>(`POST ${inProject}/policies`, {
        params,
        body,
      })
      expect([refused.status, refused.body.errors[0]!.message]).toEqual([400, message])
    })

    test('a webhook that went is unknown, and a name is taken once in a project', async () => {
      const { params } = await listen('/gone', ['PUSH_ARTIFACT'])
      const body = {
        ...{ name: 'hook', enabled: true, event_types: ['PUSH_ARTIFACT'] },
        targets: [{ type: 'http', address: receiver.url }],
      }
      const twice = await admin().call<{ errors: { message: string }[] }>(`POST ${inProject}/policies`, {
        params,
        body,
      })
      expect([twice.status, twice.body.errors[0]!.message]).toEqual([
        409,
        'notification policy named hook already exists',
      ])
      expect((await admin().call(`PUT ${item}`, { params, body: { ...body, enabled: false } })).status).toBe(200)
      expect((await admin().call(`DELETE ${item}`, { params })).status).toBe(200)
      const gone = await admin().call<{ errors: unknown[] }>(`GET ${item}`, { params })
      expect(gone.body.errors).toEqual([
        { code: 'NOT_FOUND', message: `notificationPolicy ${params.webhook_policy_id} not found` },
      ])
    })
  },
  { env: { BERTH_OUTBOUND_ALLOW_LOCAL: 'true' } },
)

describeControlledScenario('a webhook to this machine', (registry) => {
  test('is not called where the operator has not allowed it', async () => {
    const receiver = startReceiver()
    const admin = new ApiClient(registry())
    const project = await addProject(registry())
    const params = { project_name_or_id: project }
    const created = await admin.call(`POST ${inProject}/policies`, {
      params,
      body: {
        ...{ name: 'inward', enabled: true, event_types: ['PUSH_ARTIFACT'] },
        targets: [{ type: 'http', address: receiver.url }],
      },
    })
    const id = created.headers.get('location')!.split('/').at(-1)!
    await new V2Client(registry()).pushImage(`${project}/app`, await createUniqueImage(), 'v1')
    const place = `${registry().url}/api/v2.0/projects/${project}/webhook/policies/${id}/executions`
    const log = await until(async () => {
      const answer = await fetch(place, { headers: { authorization: basicOf(registry()) } })
      const [row] = (await answer.json()) as { id: number; status: string }[]
      if (row?.status !== 'Running') return undefined
      const text = await fetch(`${place}/${row.id}/tasks/${row.id}/log`, {
        headers: { authorization: basicOf(registry()) },
      })
      return await text.text()
    })
    expect(log).toContain('is an address of this machine')
    expect(receiver.received).toEqual([])
    await receiver.stop()
  })
})
