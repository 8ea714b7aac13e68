import { beforeAll, expect, test } from 'bun:test'
import { addAccount, addProject, describeControlledScenario, type ControlledRegistry } from '../harness/scenario.ts'
import { ApiClient, basicOf, type Credential } from './contract-client.ts'
import { aboutRights, attempts, onlyTakesAway, type Attempt, type Targets } from './giving-rights.ts'

interface Caller {
  readonly name: string
  readonly authorization: string
  readonly kind: 'person' | 'token' | 'robot'
  /** Of the registry, for a robot that has it. */
  readonly systemPermission?: string
}

interface Robot {
  readonly id: number
  readonly name: string
  readonly secret: string
}

interface Named {
  readonly resource: string
  readonly action: string
}

const idIn = (headers: Headers) => Number(/\/(\d+)$/.exec(headers.get('location') ?? '')?.[1])
const bothOf = (permission: string): Named => {
  const [resource = '', action = ''] = permission.split(':')
  return { resource, action }
}
const nameOf = ({ resource, action }: Named) => `${resource}:${action}`

describeControlledScenario('giving rights', (registry) => {
  let targets: Targets
  let alice: Credential
  let dave: Credential
  let grantable: { readonly system: readonly Named[]; readonly project: readonly Named[] }
  let rolePermissions: readonly string[]
  const admin = () => new ApiClient(registry())

  beforeAll(async () => {
    ;({ targets, alice, dave } = await compose(registry()))
    grantable = (await admin().call<typeof grantable>('GET /permissions')).body
    const roles = await admin().call<{ id: number; permissions: string[] }[]>('GET /roles')
    rolePermissions = roles.body.find(({ id }) => id === 1)!.permissions
  }, 120_000)

  const send = async (operation: string, attempt: Attempt, caller: Caller, known: Targets): Promise<number> => {
    const [method = '', path = ''] = operation.split(' ')
    const params = attempt.params?.(known) ?? {}
    const filled = path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(String(params[name])))
    const answer = await fetch(`${registry().url}/api/v2.0${filled}`, {
      method,
      headers: { 'content-type': 'application/json', authorization: caller.authorization },
      ...(method === 'DELETE' ? {} : { body: JSON.stringify(attempt.body(known)) }),
    })
    const text = await answer.text()
    if (attempt.byRow !== true || !answer.ok) return answer.status
    const { results } = JSON.parse(text) as { results: readonly { readonly status: number }[] }
    return Math.min(...results.map(({ status }) => status))
  }

  /** Everything that says who may do what, but for the robots that ask. */
  const state = async (): Promise<string> => {
    const project = targets.project
    const of = { params: { project_name_or_id: project } }
    const level = encodeURIComponent(`Level=project,ProjectID=${targets.projectId}`)
    const rules = (id: number) => admin().call('GET /robots/{robot_id}/trust-rules', { params: { robot_id: id } })
    const page = 'page_size=100'
    const answers = await Promise.all([
      admin().call('GET /projects/{project_name_or_id}/members', { ...of, query: page }),
      admin().call('GET /projects/{project_name_or_id}/metadatas/', of),
      admin().call('GET /robots', { query: `q=${level}&${page}` }),
      admin().call('GET /robots', { query: page }),
      rules(targets.robot.id),
      rules(targets.systemRobot.id),
      admin().call('GET /users', { query: page }),
      admin().call('GET /roles'),
      admin().call('GET /usergroups', { query: page }),
    ])
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200))
    return JSON.stringify(
      answers.map(({ body }) =>
        Array.isArray(body) ? (body as { name?: string }[]).filter(({ name = '' }) => !name.includes('caller')) : body,
      ),
      null,
      1,
    )
  }

  /** Tries everything in the name of the caller, and finds that nothing happened that is not said to. */
  const tryEverything = async (caller: Caller, known = targets): Promise<void> => {
    const before = await state()
    const wrong: string[] = []
    let changed = false
    for (const [operation, tried] of Object.entries(attempts)) {
      for (const attempt of tried) {
        if (attempt.people === true && caller.kind === 'person') continue
        const status = await send(operation, attempt, caller, known)
        const allowed = caller.systemPermission !== undefined && attempt.allowed?.includes(caller.systemPermission)
        if (allowed === true) changed = true
        if (status >= 500 || (allowed !== true && status < 400))
          wrong.push(`${caller.name}: ${attempt.title}: ${operation} answered ${status}`)
      }
    }
    expect(wrong).toEqual([])
    if (!changed) expect({ caller: caller.name, state: await state() }).toEqual({ caller: caller.name, state: before })
  }

  test('every operation about accounts, robots, members and roles is attempted or only takes away', async () => {
    const document = (await (await fetch(`${registry().url}/api/v2.0/openapi.json`)).json()) as {
      paths: Record<string, Record<string, { responses: object }>>
    }
    const changing = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.entries(methods)
        .filter(([method, operation]) => method !== 'get' && method !== 'head' && !('501' in operation.responses))
        .map(([method]) => `${method.toUpperCase()} ${path}`),
    )
    const known = new Set([...Object.keys(attempts), ...onlyTakesAway])
    const concerned = changing.filter((operation) => aboutRights.test(operation))
    expect(concerned.filter((operation) => !known.has(operation))).toEqual([])
    expect([...known].filter((operation) => !changing.includes(operation))).toEqual([])
  })

  test('a personal token of each single permission makes, widens, prolongs and promotes nothing', async () => {
    const owner = new ApiClient(registry(), alice)
    for (const permission of rolePermissions) {
      const made = await owner.call<{ id: number; secret: string }>('POST /users/current/tokens', {
        body: { name: permission.replace(':', ' '), permissions: [permission], project_ids: [targets.projectId] },
      })
      expect(made.status).toBe(201)
      await tryEverything({
        name: `token with ${permission}`,
        authorization: `Bearer ${made.body.secret}`,
        kind: 'token',
      })
      await owner.call('DELETE /users/current/tokens/{token_id}', { params: { token_id: made.body.id } })
    }
  }, 300_000)

  test('so does one of a system administrator', async () => {
    const owner = admin()
    for (const permission of ['robot:create', 'robot:update', 'member:create', 'member:update', 'project:update']) {
      const made = await owner.call<{ secret: string }>('POST /users/current/tokens', {
        body: { name: permission.replace(':', ' '), permissions: [permission] },
      })
      const authorization = `Bearer ${made.body.secret}`
      await tryEverything({ name: `administrator's token with ${permission}`, authorization, kind: 'token' })
    }
  }, 60_000)

  test('a member with each single composed permission makes, widens, prolongs and promotes nothing', async () => {
    const role = await admin().call('POST /roles', { body: { name: 'single', permissions: ['project:read'] } })
    const roleId = idIn(role.headers)
    const params = { project_name_or_id: targets.project }
    const joined = await admin().call('POST /projects/{project_name_or_id}/members', {
      params,
      body: { role_id: roleId, member_user: { username: dave.username } },
    })
    const own = { ...targets, ownMember: idIn(joined.headers), self: await userIdOf(registry(), dave.username) }
    const caller = (name: string): Caller => ({ name, authorization: basicOf(dave), kind: 'person' })
    for (const permission of rolePermissions) {
      const body = { name: 'single', permissions: [permission] }
      const set = await admin().call('PUT /roles/{role_id}', { params: { role_id: roleId }, body })
      expect(set.status).toBe(200)
      await tryEverything(caller(`member with ${permission}`), own)
    }
    for (const harborRole of [2, 3, 4, 5]) {
      const member = { params: { ...params, mid: own.ownMember }, body: { role_id: harborRole } }
      const set = await admin().call('PUT /projects/{project_name_or_id}/members/{mid}', member)
      expect(set.status).toBe(200)
      await tryEverything(caller(`member in role ${harborRole}`), own)
    }
    const left = await admin().call('DELETE /projects/{project_name_or_id}/members/{mid}', {
      params: { ...params, mid: own.ownMember },
    })
    expect(left.status).toBe(200)
  }, 300_000)

  test('a robot with each single permission makes, widens, prolongs and promotes nothing', async () => {
    const made = await makeRobot(registry(), 'caller', [
      { kind: 'project', namespace: targets.project, access: [bothOf('tag:list')] },
    ])
    const authorization = basicOf({ username: made.name, password: made.secret })
    const set = async (kind: string, namespace: string, access: Named) => {
      const body = { name: made.name, level: 'system', permissions: [{ kind, namespace, access: [access] }] }
      expect((await admin().call('PUT /robots/{robot_id}', { params: { robot_id: made.id }, body })).status).toBe(200)
    }
    for (const permission of grantable.project) {
      await set('project', targets.project, permission)
      await tryEverything({ name: `robot with ${nameOf(permission)}`, authorization, kind: 'robot' })
    }
    for (const permission of grantable.system) {
      await set('system', '/', permission)
      const name = `robot of the registry with ${nameOf(permission)}`
      await tryEverything({ name, authorization, kind: 'robot', systemPermission: nameOf(permission) })
    }
  }, 300_000)

  test('administrators of a project do all of it in their project', async () => {
    const caller: Caller = { name: 'owner', authorization: basicOf(alice), kind: 'person' }
    const expected = [
      'make a wide robot of the project',
      'make a wide robot by the older operation',
      'enable a robot',
      'prolong a robot',
      'widen a robot',
      'enable a robot by the older operation',
      'take over a robot by a new secret',
      'take over a robot by a chosen secret',
      'take over a robot by a trust rule',
      'give somebody the role 1',
      'give a group a role',
      'give a new group a role',
      'promote a guest',
      'open the project to everybody',
    ]
    const refused: string[] = []
    for (const [operation, tried] of Object.entries(attempts))
      for (const attempt of tried)
        if (expected.includes(attempt.title) && (await send(operation, attempt, caller, targets)) >= 400)
          refused.push(attempt.title)
    expect(refused).toEqual([])
  }, 60_000)
})

