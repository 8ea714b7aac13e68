import { expect } from 'bun:test'
import { ApiClient } from '../api/contract-client.ts'
import { eventually } from '../harness/eventually.ts'
import type { RegistryUnderTest } from '../harness/registry.ts'
import { expectStatus, V2Client } from '../harness/v2-client.ts'

/** Sites of these tests lie on one machine. */
export const siteSettings = { BERTH_OUTBOUND_ALLOW_LOCAL: 'true', BERTH_JOBS_LEASE: '2s' } as const

export interface Execution {
  readonly id: number
  readonly status: string
  readonly status_text: string
  readonly trigger: string
  readonly total: number
  readonly failed: number
  readonly succeed: number
}

export interface Task {
  readonly id: number
  readonly status: string
  readonly operation: string
  readonly src_resource: string
  readonly dst_resource: string
  readonly sent_bytes: number
  readonly error?: string
}

const idOf = ({ headers }: { readonly headers: Headers }): number => Number(headers.get('location')!.split('/').at(-1))

/** The rules of one site, through its API. */
export class Rules {
  readonly api: ApiClient
  readonly #v2: V2Client

  constructor(site: RegistryUnderTest) {
    this.api = new ApiClient(site)
    this.#v2 = new V2Client(site)
  }

  async addRegistry(type: string, url: string, credential?: { username: string; password: string }): Promise<number> {
    const made = await this.api.call('POST /registries', {
      body: {
        ...{ name: `r${crypto.randomUUID()}`, type, url, insecure: true },
        ...(credential === undefined
          ? {}
          : { credential: { type: 'basic', access_key: credential.username, access_secret: credential.password } }),
      },
    })
    expect([made.status, made.body]).toEqual([201, undefined])
    return idOf(made)
  }

  async add(rule: object): Promise<number> {
    const made = await this.api.call('POST /replication/policies', {
      body: { name: `rule-${crypto.randomUUID()}`, enabled: true, override: true, ...rule },
    })
    expect([made.status, made.body]).toEqual([201, undefined])
    return idOf(made)
  }

  async start(policyId: number, more: object = {}): Promise<number> {
    const started = await this.api.call('POST /replication/executions', { body: { policy_id: policyId, ...more } })
    expect([started.status, started.body]).toEqual([201, undefined])
    return idOf(started)
  }

  async execution(id: number): Promise<Execution> {
    return (await this.api.call<Execution>('GET /replication/executions/{id}', { params: { id } })).body
  }

  async executions(policyId: number): Promise<Execution[]> {
    return (await this.api.call<Execution[]>('GET /replication/executions', { query: `policy_id=${policyId}` })).body
  }

  async tasks(id: number): Promise<Task[]> {
    return (await this.api.call<Task[]>('GET /replication/executions/{id}/tasks', { params: { id } })).body
  }

  async log(id: number, task: number): Promise<string> {
    const path = `/api/v2.0/replication/executions/${id}/tasks/${task}/log`
    return await (await expectStatus(await this.#v2.request(path), 200)).text()
  }

  /** As it ended. */
  async ended(id: number, patienceMs = 60_000): Promise<Execution> {
    await eventually(async () => expect((await this.execution(id)).status).not.toBe('InProgress'), patienceMs)
    return await this.execution(id)
  }

  /** Waits until nothing that a rule follows is on its way. */
  async followed(policyId: number): Promise<void> {
    await eventually(async () => {
      const runs = await this.executions(policyId)
      expect(runs.length).toBeGreaterThan(0)
      expect(runs.filter(({ status }) => status !== 'Succeed')).toEqual([])
    })
  }

  /** Runs a rule to its end, which is good. */
  async run(policyId: number): Promise<Execution> {
    const id = await this.start(policyId)
    const ended = await this.ended(id)
    expect({ ...ended, tasks: (await this.tasks(id)).flatMap(({ error }) => error ?? []) }).toMatchObject({
      status: 'Succeed',
      tasks: [],
    })
    return ended
  }
}
