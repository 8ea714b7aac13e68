import { generateKeyPairSync } from 'node:crypto'
import type { RegistryUnderTest } from '../harness/registry.ts'
import { createUniqueImage } from '../harness/image.ts'
import { V2Client } from '../harness/v2-client.ts'
import { ApiClient, type Credential } from './contract-client.ts'

const artifact = '/projects/{project_name}/repositories/{repository_name}/artifacts/{reference}'

/** A project that somebody owns, with one object of each kind that a path can name. */
export interface Tenant {
  readonly name: string
  readonly id: number
  readonly owner: Credential & { readonly id: number }
  readonly repository: string
  /** Of the artifact that `v1` names. */
  readonly digest: string
  /** UUID of a scan's report. */
  readonly report: string
  readonly objects: Readonly<Record<TenantObject, number>>
  /** Texts that nobody else may see: names and digests of the project. */
  readonly secrets: readonly string[]
}

export type TenantObject =
  | 'label'
  | 'robot'
  | 'trustRule'
  | 'member'
  | 'immutabilityRule'
  | 'webhook'
  | 'policy'
  | 'exemption'
  | 'held'
  | 'protection'
  | 'delivery'
  | 'signer'
  | 'signatureKey'
  | 'signingRequest'
  | 'vex'
  | 'retention'
  | 'execution'
  | 'task'
  | 'trashEntry'
  | 'token'

const unique = (word: string) => `${word}-${crypto.randomUUID().slice(0, 8)}`
const everything = [{ kind: 'doublestar', decoration: 'repoMatches', pattern: '**' }]

/** A new account, made by the API. */
export async function addPerson(registry: RegistryUnderTest): Promise<Credential & { readonly id: number }> {
  const username = unique('person')
  const password = `Aa1${crypto.randomUUID()}`
  const body = { username, password, email: `${username}@example.org`, realname: username }
  return { username, password, id: await create(new ApiClient(registry), 'POST /users', { body }) }
}

/** `name` is made up unless it is given; then it is no secret. */
export async function addTenant(
  registry: RegistryUnderTest,
  { name, isPublic = false }: { readonly name?: string; readonly isPublic?: boolean } = {},
): Promise<Tenant> {
  const owner = await addPerson(registry)
  const colleague = await addPerson(registry)
  const api = new ApiClient(registry, owner)
  const made = name ?? unique('hidden')
  const id = await create(api, 'POST /projects', { body: { project_name: made, public: isPublic } })
  const repository = unique('hidden')
  const client = new V2Client(registry, owner)
  const [image, deleted] = [createUniqueImage(), createUniqueImage()]
  await client.pushImage(`${made}/${repository}`, image, 'v1')
  await client.pushImage(`${made}/${repository}`, deleted, 'gone')
  const { digest } = image.descriptor
  const inRepository = { project_name: made, repository_name: repository }
  await done(api, `DELETE ${artifact}`, { params: { ...inRepository, reference: deleted.descriptor.digest } })

  const labelName = unique('hidden')
  const label = await create(api, 'POST /labels', { body: { name: labelName, scope: 'p', project_id: id } })
  await done(api, `POST ${artifact}/labels`, { params: { ...inRepository, reference: 'v1' }, body: { id: label } })
  const robots = await addRobot(api, made)
  const params = { project_name_or_id: id }
  const member = await create(api, 'POST /projects/{project_name_or_id}/members', {
    params,
    body: { role_id: 3, member_user: { username: colleague.username } },
  })
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const signer = await create(api, 'POST /projects/{project_name_or_id}/signers', {
    params,
    body: {
      name: 'release',
      definition: { kind: 'key', public_key: publicKey.export({ format: 'pem', type: 'spki' }).toString() },
    },
  })
  const statement = { vulnerability: { name: 'CVE-2026-1' }, products: [{ '@id': 'pkg:npm/lodash' }], status: 'fixed' }
  const vex = await create(api, 'POST /projects/{project_name_or_id}/vex', {
    params,
    body: { name: 'statements', document: { '@context': 'https://openvex.dev/ns/v0.2.0', statements: [statement] } },
  })
  const immutabilityRule = await create(api, 'POST /projects/{project_name_or_id}/immutabletagrules', {
    params,
    body: {
      disabled: false,
      action: 'immutable',
      template: 'immutable_template',
      tag_selectors: [{ kind: 'doublestar', decoration: 'matches', pattern: 'never' }],
      scope_selectors: { repository: everything },
    },
  })
  const retentions = await addRetention(api, id)
  const webhooks = await addWebhook(api, id)
  const policies = await addPolicy(api, id)
  const report = await addScan(api, { ...inRepository, reference: 'v1' })
  const trash = await api.call<{ id: number }[]>('GET /projects/{project_name_or_id}/trash', { params })
  const protection = await create(api, 'POST /projects/{project_name_or_id}/protected-tags', {
    params,
    body: { tags: 'prod', users: [owner.username] },
  })
  const signing = await addSigning(api, { ...inRepository, reference: digest }, id)
  const held = await addHeld(api, client, { project: made, repository })
  const token = await create(api, 'POST /users/current/tokens', {
    body: { name: unique('token'), permissions: ['project:read'] },
  })
  return {
    name: made,
    id,
    owner,
    repository,
    digest,
    report,
    objects: {
      ...robots.ids,
      ...retentions,
      ...webhooks,
      ...policies,
      ...signing,
      held,
      protection,
      label,
      member,
      immutabilityRule,
      signer,
      vex,
      trashEntry: trash.body[0]!.id,
      token,
    },
    secrets: [
      ...(name === undefined ? [made] : []),
      repository,
      digest,
      deleted.descriptor.digest,
      labelName,
      robots.name,
      ...(isPublic ? [] : [owner.username, colleague.username]),
    ],
  }
}