async function userIdOf(registry: ControlledRegistry, username: string): Promise<number> {
  const found = await new ApiClient(registry).call<{ user_id: number }[]>('GET /users', {
    query: `q=username%3D${username}`,
  })
  return found.body[0]!.user_id
}

async function makeRobot(
  registry: ControlledRegistry,
  name: string,
  permissions: object[],
  given = {},
): Promise<Robot> {
  const body = { name, level: 'system', duration: 1, permissions, ...given }
  const made = await new ApiClient(registry).call<Robot>('POST /robots', { body })
  expect([made.status, made.body]).toEqual([201, expect.anything()])
  return made.body
}

async function compose(
  registry: ControlledRegistry,
): Promise<{ targets: Targets; alice: Credential; dave: Credential }> {
  const admin = new ApiClient(registry)
  const [alice, owner, guest, dave, outsider] = [
    await addAccount(registry),
    await addAccount(registry),
    await addAccount(registry),
    await addAccount(registry),
    await addAccount(registry),
  ]
  const project = await addProject(registry, [
    { ...alice, role: 'project-admin' },
    { ...owner, role: 'project-admin' },
    { ...guest, role: 'guest' },
  ])
  const params = { project_name_or_id: project }
  const { project_id: projectId } = (
    await admin.call<{ project_id: number }>('GET /projects/{project_name_or_id}', { params })
  ).body
  const members = await admin.call<{ id: number; entity_name: string }[]>(
    'GET /projects/{project_name_or_id}/members',
    { params },
  )
  const memberOf = ({ username }: Credential) => members.body.find((each) => each.entity_name === username)!.id
  const wide = [bothOf('repository:pull'), bothOf('artifact:delete')]
  const grant = { kind: 'project', namespace: project, access: wide }
  const robot = await makeRobot(registry, 'victim', [grant], { level: 'project', disable: true })
  const systemRobot = await makeRobot(registry, 'victim', [{ ...grant, namespace: '*' }])
  const group = await admin.call('POST /usergroups', { body: { group_name: 'team', group_type: 3 } })
  const role = await admin.call('POST /roles', { body: { name: 'pair', permissions: wide.map(nameOf) } })
  const targets = {
    project,
    projectId,
    robot,
    systemRobot,
    ownMember: memberOf(alice),
    guestMember: memberOf(guest),
    ownerMember: memberOf(owner),
    self: await userIdOf(registry, alice.username),
    guest: await userIdOf(registry, guest.username),
    administrator: 1,
    group: idIn(group.headers),
    role: idIn(role.headers),
    outsider: outsider.username,
  }
  return { targets, alice, dave }
}
