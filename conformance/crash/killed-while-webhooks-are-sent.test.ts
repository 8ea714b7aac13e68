import { afterAll, expect, test } from 'bun:test'
import { ApiClient } from '../api/contract-client.ts'
import { describeOnEachDatabase } from '../harness/each-database.ts'
import { createUniqueImage } from '../harness/image.ts'
import { V2Client } from '../harness/v2-client.ts'

interface Told {
  readonly id: string
  readonly tag: string
}

/** Hears of pushes, and answers slowly enough to be killed under. */
function startReceiver() {
  const told: Told[] = []
  let status = 200
  const server = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    async fetch(request) {
      const { event_data: data } = (await request.json()) as { event_data: { resources: { tag: string }[] } }
      told.push({ id: request.headers.get('webhook-id')!, tag: data.resources[0]!.tag })
      await Bun.sleep(50)
      return new Response('', { status })
    },
  })
  return {
    told,
    url: `http://127.0.0.1:${server.port}`,
    answerWith: (next: number) => (status = next),
    stop: () => server.stop(true),
  }
}

const receiver = startReceiver()
afterAll(() => receiver.stop())

describeOnEachDatabase(
  'a registry that is killed while it tells webhooks of pushes',
  (registry) => {
    test('tells each acknowledged push, in its order, and what it tells twice has one id', async () => {
      const { control } = registry()
      const admin = new ApiClient(registry())
      const project = `told-${crypto.randomUUID().slice(0, 8)}`
      await control.berth(['project', 'create', project])
      const made = await admin.call('POST /projects/{project_name_or_id}/webhook/policies', {
        params: { project_name_or_id: project },
        body: {
          ...{ name: 'all', enabled: true, event_types: ['PUSH_ARTIFACT'] },
          targets: [{ type: 'http', address: receiver.url }],
        },
      })
      expect(made.status).toBe(201)
      const acknowledged: string[] = []
      let next = 0
      const pushUntil = async (many: number) => {
        while (acknowledged.length < many) {
          const tag = `v${String((next += 1)).padStart(3, '0')}`
          // A push that the kill meets may or may not have happened; only those that were answered count.
          const isDone = await new V2Client(registry()).pushImage(`${project}/app`, createUniqueImage(), tag).then(
            () => true,
            () => false,
          )
          if (isDone) acknowledged.push(tag)
          else await Bun.sleep(100)
        }
      }
      receiver.answerWith(503)
      await pushUntil(5)
      receiver.answerWith(200)
      for (const many of [12, 20]) {
        const pushing = pushUntil(many)
        await Bun.sleep(700)
        await control.restart('SIGKILL')
        await pushing
      }
      const heard = () => new Set(receiver.told.map(({ tag }) => tag))
      while (!acknowledged.every((tag) => heard().has(tag))) await Bun.sleep(200)

      const firstIds = new Map<string, string>()
      const tagsOfIds = new Map<string, string>()
      const order: string[] = []
      for (const { id, tag } of receiver.told) {
        if (!firstIds.has(tag)) order.push(tag)
        firstIds.set(tag, firstIds.get(tag) ?? id)
        expect([tag, firstIds.get(tag)]).toEqual([tag, id])
        tagsOfIds.set(id, tag)
      }
      expect(order).toEqual(order.toSorted())
      expect(tagsOfIds.size).toBe(firstIds.size)
      receiver.told.length = 0
    }, 120_000)
  },
  { env: { BERTH_OUTBOUND_ALLOW_LOCAL: 'true', BERTH_JOBS_LEASE: '2s' } },
)
