import { expect, test } from 'bun:test'
import { createServer, type Socket } from 'node:net'
import { addProject, describeControlledScenario } from '../harness/scenario.ts'
import { createUniqueImage } from '../harness/image.ts'
import { V2Client } from '../harness/v2-client.ts'
import { ApiClient } from './contract-client.ts'

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await Bun.sleep(50)
}

/** A syslog server that keeps what it is sent, and can be taken away and brought back on its port. */
async function startSyslog(port = 0) {
  let text = ''
  const sockets = new Set<Socket>()
  const listen = async (at: number) => {
    const server = createServer((socket) => {
      sockets.add(socket)
      socket.on('data', (chunk) => (text += chunk.toString()))
      socket.on('error', () => {})
    })
    await new Promise<void>((resolve) => server.listen(at, '127.0.0.1', resolve))
    return server
  }
  let server = await listen(port)
  const own = (server.address() as { port: number }).port
  return {
    port: own,
    text: () => text,
    async goAway() {
      for (const socket of sockets) socket.destroy()
      sockets.clear()
      await new Promise((resolve) => server.close(resolve))
    },
    async comeBack() {
      server = await listen(own)
    },
  }
}

interface Document {
  readonly event: { readonly sequence: number; readonly action: string }
}

/** The bulk API as Elasticsearch documents it: an answer for each document; what is there already is a conflict. */
function startIndex() {
  const documents = new Map<string, Document>()
  const seen: { path: string; authorization: string | null }[] = []
  let answer: 'good' | 'busy' | 'half' | 'lost' = 'good'
  const server = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    async fetch(request) {
      seen.push({ path: new URL(request.url).pathname, authorization: request.headers.get('authorization') })
      const lines = (await request.text())
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as unknown)
      if (answer === 'busy') return new Response('{"error":"circuit breaker"}', { status: 429 })
      const items: unknown[] = []
      for (let at = 0; at < lines.length; at += 2) {
        const { _id: id } = (lines[at] as { create: { _id: string } }).create
        const isThere = documents.has(id)
        const isRefused = answer === 'half' && at % 4 === 2
        if (!isThere && !isRefused) documents.set(id, lines[at + 1] as Document)
        items.push({ create: { _id: id, status: isRefused ? 429 : isThere ? 409 : 201 } })
      }
      if (answer === 'lost') return new Response('', { status: 502 })
      return Response.json({ errors: answer !== 'good', items })
    },
  })
  return {
    url: `http://127.0.0.1:${server.port}`,
    documents,
    seen,
    answerWith: (next: typeof answer) => (answer = next),
    stop: () => server.stop(true),
  }
}

const syslog = await startSyslog()
const index = startIndex()

describeControlledScenario(
  'the audit log, forwarded',
  (registry) => {
    const client = () => new V2Client(registry())
    const push = async (project: string, tag: string) =>
      await client().pushImage(`${project}/app`, createUniqueImage(), tag)

    test('arrives in an index as documents, each once and in order, whatever the index answers meanwhile', async () => {
      const project = await addProject(registry())
      for (const answer of ['good', 'busy', 'half', 'lost', 'good'] as const) {
        index.answerWith(answer)
        await push(project, `t-${answer}-${Math.floor(performance.now())}`)
        await Bun.sleep(answer === 'good' ? 0 : 2_500)
      }
      const pushes = () => [...index.documents.values()].filter(({ event }) => event.action === 'push_artifact').length
      await until(() => pushes() === 5)
      const sequence = [...index.documents.values()].map(({ event }) => event.sequence)
      expect(new Set(sequence).size).toBe(sequence.length)
      expect(index.seen[0]).toEqual({ path: '/logs-berth.audit-default/_bulk', authorization: 'ApiKey a2V5' })
    })

    test('arrives at a syslog server, also what happened while it was away', async () => {
      const project = await addProject(registry())
      await push(project, 'before')
      await until(() => syslog.text().includes(`${project}/app:before`))
      await syslog.goAway()
      for (const tag of ['one', 'two', 'three']) await push(project, tag)
      await Bun.sleep(2_500)
      await syslog.comeBack()
      await until(() => syslog.text().includes(`${project}/app:three`))
      const order = ['one', 'two', 'three'].map((tag) => syslog.text().indexOf(`${project}/app:${tag}`))
      expect(order).toEqual(order.toSorted((one, other) => one - other))
      expect(order).not.toContain(-1)
      expect(syslog.text()).toMatch(/\d+ <110>1 \S+ \S+ berth - push_artifact \[berth@32473 id="/)
    })

    test('goes to Harbor’s endpoint, which is tried before it is taken', async () => {
      const admin = new ApiClient(registry())
      const set = async (body: unknown) =>
        await admin.call<{ errors: { message: string }[] }>('PUT /configurations', { body })
      const early = await set({ skip_audit_log_database: true })
      expect([early.status, early.body.errors[0]!.message]).toEqual([
        400,
        'audit log forward endpoint should be configured before enable skip audit log in database',
      ])
      const dead = await set({ audit_log_forward_endpoint: '127.0.0.1:1' })
      expect(dead.status).toBe(400)
      expect(dead.body.errors[0]!.message).toStartWith('could not connect to the audit endpoint: 127.0.0.1:1')
      const receiver = await startSyslog()
      expect((await set({ audit_log_forward_endpoint: `127.0.0.1:${receiver.port}` })).status).toBe(200)
      await Bun.sleep(2_500)
      const project = await addProject(registry())
      await push(project, 'v1')
      await until(() => receiver.text().includes(`action:create, resource:${project}/app:v1`))
      expect(
        receiver
          .text()
          .split('\n')
          .find((line) => line.includes(`${project}/app:v1`)),
      ).toMatch(
        /^<6>\S+ \S+ audit\[\d+\]: .*\[operator="admin" resourceType="artifact" time="[^"]*"\]: action:create, /,
      )

      // Then nothing of it is written down here, and everything still arrives there.
      expect((await set({ skip_audit_log_database: true })).status).toBe(200)
      await push(project, 'v2')
      await until(() => receiver.text().includes(`${project}/app:v2`))
      const { body: rows } = await admin.call<{ resource: string }[]>('GET /auditlog-exts', {
        query: `q=${encodeURIComponent(`resource=~${project}/app`)}`,
      })
      expect(rows.map(({ resource }) => resource)).toEqual([`${project}/app:v1`])
      expect((await set({ audit_log_forward_endpoint: '' })).status).toBe(400)
      expect((await set({ audit_log_forward_endpoint: '', skip_audit_log_database: false })).status).toBe(200)
    })
  },
  {
    env: {
      BERTH_OUTBOUND_ALLOW_LOCAL: 'true',
      BERTH_AUDIT_SYSLOG_URL: `tcp://127.0.0.1:${syslog.port}`,
      BERTH_AUDIT_ELASTICSEARCH_URL: index.url,
      BERTH_AUDIT_ELASTICSEARCH_API_KEY: 'a2V5',
    },
  },
)
