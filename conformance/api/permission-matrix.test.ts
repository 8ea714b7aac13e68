import { beforeAll, expect, test } from 'bun:test'
import { createUniqueImage } from '../harness/image.ts'
import { addAccount, addProject, describeControlledScenario, type ControlledRegistry } from '../harness/scenario.ts'
import { V2Client } from '../harness/v2-client.ts'
import { ApiClient, basicOf, type Credential } from './contract-client.ts'
import { dockerToken } from './login.ts'
import { byObject } from './permission-by-object.ts'
import { matrix, type Need } from './permission-matrix.ts'
import { rolesTable, type RoleLetter } from './roles-table.ts'

/** Somebody who asks, and what they have. */
interface Caller {
  readonly name: string
  readonly authorization: string | undefined
  /** Their role in the project. */
  readonly role?: RoleLetter
  /** What they have in the project one by one. */
  readonly permissions?: readonly string[]
  readonly systemPermissions?: readonly string[]
  readonly kind: 'nobody' | 'account' | 'administrator' | 'robot' | 'personal token'
}

/** Whether the matrix lets the caller pass. */
function isExpected(need: Need, caller: Caller): boolean {
  if (need === 'anyone') return true
  if (caller.kind === 'nobody') return false
  if (need === 'signed-in') return true
  if (need === 'people') return caller.kind === 'account' || caller.kind === 'administrator'
  if (caller.kind === 'administrator') return true
  if (need === 'administrator') return false
  const [scope = '', permission = ''] = need.split(' ')
  if (scope === 'system') return caller.systemPermissions?.includes(permission) === true
  if (caller.permissions?.includes(permission) === true) return true
  const [resource = '', action = ''] = permission.split(':')
  return caller.role !== undefined && (rolesTable[resource]?.[action] ?? '').includes(caller.role)
}

/** Ids and names of what is not there. */
const nowhere: Readonly<Record<string, string>> = {
  repository_name: 'app',
  reference: 'none',
  tag_name: 'none',
  addition: 'none',
  meta_name: 'none',
  digest: `sha256:${'0'.repeat(64)}`,
}

const roles = { A: 'project-admin', M: 'maintainer', D: 'developer', G: 'guest', L: 'limited-guest' } as const

describeControlledScenario(
  'who may call what',
  (registry) => {
    let project: string
    let callers: readonly Caller[]

    beforeAll(async () => {
      ;({ project, callers } = await compose(registry()))
    }, 240_000) // starts a process for each account

    const statusOf = async (operation: string, caller: Caller): Promise<number> => {
      const [method = '', path = ''] = operation.split(' ')
      const { body, query = '' } = matrix[operation] ?? {}
      const filled = path.replace(/\{(\w+)\}/g, (_, name: string) =>
        encodeURIComponent(name.startsWith('project_name') ? project : (nowhere[name] ?? '999999999')),
      )
      const reads = method === 'GET' || method === 'HEAD'
      const answer = await fetch(`${registry().url}/api/v2.0${filled}?${query}`, {
        method,
        headers: {
          'content-type': 'application/json',
          ...(caller.authorization === undefined ? {} : { authorization: caller.authorization }),
          // From an address of their own: many wrong credentials hold up whoever signs in for the first time beside them.
          ...(caller.kind === 'nobody' ? { 'x-forwarded-for': '192.0.2.1' } : {}),
        },
        ...(reads || method === 'DELETE' ? {} : { body: JSON.stringify(body ?? {}) }),
      })
      // A stream of events has no end to wait for.
      if (answer.headers.get('content-type')?.startsWith('text/event-stream') === true) await answer.body?.cancel()
      else await answer.arrayBuffer()
      return answer.status
    }

    test('every operation that is built stands in the matrix', async () => {
      const document = (await (await fetch(`${registry().url}/api/v2.0/openapi.json`)).json()) as {
        paths: Record<string, Record<string, { responses: object }>>
      }
      const built = Object.entries(document.paths).flatMap(([path, methods]) =>
        Object.entries(methods)
          .filter(([, operation]) => !Object.keys(operation.responses).includes('501'))
          .map(([method]) => `${method.toUpperCase()} ${path}`),
      )
      const known = new Set([...Object.keys(matrix), ...Object.keys(byObject)])
      expect(built.filter((operation) => !known.has(operation))).toEqual([])
      expect([...known].filter((operation) => !built.includes(operation))).toEqual([])
    })

    test('everybody passes where the matrix says so, and nowhere else', async () => {
      const wrong: string[] = []
      const needs = [
        ...Object.entries(matrix).map(([operation, { need }]) => [operation, need] as const),
        ...Object.entries(byObject),
      ]
      for (const [operation, need] of needs) {
        for (const caller of callers) {
          const status = await statusOf(operation, caller)
          // Who comes with wrong credentials again and again is held up, whatever they ask for.
          if (status === 429 && caller.kind === 'nobody') continue
          const passed = ![401, 403].includes(status)
          // Nobody passes here: it is for parts that this registry does not have.
          const expected = operation !== 'GET /internalconfig' && isExpected(need, caller)
          if (passed !== expected)
            wrong.push(`${caller.name}: ${operation} answered ${status}, ${expected ? 'not ' : ''}refused`)
          if (status >= 500) wrong.push(`${caller.name}: ${operation} failed with ${status}`)
        }
      }
      expect(wrong).toEqual([])
    }, 120_000)

    test('who asks without credentials is asked for some, who has too little is refused', async () => {
      const nobody = callers.find(({ name }) => name === 'nobody')!
      const guest = callers.find(({ name }) => name === 'guest')!
      for (const [operation, { need }] of Object.entries(matrix)) {
        if (need === 'anyone' || operation === 'GET /internalconfig') continue
        expect([operation, await statusOf(operation, nobody)]).toEqual([operation, 401])
        if (!isExpected(need, guest)) expect([operation, await statusOf(operation, guest)]).toEqual([operation, 403])
      }
    }, 60_000)

    test('the matrix has left everything as it was', async () => {
      const admin = new ApiClient(registry())
      const members = await admin.call<object[]>('GET /projects/{project_name_or_id}/members', {
        params: { project_name_or_id: project },
      })
      expect(members.body.length).toBe(Object.keys(roles).length + 1)
      const artifacts = await admin.call<object[]>('GET /projects/{project_name_or_id}/artifacts', {
        params: { project_name_or_id: project },
      })
      expect(artifacts.body.length).toBe(1)
    })
  },
  { env: { BERTH_TRUSTED_PROXIES: '127.0.0.0/8' } },
)