/** A policy that holds nothing back, and what it lets pass. */
async function addPolicy(api: ApiClient, project: number) {
  const params = { project_name_or_id: project }
  const name = unique('hidden')
  const policy = await create(api, 'POST /projects/{project_name_or_id}/policies', {
    params,
    body: { name, mode: 'off', condition: { kind: 'vulnerabilities', known_exploited: true } },
  })
  const exemption = await create(api, 'POST /projects/{project_name_or_id}/policy-exemptions', {
    params,
    body: {
      ...{ policy: name, vulnerability: 'CVE-2026-1234', reason: 'mended next month' },
      expires_at: new Date(Date.now() + 86_400_000).toISOString(),
    },
  })
  return { policy, exemption }
}

/** A key of the project, and a signature that waits for a second person. */
async function addSigning(api: ApiClient, params: Readonly<Record<string, string>>, project: number) {
  const ofProject = { project_name_or_id: project }
  const signatureKey = await create(api, 'POST /projects/{project_name_or_id}/signature-keys', {
    params: ofProject,
    body: { name: unique('hidden') },
  })
  const body = { metadata: { two_person_signing: 'true' } }
  await done(api, 'PUT /projects/{project_name_or_id}', { params: ofProject, body })
  const asked = await api.call<{ request_id: number }>(`POST ${artifact}/signatures`, {
    params,
    body: { key_id: signatureKey },
  })
  return { signatureKey, signingRequest: asked.body.request_id }
}

/** An artifact in quarantine: too large for a policy that is about its tag alone. */
async function addHeld(api: ApiClient, client: V2Client, place: { project: string; repository: string }) {
  const params = { project_name_or_id: place.project }
  await create(api, 'POST /projects/{project_name_or_id}/policies', {
    params,
    body: { name: unique('hidden'), mode: 'enforce', tags: 'held', condition: { kind: 'size', max_bytes: 1 } },
  })
  await done(api, 'PUT /projects/{project_name_or_id}', { params, body: { metadata: { quarantine: 'true' } } })
  await client.pushImage(`${place.project}/${place.repository}`, createUniqueImage(), 'held')
  const { body } = await api.call<{ id: number }[]>('GET /projects/{project_name_or_id}/quarantine', { params })
  return body[0]!.id
}

