import { expect, test } from 'bun:test'
import { basic, composeAccessForTest, password, system, type AccessForTest } from '../../../test/access.ts'
import { describeEachDatabase } from '../../../test/databases.ts'
import { can, canInSystem } from '../access/roles/authorise.ts'
import type { Actor } from '../access/actor.ts'
import { grantablePermissions } from '../access/roles/grantable-permissions.ts'
import type { Permission } from '../access/roles/permissions.ts'
import { Roles } from '../access/roles/roles.ts'
import { PersonalTokens } from '../access/tokens/personal-tokens.ts'
import type { IssuerKeys } from '../../clients/issuer-keys.ts'
import { DomainError } from '../errors.ts'
import { findProjectAccess } from '../projects/project-access.ts'
import { listProjectDetails } from '../projects/project-list.ts'
import type { RobotPermission } from './robot-grants.ts'
import type { NewRobot } from './robots.ts'
import { TrustRules } from './trust-rules.ts'

const day = 86_400_000
const client = '203.0.113.9'

const codeOf = async (work: Promise<unknown>): Promise<string | undefined> =>
  await work.then(
    () => undefined,
    (error: unknown) => (error instanceof DomainError ? error.code : String(error)),
  )

const grant = (namespace: string, ...permissions: string[]): RobotPermission => ({
  kind: namespace === '/' ? 'system' : 'project',
  namespace,
  access: permissions.map((permission) => {
    const [resource = '', action = ''] = permission.split(':')
    return { resource, action }
  }),
})