async function compose(registry: ControlledRegistry): Promise<{ project: string; callers: readonly Caller[] }> {
  const admin = new ApiClient(registry)
  const members = await Promise.all(
    Object.entries(roles).map(async ([letter, role]) => ({ letter, role, ...(await addAccount(registry)) })),
  )
  const project = await addProject(registry, members)
  await new V2Client(registry).pushImage(`${project}/kept`, await createUniqueImage(), 'v1')
  const stranger = await addAccount(registry)
  await addProject(registry, [{ ...stranger, role: 'project-admin' }])

  const custom = await addAccount(registry)
  const made = await admin.call('POST /roles', { body: { name: 'listener', permissions: ['label:list', 'tag:list'] } })
  const roleId = Number(/\/(\d+)$/.exec(made.headers.get('location') ?? '')?.[1])
  await admin.call('POST /projects/{project_name_or_id}/members', {
    params: { project_name_or_id: project },
    body: { role_id: roleId, member_user: { username: custom.username } },
  })

  const robot = async (name: string, permissions: object[]): Promise<Credential> => {
    const created = await admin.call<{ name: string; secret: string }>('POST /robots', {
      body: { name, level: 'system', duration: 1, permissions },
    })
    expect(created.status).toBe(201)
    return { username: created.body.name, password: created.body.secret }
  }
  const inProject = (resource: string, action: string) => ({
    kind: 'project',
    namespace: project,
    access: [{ resource, action }],
  })
  const tagRobot = await robot('matrix-tags', [inProject('tag', 'list')])
  const quotaRobot = await robot('matrix-quota', [
    { kind: 'system', namespace: '/', access: [{ resource: 'quota', action: 'list' }] },
  ])
  const expired = await expiredRobot(registry, project)
  const token = await admin.call<{ secret: string }>('POST /users/current/tokens', {
    body: { name: 'matrix', permissions: ['repository:read'] },
  })
  const pullToken = await dockerToken(registry, members[1]!, `repository:${project}/kept:pull`)

  const callers: Caller[] = [
    { name: 'nobody', authorization: undefined, kind: 'nobody' },
    { name: 'bad password', authorization: basicOf({ ...stranger, password: 'wrong' }), kind: 'nobody' },
    { name: 'expired robot', authorization: basicOf(expired), kind: 'nobody' },
    { name: 'pull-only token', authorization: `Bearer ${pullToken}`, kind: 'nobody' },
    ...members.map(({ letter, role, ...credential }): Caller => ({
      name: role,
      authorization: basicOf(credential),
      role: letter as RoleLetter,
      kind: 'account',
    })),
    {
      name: 'composed role',
      authorization: basicOf(custom),
      permissions: ['label:list', 'tag:list'],
      kind: 'account',
    },
    { name: "another project's admin", authorization: basicOf(stranger), kind: 'account' },
    { name: 'robot for tags', authorization: basicOf(tagRobot), permissions: ['tag:list'], kind: 'robot' },
    {
      name: 'robot for quotas',
      authorization: basicOf(quotaRobot),
      systemPermissions: ['quota:list'],
      kind: 'robot',
    },
    {
      name: "administrator's personal token",
      authorization: `Bearer ${token.body.secret}`,
      permissions: ['repository:read'],
      kind: 'personal token',
    },
    { name: 'administrator', authorization: basicOf(registry), kind: 'administrator' },
  ]
  return { project, callers }
}

/** By Harbor's older operation, which takes a moment; it is over when this returns. */
async function expiredRobot(registry: ControlledRegistry, project: string): Promise<Credential> {
  const expiresAt = Math.floor(Date.now() / 1_000) + 1
  const created = await new ApiClient(registry).call<{ name: string; secret: string }>(
    'POST /projects/{project_name_or_id}/robots',
    {
      params: { project_name_or_id: project },
      body: {
        name: 'matrix-expired',
        expires_at: expiresAt,
        access: [{ resource: 'repository', action: 'pull' }],
      },
    },
  )
  expect([created.status, created.body]).toEqual([201, expect.anything()])
  await Bun.sleep(expiresAt * 1_000 - Date.now() + 50)
  return { username: created.body.name, password: created.body.secret ?? '' }
}