/** A webhook that was tried. */
async function addWebhook(api: ApiClient, project: number) {
  const params = { project_name_or_id: project }
  const place = '/projects/{project_name_or_id}/webhook/policies'
  const webhook = await create(api, `POST ${place}`, {
    params,
    body: {
      ...{ name: unique('hidden'), enabled: false, event_types: ['PUSH_ARTIFACT'] },
      targets: [{ type: 'http', address: 'https://192.0.2.1/' }],
    },
  })
  const tried = await api.call<{ executions: number[] }>(`POST ${place}/{webhook_policy_id}/test`, {
    params: { ...params, webhook_policy_id: webhook },
  })
  return { webhook, delivery: tried.body.executions[0]! }
}

/** The id of the report of a scan. */
async function addScan(api: ApiClient, params: Readonly<Record<string, string>>): Promise<string> {
  const { status } = await api.call(`POST ${artifact}/scan`, { params })
  if (status !== 202) throw new Error(`a scan was answered ${status}`)
  const query = 'with_scan_overview=true'
  const { body } = await api.call<{ scan_overview: Record<string, { report_id: string }> }>(`GET ${artifact}`, {
    params,
    query,
  })
  return Object.values(body.scan_overview)[0]!.report_id
}

async function addRobot(api: ApiClient, project: string) {
  const name = unique('hidden')
  const made = await api.call<{ id: number }>('POST /robots', {
    body: {
      name,
      level: 'project',
      duration: 10,
      permissions: [{ kind: 'project', namespace: project, access: [{ resource: 'repository', action: 'pull' }] }],
    },
  })
  const robot = made.body.id
  const trustRule = await create(api, 'POST /robots/{robot_id}/trust-rules', {
    params: { robot_id: robot },
    body: { issuer: 'https://ci.example.org', audience: 'berth', claims: { sub: 'repo:org/app' } },
  })
  return { name, ids: { robot, trustRule } }
}

async function addRetention(api: ApiClient, projectId: number) {
  const retention = await create(api, 'POST /retentions', {
    body: {
      algorithm: 'or',
      rules: [
        {
          action: 'retain',
          template: 'always',
          params: {},
          tag_selectors: [{ kind: 'doublestar', decoration: 'matches', pattern: '**' }],
          scope_selectors: { repository: everything },
        },
      ],
      trigger: { kind: 'Schedule', settings: { cron: '' }, references: {} },
      scope: { level: 'project', ref: projectId },
    },
  })
  const params = { id: retention }
  const execution = await create(api, 'POST /retentions/{id}/executions', { params, body: { dry_run: true } })
  for (let attempt = 0; attempt < 400; attempt++) {
    const tasks = await api.call<{ id: number }[]>('GET /retentions/{id}/executions/{eid}/tasks', {
      params: { ...params, eid: execution },
    })
    if (tasks.body.length > 0) return { retention, execution, task: tasks.body[0]!.id }
    await Bun.sleep(50)
  }
  throw new Error('the dry run of the retention makes no task')
}

type Call = Parameters<ApiClient['call']>[1]

/** The id of what was made. */
async function create(api: ApiClient, operation: string, call: Call): Promise<number> {
  const { status, headers, body } = await api.call(operation, call)
  if (status !== 201) throw new Error(`${operation} answered ${status}: ${JSON.stringify(body)}`)
  return Number(/\/(\d+)$/.exec(headers.get('location') ?? '')?.[1])
}

async function done(api: ApiClient, operation: string, call: Call): Promise<void> {
  const { status, body } = await api.call(operation, call)
  if (status !== 200) throw new Error(`${operation} answered ${status}: ${JSON.stringify(body)}`)
}