describeEachDatabase('robots', (open) => {
  async function compose() {
    const access = composeAccessForTest(await open())
    await access.users.createUser(system, { username: 'ada', password })
    await access.users.createUser(system, { username: 'eve', password })
    const p = await access.projects.createProject(system, { name: 'p', public: false })
    const other = await access.projects.createProject(system, { name: 'other', public: false })
    await access.projects.createProject(system, { name: 'open', public: true })
    await access.members.addMember(system, 'p', 'ada', 'projectAdmin')
    return { ...access, p: p.id, other: other.id }
  }

  const robot = (given: Partial<NewRobot> = {}): NewRobot => ({
    name: 'ci',
    description: '',
    projectId: undefined,
    durationDays: -1,
    permissions: [grant('p', 'repository:pull')],
    ...given,
  })

  const signedIn = async ({ authenticate }: AccessForTest, username: string, secret: string): Promise<Actor> => {
    const request = new Request('http://registry.test/v2/', { headers: { authorization: basic(username, secret) } })
    return (await authenticate(request, client)).actor
  }

  const bearer = async ({ authenticate, tokenEndpoint }: AccessForTest, username: string, secret: string) => {
    const { response } = await tokenEndpoint(
      new Request('http://registry.test/service/token?service=harbor-registry&scope=repository:p/app:pull,push', {
        headers: { authorization: basic(username, secret) },
      }),
      client,
    )
    const { token } = (await response.json()) as { token: string }
    return async () =>
      await authenticate(
        new Request('http://registry.test/v2/', { headers: { authorization: `Bearer ${token}` } }),
        client,
      )
  }

  const userNamed = async ({ signIn }: AccessForTest, username: string): Promise<Actor> => {
    const account = await signIn.signIn({ username, password }, client)
    return { kind: 'user', id: account!.id, username, admin: account!.admin }
  }

  test('is called by prefix and name, and by its project between the two', async () => {
    const { robots, p } = await compose()
    const ofRegistry = await robots.createRobot(system, robot())
    const ofProject = await robots.createRobot(system, robot({ projectId: p }))
    expect([ofRegistry.robot.username, ofProject.robot.username]).toEqual(['robot$ci', 'robot$p+ci'])
    expect(await codeOf(robots.createRobot(system, robot()))).toBe('CONFLICT')
    expect(await codeOf(robots.createRobot(system, robot({ projectId: p })))).toBe('CONFLICT')
  })

  test('signs in with its secret and nothing else, and the secret is nowhere to be read', async () => {
    const access = await compose()
    const { robot: created, secret } = await access.robots.createRobot(system, robot({ projectId: access.p }))
    expect(await signedIn(access, created.username, secret)).toMatchObject({ kind: 'robot', id: created.id })
    expect(await signedIn(access, created.username, `${secret}x`)).toEqual({ kind: 'anonymous' })
    expect(await signedIn(access, 'robot$ci', secret)).toEqual({ kind: 'anonymous' })
    const rows = await access.database.read.selectFrom('robot').selectAll().execute()
    const events = await access.database.read.selectFrom('event').selectAll().execute()
    expect(JSON.stringify([rows, events])).not.toContain(secret)
  })

  test('does in a project what it was given there, and what everyone may', async () => {
    const access = await compose()
    const { robot: created, secret } = await access.robots.createRobot(
      system,
      robot({ permissions: [grant('p', 'repository:pull', 'metadata:list'), grant('/', 'catalog:read')] }),
    )
    const actor = await signedIn(access, created.username, secret)
    const may = async (project: string, permission: Permission) =>
      can(actor, permission, await findProjectAccess(access.database, actor, project))
    expect(await may('p', 'repository:pull')).toBe(true)
    expect(await may('p', 'repository:push')).toBe(false)
    expect(await may('p', 'project:read')).toBe(false)
    expect(await may('other', 'repository:pull')).toBe(false)
    expect(await may('open', 'repository:pull')).toBe(true)
    expect(await may('open', 'repository:push')).toBe(false)
    expect(await may('missing', 'repository:pull')).toBe(false)
    expect([canInSystem(actor, 'catalog:read'), canInSystem(actor, 'user:list')]).toEqual([true, false])
  })

  test('a permission for every project counts in projects that come later', async () => {
    const access = await compose()
    const permissions = [grant('*', 'repository:push')]
    const { robot: created, secret } = await access.robots.createRobot(system, robot({ permissions }))
    await access.projects.createProject(system, { name: 'later', public: false })
    const actor = await signedIn(access, created.username, secret)
    expect(can(actor, 'repository:push', await findProjectAccess(access.database, actor, 'later'))).toBe(true)
    expect(can(actor, 'repository:pull', await findProjectAccess(access.database, actor, 'later'))).toBe(false)
  })

  test('a permission does not pass to a new project of the old name', async () => {
    const access = await compose()
    const { robot: created, secret } = await access.robots.createRobot(system, robot())
    await access.projects.deleteProject(system, 'p')
    await access.projects.createProject(system, { name: 'p', public: false })
    const actor = await signedIn(access, created.username, secret)
    expect(can(actor, 'repository:pull', await findProjectAccess(access.database, actor, 'p'))).toBe(false)
    expect((await access.robots.getRobot(system, created.id)).permissions).toEqual([])
  })

  test('sees the projects that its permissions name and the public ones', async () => {
    const access = await compose()
    const permissions = [grant('p', 'project:read')]
    const { robot: created, secret } = await access.robots.createRobot(system, robot({ permissions }))
    const actor = await signedIn(access, created.username, secret)
    const listed = await listProjectDetails(access.database, actor, {}, { limit: 10, offset: 0 })
    expect(listed.rows.map(({ name }) => name)).toEqual(['open', 'p'])
  })

  test('may be given every permission of the two tables', async () => {
    const { robots } = await compose()
    const permissions = [
      { kind: 'system', namespace: '/', access: [...grantablePermissions.system] },
      { kind: 'project', namespace: '*', access: [...grantablePermissions.project] },
      { kind: 'project', namespace: 'p', access: [...grantablePermissions.project] },
    ]
    const { robot: created } = await robots.createRobot(system, robot({ permissions }))
    expect(created.permissions).toEqual(permissions)
    // Harbor’s, three for the trash, scanner-pull, two for the quarantine, protected tags, and signing.
    expect(permissions[0]!.access.length + permissions[1]!.access.length).toBe(140 + 3 + 1 + 2 + 1 + 1)
  })

  test.each([
    ['nothing', []],
    ['an empty access', [grant('p')]],
    ['robot:update in a project', [grant('p', 'robot:update')]],
    ['robot:update in the registry', [grant('/', 'robot:update')]],
    ['configuration:update', [grant('/', 'configuration:update')]],
    ['a right of the registry in a project', [grant('p', 'user:create')]],
    ['another kind', [{ ...grant('p', 'repository:pull'), kind: 'global' }]],
    ['the registry by a project name', [{ ...grant('/', 'catalog:read'), namespace: 'p' }]],
  ] as [string, RobotPermission[]][])('is never given %s', async (_, permissions) => {
    const { robots } = await compose()
    expect(await codeOf(robots.createRobot(system, robot({ permissions })))).toBe('BAD_REQUEST')
  })

  test('a robot of a project has one grant, in that project', async () => {
    const { robots, p } = await compose()
    for (const permissions of [
      [grant('other', 'repository:pull')],
      [grant('*', 'repository:pull')],
      [grant('/', 'catalog:read')],
      [grant('p', 'repository:pull'), grant('p', 'repository:push')],
    ])
      expect(await codeOf(robots.createRobot(system, robot({ projectId: p, permissions })))).toBe('BAD_REQUEST')
  })

  test.each(['', 'Big', 'a+b', 'a..b', '-a', 'a b', 'a'.repeat(300)])('cannot be called %p', async (name) => {
    const { robots } = await compose()
    expect(await codeOf(robots.createRobot(system, robot({ name })))).toBe('BAD_REQUEST')
  })

  test('lives as long as it was given, the standard time for 0, and for ever with -1', async () => {
    const { robots, clock } = await compose()
    const expiry = async (name: string, durationDays: number) =>
      (await robots.createRobot(system, robot({ name, durationDays }))).robot.expiresAt
    expect(await expiry('a', 1)).toBe(clock.now() + day)
    expect(await expiry('b', 0)).toBe(clock.now() + 30 * day)
    expect(await expiry('c', -1)).toBeUndefined()
    for (const wrong of [-2, 0.5, 2 ** 31])
      expect(await codeOf(robots.createRobot(system, robot({ name: 'd', durationDays: wrong })))).toBe('BAD_REQUEST')
  })

  test('expiry, disabling, a new secret and deletion end its secret and its tokens at once', async () => {
    const access = await compose()
    const { robots, clock } = access
    const ends: Record<string, (id: number) => Promise<unknown>> = {
      expired: async () => clock.advance(day),
      disabled: async (id) => await robots.updateRobot(system, id, { disabled: true }),
      refreshed: async (id) => await robots.refreshSecret(system, id, undefined),
      deleted: async (id) => await robots.deleteRobot(system, id),
    }
    for (const [name, end] of Object.entries(ends)) {
      const { robot: created, secret } = await robots.createRobot(system, robot({ name, durationDays: 1 }))
      const useToken = await bearer(access, created.username, secret)
      expect((await useToken()).actor).toMatchObject({ kind: 'robot', id: created.id })
      await end(created.id)
      expect(await useToken()).toMatchObject({ failedLogin: true, actor: { access: [] } })
      expect(await signedIn(access, created.username, secret)).toEqual({ kind: 'anonymous' })
    }
  })

  test('a robot that is enabled again needs new tokens', async () => {
    const access = await compose()
    const { robot: created, secret } = await access.robots.createRobot(system, robot())
    const useToken = await bearer(access, created.username, secret)
    await access.robots.updateRobot(system, created.id, { disabled: true })
    await access.robots.updateRobot(system, created.id, { disabled: false })
    expect((await useToken()).failedLogin).toBe(true)
    expect(await signedIn(access, created.username, secret)).toMatchObject({ kind: 'robot' })
  })

  test('its token gives no more than it was asked for, and nothing beyond repositories', async () => {
    const access = await compose()
    const permissions = [grant('p', 'repository:pull', 'repository:push'), grant('/', 'user:list')]
    const { robot: created, secret } = await access.robots.createRobot(system, robot({ permissions }))
    const { actor } = await (await bearer(access, created.username, secret))()
    const standing = await findProjectAccess(access.database, actor, 'p')
    expect(can(actor, 'repository:push', standing, 'p/app')).toBe(true)
    expect(can(actor, 'repository:push', standing, 'p/another')).toBe(false)
    expect(canInSystem(actor, 'user:list')).toBe(false)
  })

  test('a permission that was taken away is gone from tokens too', async () => {
    const access = await compose()
    const permissions = [grant('p', 'repository:pull', 'repository:push')]
    const { robot: created, secret } = await access.robots.createRobot(system, robot({ permissions }))
    const useToken = await bearer(access, created.username, secret)
    await access.robots.updateRobot(system, created.id, { permissions: [grant('p', 'repository:pull')] })
    const { actor } = await useToken()
    const standing = await findProjectAccess(access.database, actor, 'p')
    expect([
      can(actor, 'repository:pull', standing, 'p/app'),
      can(actor, 'repository:push', standing, 'p/app'),
    ]).toEqual([true, false])
  })

  test('a chosen secret must be strong, works, and is not shown again', async () => {
    const access = await compose()
    const { robot: created, secret } = await access.robots.createRobot(system, robot())
    expect(await codeOf(access.robots.refreshSecret(system, created.id, 'weak'))).toBe('BAD_REQUEST')
    expect(await access.robots.refreshSecret(system, created.id, 'Chosen-Secret-1')).toBeUndefined()
    expect(await signedIn(access, created.username, 'Chosen-Secret-1')).toMatchObject({ kind: 'robot' })
    expect(await signedIn(access, created.username, secret)).toEqual({ kind: 'anonymous' })
  })

  test('creates robots with what it has or less, and changes none, not even itself', async () => {
    const access = await compose()
    const permissions = [grant('p', 'robot:create', 'robot:read', 'repository:pull')]
    const made = await access.robots.createRobot(system, robot({ projectId: access.p, permissions }))
    const maker = await signedIn(access, made.robot.username, made.secret)
    const make = async (...given: string[]) =>
      await codeOf(
        access.robots.createRobot(
          maker,
          robot({ name: 'narrow', projectId: access.p, permissions: [grant('p', ...given)] }),
        ),
      )
    expect(await make('repository:push')).toBe('FORBIDDEN')
    expect(await make('repository:pull')).toBeUndefined()
    expect(await codeOf(access.robots.createRobot(maker, robot({ name: 'wide' })))).toBe('FORBIDDEN')
    expect(await codeOf(access.robots.updateRobot(maker, made.robot.id, { durationDays: -1 }))).toBe('FORBIDDEN')
    expect(await codeOf(access.robots.refreshSecret(maker, made.robot.id, undefined))).toBe('FORBIDDEN')
    expect((await access.robots.getRobot(maker, made.robot.id)).id).toBe(made.robot.id)
    const [narrow] = (await access.robots.pageRobots(system, access.p, { limit: 1, offset: 0 })).rows
    expect(narrow).toMatchObject({ creatorType: 'robot', creatorId: made.robot.id })
  })

  test('a robot of the registry cannot make one for every project when it has one project', async () => {
    const access = await compose()
    const permissions = [grant('/', 'robot:create'), grant('p', 'repository:pull')]
    const made = await access.robots.createRobot(system, robot({ name: 'maker', permissions }))
    const maker = await signedIn(access, made.robot.username, made.secret)
    const make = async (...given: RobotPermission[]) =>
      await codeOf(access.robots.createRobot(maker, robot({ name: 'made', permissions: given })))
    expect(await make(grant('*', 'repository:pull'))).toBe('FORBIDDEN')
    expect(await make(grant('/', 'user:create'))).toBe('FORBIDDEN')
    expect(await make(grant('p', 'repository:pull'))).toBeUndefined()
  })

  test('project admins rule the robots of their project and no others', async () => {
    const access = await compose()
    const ada = await userNamed(access, 'ada')
    const eve = await userNamed(access, 'eve')
    const { robot: own } = await access.robots.createRobot(
      ada,
      robot({ projectId: access.p, permissions: [grant('p', 'metadata:list', 'repository:push')] }),
    )
    const { robot: foreign } = await access.robots.createRobot(
      system,
      robot({ projectId: access.other, permissions: [grant('other', 'repository:pull')] }),
    )
    expect(await codeOf(access.robots.createRobot(ada, robot({ name: 'x' })))).toBe('FORBIDDEN')
    for (const id of [foreign.id, 9999]) {
      expect(await codeOf(access.robots.getRobot(ada, id))).toBe('FORBIDDEN')
      expect(await codeOf(access.robots.deleteRobot(ada, id))).toBe('FORBIDDEN')
    }
    expect(await codeOf(access.robots.getRobot(system, 9999))).toBe('ROBOT_UNKNOWN')
    expect(await codeOf(access.robots.getRobot(eve, own.id))).toBe('FORBIDDEN')
    expect(await codeOf(access.robots.pageRobots(eve, access.p, { limit: 1, offset: 0 }))).toBe('FORBIDDEN')
    expect(await codeOf(access.robots.deleteRobot(ada, own.id))).toBeUndefined()
  })

  /** `ada`, with one composed role in `p` instead of the one that she has. */
  async function composeNarrow(...permissions: Permission[]) {
    const access = await compose()
    const { database, clock, events, members } = access
    const role = { name: 'narrow', description: '', permissions }
    const id = await new Roles({ database, clock, events }).createRole(system, role)
    await members.setMemberRole(system, 'p', 'ada', id)
    return { ...access, ada: await userNamed(access, 'ada') }
  }

  test('who may change robots changes and takes over none that may do more than they may', async () => {
    const access = await composeNarrow('robot:update', 'robot:create', 'repository:pull')
    const { robots, p, ada, database, clock, events } = access
    const issuerKeys = { verifyToken: async () => undefined } as unknown as IssuerKeys
    const trustRules = new TrustRules({ database, clock, events, issuerKeys })
    const rule = { issuer: 'https://ci.test', audience: 'a', claims: { sub: 'repo:company/app' }, authority: undefined }
    const doors = (id: number): Record<string, () => Promise<unknown>> => ({
      secret: async () => await robots.refreshSecret(ada, id, undefined),
      'chosen secret': async () => await robots.refreshSecret(ada, id, 'Chosen-Secret-1'),
      prolonging: async () => await robots.updateRobot(ada, id, { durationDays: -1 }),
      enabling: async () => await robots.updateRobot(ada, id, { disabled: false }),
      describing: async () => await robots.updateRobot(ada, id, { description: 'x' }),
      narrowing: async () => await robots.updateRobot(ada, id, { permissions: [grant('p', 'repository:pull')] }),
      'trust rule': async () => await trustRules.createRule(ada, id, rule),
    })
    const given = { projectId: p, durationDays: 1, disabled: true }
    const { robot: wide } = await robots.createRobot(
      system,
      robot({ ...given, name: 'wide', permissions: [grant('p', 'repository:pull', 'repository:push')] }),
    )
    for (const [door, open] of Object.entries(doors(wide.id)))
      expect([door, await codeOf(open())]).toEqual([door, 'FORBIDDEN'])
    expect(await robots.getRobot(system, wide.id)).toEqual(wide)
    const { robot: equal } = await robots.createRobot(
      system,
      robot({ ...given, name: 'equal', permissions: [grant('p', 'repository:pull')] }),
    )
    for (const [door, open] of Object.entries(doors(equal.id)))
      expect([door, await codeOf(open())]).toEqual([door, undefined])
    const widen = { permissions: [grant('p', 'repository:pull', 'tag:list')] }
    expect(await codeOf(robots.updateRobot(ada, equal.id, widen))).toBe('FORBIDDEN')
  })

  test('a personal token makes, widens and prolongs no robot beyond what it names, nor beyond its own end', async () => {
    const access = await compose()
    const { robots, p, clock, events, database } = access
    const ada = (await userNamed(access, 'ada')) as Extract<Actor, { kind: 'user' }>
    const tokens = new PersonalTokens({ database, clock, events })
    const tokenFor = async (name: string, permissions: string[], lifetimeDays?: number): Promise<Actor> => {
      const given = { name, description: '', projectIds: undefined, permissions, lifetimeDays }
      const { secret } = await tokens.createToken(ada, given)
      return { ...ada, limits: (await tokens.findBySecret(secret))!.limits }
    }
    const pulling = robot({ projectId: p, durationDays: 2 })
    const { robot: known } = await robots.createRobot(system, robot({ name: 'known', projectId: p, durationDays: 1 }))
    const narrow = await tokenFor('narrow', ['robot:create', 'robot:update', 'robot:delete'])
    expect(await codeOf(robots.createRobot(narrow, pulling))).toBe('FORBIDDEN')
    expect(await codeOf(robots.updateRobot(narrow, known.id, { durationDays: -1 }))).toBe('FORBIDDEN')
    expect(await codeOf(robots.refreshSecret(narrow, known.id, undefined))).toBe('FORBIDDEN')
    const short = await tokenFor('short', ['robot:create', 'robot:update', 'repository:pull'], 1)
    for (const durationDays of [2, 0, -1])
      expect(await codeOf(robots.createRobot(short, { ...pulling, durationDays }))).toBe('FORBIDDEN')
    expect(await codeOf(robots.updateRobot(short, known.id, { durationDays: 2 }))).toBe('FORBIDDEN')
    expect(await codeOf(robots.createRobot(short, { ...pulling, durationDays: 1 }))).toBeUndefined()
    expect(await codeOf(robots.refreshSecret(short, known.id, undefined))).toBeUndefined()
    clock.advance(day)
    expect(await codeOf(robots.createRobot(short, { ...pulling, name: 'late', durationDays: 1 }))).toBe(
      'UNAUTHENTICATED',
    )
  })

  test('what a robot may do is asked when it gives it, not when its request began', async () => {
    const access = await compose()
    const { robots, p } = access
    const permissions = [grant('p', 'robot:create', 'repository:pull')]
    const made = await robots.createRobot(system, robot({ name: 'maker', projectId: p, permissions }))
    const maker = await signedIn(access, made.robot.username, made.secret)
    await robots.updateRobot(system, made.robot.id, { permissions: [grant('p', 'robot:create')] })
    expect(await codeOf(robots.createRobot(maker, robot({ projectId: p })))).toBe('FORBIDDEN')
    await robots.updateRobot(system, made.robot.id, { permissions, disabled: true })
    expect(await codeOf(robots.createRobot(maker, robot({ projectId: p })))).toBe('UNAUTHENTICATED')
  })

  test.each(['deny', 'Allow', 'DENY', 'none', ' allow'])(
    'a permission with the effect %p is refused, not given',
    async (effect) => {
      const { robots } = await compose()
      const permissions = [grant('p', 'repository:pull')]
      const denied = { ...permissions[0]!, access: [{ resource: 'repository', action: 'push', effect }] }
      expect(await codeOf(robots.createRobot(system, robot({ permissions: [...permissions, denied] })))).toBe(
        'BAD_REQUEST',
      )
      const { robot: created } = await robots.createRobot(system, robot({ permissions }))
      expect(await codeOf(robots.updateRobot(system, created.id, { permissions: [denied] }))).toBe('BAD_REQUEST')
      const allowed = { ...denied, access: [{ ...denied.access[0]!, effect: 'allow' }] }
      expect(await codeOf(robots.updateRobot(system, created.id, { permissions: [allowed] }))).toBeUndefined()
    },
  )

  test('is found by the whole username or a part of it, newest first', async () => {
    const { robots, p, clock } = await compose()
    for (const name of ['build', 'deploy', 'builder']) {
      await robots.createRobot(system, robot({ name, projectId: p }))
      clock.advance(1_000)
    }
    const names = async (kind: 'exact' | 'fuzzy', value: string) =>
      (
        await robots.pageRobots(system, p, { conditions: [{ kind, key: 'name', value }], limit: 10, offset: 0 })
      ).rows.map(({ username }) => username)
    expect(await names('fuzzy', 'build')).toEqual(['robot$p+builder', 'robot$p+build'])
    expect(await names('exact', 'robot$p+build')).toEqual(['robot$p+build'])
    const page = await robots.pageRobots(system, p, { limit: 1, offset: 1 })
    expect([page.total, page.rows[0]?.username]).toEqual([3, 'robot$p+deploy'])
    expect((await robots.pageRobots(system, undefined, { limit: 9, offset: 0 })).total).toBe(0)
  })

  test('robots of a project go with it', async () => {
    const access = await compose()
    const { robot: created, secret } = await access.robots.createRobot(system, robot({ projectId: access.p }))
    await access.projects.deleteProject(system, 'p')
    expect(await signedIn(access, created.username, secret)).toEqual({ kind: 'anonymous' })
  })

  test('whatever changes a robot leaves an event', async () => {
    const { robots, database, p } = await compose()
    const { robot: created } = await robots.createRobot(system, robot({ projectId: p }))
    await robots.updateRobot(system, created.id, { disabled: true })
    await robots.refreshSecret(system, created.id, undefined)
    await robots.deleteRobot(system, created.id)
    const events = await database.read
      .selectFrom('event')
      .select(['type', 'resource', 'project_id'])
      .where('resource', '=', 'robot$p+ci')
      .orderBy('id')
      .execute()
    expect(events.map(({ type }) => type)).toEqual(['create_robot', 'update_robot', 'update_robot', 'delete_robot'])
    expect(events.every(({ project_id }) => project_id === p)).toBe(true)
  })
})
