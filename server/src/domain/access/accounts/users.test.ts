import { expect, test } from 'bun:test'
import { composeAccessForTest, password, system } from '../../../../test/access.ts'
import { describeEachDatabase } from '../../../../test/databases.ts'
import type { DomainError } from '../../errors.ts'
import type { Actor } from '../actor.ts'
import { rightsOf } from '../robots/robot-rights.ts'
import { UserProfiles } from './user-profiles.ts'

const anotherPassword = 'Another-Horse-2'
const ordinary: Actor = { kind: 'user', id: 99, username: 'ada', admin: false }
const adminByToken: Actor = { kind: 'user', id: 98, username: 'root', admin: true, access: [], tokenIssuedAt: 0 }

async function codeOf(work: Promise<unknown>): Promise<string> {
  return await work.then(
    () => 'done',
    (error: DomainError) => error.code,
  )
}

describeEachDatabase('users', (open) => {
  async function compose() {
    const access = composeAccessForTest(await open())
    const events = async () => {
      const rows = await access.database.read
        .selectFrom('event')
        .select(['type', 'actor', 'resource', 'payload'])
        .orderBy('id')
        .execute()
      return rows.map(({ payload, ...row }): Record<string, unknown> => ({
        ...row,
        ...(JSON.parse(payload) as object),
      }))
    }
    const version = async (username: string) =>
      (
        await access.database.read
          .selectFrom('user_account')
          .select('credentials_changed_at')
          .where('username', '=', username)
          .executeTakeFirstOrThrow()
      ).credentials_changed_at
    return { ...access, events, version }
  }

  test('a created user can be found and is announced, without the password', async () => {
    const { users, events, database } = await compose()
    const created = await users.createUser(system, {
      username: 'ada',
      password,
      email: 'ada@example.org',
      realName: 'Ada',
      admin: true,
    })
    expect(await users.getUser('ada')).toEqual(created)
    expect(created).toMatchObject({ username: 'ada', email: 'ada@example.org', admin: true, disabled: false })
    expect(await events()).toEqual([
      { type: 'create_user', actor: 'system:test', resource: 'ada', userId: created.id, username: 'ada', admin: true },
    ])
    const row = await database.read.selectFrom('user_account').select('password_hash').executeTakeFirstOrThrow()
    expect(row.password_hash).toStartWith('$argon2id$')
  })

  test('a name that is taken is a CONFLICT and announces nothing', async () => {
    const { users, events } = await compose()
    await users.createUser(system, { username: 'ada', password })
    expect(await codeOf(users.createUser(system, { username: 'ada', password }))).toBe('CONFLICT')
    expect((await events()).length).toBe(1)
  })

  test('of many who take one name at once, one gets it', async () => {
    const { users } = await compose()
    const outcomes = await Promise.all(
      Array.from({ length: 8 }, () => codeOf(users.createUser(system, { username: 'ada' }))),
    )
    expect(outcomes.toSorted()).toEqual([...Array.from({ length: 7 }, () => 'CONFLICT'), 'done'])
  })

  test.each([
    '',
    ' ada',
    'ada ',
    'a:b',
    'robot$x',
    'a,b',
    'a"b',
    'a~b',
    'a#b',
    'a%b',
    'a\\b',
    'a\nb',
    'a\u0000b',
    'x'.repeat(256),
  ])('the username %j is refused', async (username) => {
    const { users } = await compose()
    expect(await codeOf(users.createUser(system, { username }))).toBe('BAD_REQUEST')
  })

  test.each(['ada', 'Ada.Lovelace', 'ada@example.org', '张伟', 'x'.repeat(255)])(
    'the username %j is accepted',
    async (username) => {
      const { users } = await compose()
      expect((await users.createUser(system, { username })).username).toBe(username)
    },
  )

  test('a name is one account, in whatever capitals; it is still found as it is written only', async () => {
    const { users } = await compose()
    await users.createUser(system, { username: 'ada' })
    for (const username of ['Ada', 'ADA', 'adA'])
      expect(await codeOf(users.createUser(system, { username }))).toBe('CONFLICT')
    expect(await users.findUser('ADA')).toBeUndefined()
  })

  test('of many who take one name at once, in different capitals, one gets it', async () => {
    const { users } = await compose()
    const spellings = ['eve', 'Eve', 'EVE', 'eVe', 'evE']
    const codes = await Promise.all(spellings.map((username) => codeOf(users.createUser(system, { username }))))
    expect(codes.filter((code) => code !== 'CONFLICT').length).toBe(1)
  })

  test('accounts from before names were compared without case keep theirs', async () => {
    const { users, database } = await compose()
    await users.createUser(system, { username: 'zoe', password })
    await database.write(async (tx) => {
      const row = { email: null, real_name: '', comment: '', password_hash: null, admin: 0, disabled: 0 } as const
      const times = { credentials_changed_at: 1, created_at: 1, updated_at: 1 }
      await tx
        .insertInto('user_account')
        .values({ ...row, ...times, username: 'ZOE', name_key: 'zoe', external_id: null })
        .execute()
    })
    expect((await users.getUser('zoe')).id).not.toBe((await users.getUser('ZOE')).id)
    await users.setPassword(system, 'ZOE', anotherPassword)
    expect(await codeOf(users.createUser(system, { username: 'Zoe' }))).toBe('CONFLICT')
  })

  test.each(['adm1n', 'admln', 'аԁміп', 'ADMİN', 'àdmin', 'αdmιn'])(
    'nobody is called %p beside an administrator whose name it looks like',
    async (username) => {
      const { users } = await compose()
      await users.createUser(system, { username: 'admin', admin: true })
      expect(await codeOf(users.createUser(system, { username }))).toMatch(/^(CONFLICT|BAD_REQUEST)$/)
      await users.createUser(system, { username: 'administrator' })
    },
  )

  test.each(['not-an-address', 'a@b c', 'a@b\nbcc: x'])('the mail address %j is refused', async (email) => {
    const { users } = await compose()
    expect(await codeOf(users.createUser(system, { username: 'ada', email }))).toBe('BAD_REQUEST')
  })

  test('a weak password is refused, for new accounts and for old ones', async () => {
    const { users } = await compose()
    expect(await codeOf(users.createUser(system, { username: 'ada', password: 'weak' }))).toBe('BAD_REQUEST')
    await users.createUser(system, { username: 'ada', password })
    expect(await codeOf(users.setPassword(system, 'ada', 'weak'))).toBe('BAD_REQUEST')
  })

  test('every change makes another version of the account, also within one tick of the clock, and is announced', async () => {
    const { users, version, events } = await compose()
    await users.createUser(system, { username: 'root', admin: true })
    await users.createUser(system, { username: 'ada', password })
    const versions = [await version('ada')]
    for (const change of [
      () => users.setPassword(system, 'ada', anotherPassword),
      () => users.setAdmin(system, 'ada', true),
      () => users.disableUser(system, 'ada'),
      () => users.enableUser(system, 'ada'),
      () => users.setAdmin(system, 'ada', false),
    ]) {
      await change()
      versions.push(await version('ada'))
    }
    expect(new Set(versions).size).toBe(6)
    expect(versions.toSorted((a, b) => a - b)).toEqual(versions)
    const changes = (await events()).slice(2)
    expect(changes).toMatchObject([
      { type: 'update_user', resource: 'ada', change: 'password' },
      { change: 'admin', value: true },
      { change: 'disabled', value: true },
      { change: 'disabled', value: false },
      { change: 'admin', value: false },
    ])
    expect(JSON.stringify(changes)).not.toContain('argon2')
    expect(JSON.stringify(changes)).not.toContain(anotherPassword)
  })

  test('a change that changes nothing voids nothing and announces nothing', async () => {
    const { users, version, events } = await compose()
    await users.createUser(system, { username: 'ada', password })
    const before = await version('ada')
    await users.enableUser(system, 'ada')
    await users.setAdmin(system, 'ada', false)
    expect(await version('ada')).toBe(before)
    expect((await events()).length).toBe(1)
  })

  test('the last administrator stays: not removed, not disabled, not demoted', async () => {
    const { users } = await compose()
    await users.ensureAdministrator(password)
    await users.createUser(system, { username: 'sleeper', admin: true })
    await users.disableUser(system, 'sleeper')
    for (const attempt of [
      () => users.deleteUser(system, 'admin'),
      () => users.disableUser(system, 'admin'),
      () => users.setAdmin(system, 'admin', false),
    ]) {
      expect(await codeOf(attempt())).toBe('CONFLICT')
    }
    await users.enableUser(system, 'sleeper')
    await users.deleteUser(system, 'admin')
    expect(await users.findUser('admin')).toBeUndefined()
  })

  test('of two administrators who remove each other at once, one stays', async () => {
    const { users } = await compose()
    for (let round = 0; round < 5; round += 1) {
      await users.createUser(system, { username: `a${round}`, admin: true })
      await users.createUser(system, { username: `b${round}`, admin: true })
      if (round > 0) await users.deleteUser(system, `keep${round - 1}`).catch(() => undefined)
      const names = (await users.listUsers({ limit: 100 })).users
        .filter(({ admin }) => admin)
        .map(({ username }) => username)
      const outcomes = await Promise.all(names.map((username) => codeOf(users.disableUser(system, username))))
      expect(outcomes.filter((outcome) => outcome === 'CONFLICT').length).toBe(1)
      const left = (await users.listUsers({ limit: 100 })).users.filter(({ admin, disabled }) => admin && !disabled)
      expect(left.length).toBe(1)
    }
  })

  test('a deleted user takes the memberships along and leaves the projects', async () => {
    const { users, projects, members, database } = await compose()
    await users.createUser(system, { username: 'ada', password })
    await projects.createProject(system, { name: 'p', public: false, owner: 'ada' })
    await users.deleteUser(system, 'ada')
    expect(await database.read.selectFrom('project_member').selectAll().execute()).toEqual([])
    expect((await members.listMembers(system, 'p', { limit: 10 })).members).toEqual([])
    expect(await projects.findProject(system, 'p')).toMatchObject({ name: 'p', ownerId: undefined })
  })

  test('who comes back under a deleted name is somebody else', async () => {
    const { users, projects } = await compose()
    const { id } = await users.createUser(system, { username: 'ada', password })
    await projects.createProject(system, { name: 'p', public: false, owner: 'ada' })
    await users.deleteUser(system, 'ada')
    const again = await users.createUser(system, { username: 'ada', password })
    expect(again.id).toBeGreaterThan(id)
    expect(
      await projects.findProject({ kind: 'user', id: again.id, username: 'ada', admin: false }, 'p'),
    ).toBeUndefined()
  })

  test('lists come in pages, by name, each once', async () => {
    const { users } = await compose()
    const names = ['eve', 'ada', 'Zoe', 'bob', 'dan']
    for (const username of names) await users.createUser(system, { username })
    const seen: string[] = []
    let after: string | undefined
    do {
      const page = await users.listUsers({ after, limit: 2 })
      seen.push(...page.users.map(({ username }) => username))
      after = page.next
    } while (after !== undefined)
    expect(seen).toEqual(['Zoe', 'ada', 'bob', 'dan', 'eve'])
  })

  test('a fresh installation gets its administrator once, whatever name is taken meanwhile', async () => {
    const { users, signIn, events } = await compose()
    await users.createUser(system, { username: 'early' })
    const seeded = await Promise.all(Array.from({ length: 4 }, () => users.ensureAdministrator('whatever')))
    expect(seeded.filter(Boolean).length).toBe(1)
    expect(await users.ensureAdministrator('something else')).toBe(false)
    expect(await signIn.signIn({ username: 'admin', password: 'whatever' }, '127.0.0.1')).toMatchObject({ admin: true })
    expect((await events()).filter(({ resource }) => resource === 'admin').length).toBe(1)
  })

  test('the default password is noticed while it stands', async () => {
    const { users } = await compose()
    expect(await users.usesDefaultPassword()).toBe(false)
    await users.ensureAdministrator('Harbor12345')
    expect(await users.usesDefaultPassword()).toBe(true)
    await users.setPassword(system, 'admin', password)
    expect(await users.usesDefaultPassword()).toBe(false)
  })

  test('only administrators manage accounts, and not by access token', async () => {
    const { users, events } = await compose()
    await users.createUser(system, { username: 'ada', password })
    const attempts = (actor: Actor) => [
      users.createUser(actor, { username: 'eve' }),
      users.setAdmin(actor, 'ada', true),
      users.disableUser(actor, 'ada'),
      users.enableUser(actor, 'ada'),
      users.deleteUser(actor, 'ada'),
      users.setPassword(actor, 'somebody', anotherPassword),
    ]
    for (const actor of [ordinary, adminByToken]) {
      expect(await Promise.all(attempts(actor).map(codeOf))).toEqual(Array.from({ length: 6 }, () => 'FORBIDDEN'))
    }
    expect(await Promise.all(attempts({ kind: 'anonymous' }).map(codeOf))).toEqual(
      Array.from({ length: 6 }, () => 'UNAUTHENTICATED'),
    )
    expect((await events()).length).toBe(1)
  })

  test('users change their own password and nobody else’s, and not by access token', async () => {
    const { users } = await compose()
    const { id } = await users.createUser(system, { username: 'ada', password })
    expect(await codeOf(users.setPassword({ ...ordinary, id }, 'ada', anotherPassword))).toBe('done')
    const byToken: Actor = { kind: 'user', id: 99, username: 'ada', admin: false, access: [], tokenIssuedAt: 0 }
    expect(await codeOf(users.setPassword(byToken, 'ada', anotherPassword))).toBe('FORBIDDEN')
  })

  test('what is asked of somebody who is not there is USER_UNKNOWN', async () => {
    const { users } = await compose()
    for (const attempt of [
      () => users.getUser('eve'),
      () => users.setPassword(system, 'eve', anotherPassword),
      () => users.disableUser(system, 'eve'),
      () => users.deleteUser(system, 'eve'),
      () => users.setAdmin(system, 'eve', true),
    ]) {
      expect(await codeOf(attempt())).toBe('USER_UNKNOWN')
    }
  })

  test('who is an administrator by a group is one where administrators are protected from robots', async () => {
    const access = composeAccessForTest(await open())
    const { users, database, clock, events, robots } = access
    await users.ensureAdministrator(password)
    const { id } = await users.createUser(system, { username: 'by-group' })
    await database.write((tx) =>
      tx.updateTable('user_account').set({ admin_by_group: 1 }).where('id', '=', id).execute(),
    )
    const { id: plain } = await users.createUser(system, { username: 'plain' })
    const kinds = ['user:read', 'user:update', 'user:delete', 'user:create', 'user:list']
    const { robot } = await robots.createRobot(system, {
      name: 'clerk',
      description: '',
      projectId: undefined,
      durationDays: -1,
      permissions: [
        {
          kind: 'system',
          namespace: '/',
          access: kinds.map((each) => ({ resource: 'user', action: each.slice(5) })),
        },
      ],
    })
    const clerk: Actor = {
      kind: 'robot',
      id: robot.id,
      username: robot.username,
      rights: rightsOf([{ scope: 'system', access: kinds }]),
    }
    const profiles = new UserProfiles({ database, clock, events })
    const profile = (name: string) => ({ email: `${name}@example.org`, realName: name, comment: '' })
    const idOfAdmin = (await users.getUser('admin')).id
    for (const [name, account] of [
      ['by-group', id],
      ['admin', idOfAdmin],
    ] as const) {
      expect(await codeOf(users.deleteUser(clerk, name))).toBe('FORBIDDEN')
      expect(await codeOf(profiles.updateProfile(clerk, account, profile('x')))).toBe('FORBIDDEN')
      expect(await codeOf(users.setPassword(clerk, name, 'Aa123456789'))).toBe('FORBIDDEN')
      expect(await codeOf(users.disableUser(clerk, name))).toBe('FORBIDDEN')
    }
    await profiles.updateProfile(clerk, plain, profile('plain'))
    await users.deleteUser(clerk, 'plain')
    await profiles.updateProfile(
      { kind: 'user', id, username: 'by-group', admin: true },
      idOfAdmin,
      profile('administrator'),
    )
    expect((await users.getUser('admin')).email).toBe('administrator@example.org')
  })

  test('an administrator of yesterday administers nothing, however early the request began', async () => {
    const { users } = composeAccessForTest(await open())
    await users.ensureAdministrator(password)
    const { id } = await users.createUser(system, { username: 'root', admin: true })
    await users.createUser(system, { username: 'ada' })
    const root: Actor = { kind: 'user', id, username: 'root', admin: true }
    const doors: Record<string, () => Promise<unknown>> = {
      create: async () => await users.createUser(root, { username: 'made', admin: true }),
      password: async () => await users.setPassword(root, 'ada', 'Aa123456789'),
      flag: async () => await users.setAdmin(root, 'ada', true),
      disable: async () => await users.disableUser(root, 'ada'),
      delete: async () => await users.deleteUser(root, 'ada'),
    }
    const answers = async () =>
      await Promise.all(
        Object.values(doors).map((door) =>
          door().then(
            () => 'done',
            (error: { code: string }) => error.code,
          ),
        ),
      )
    await users.setAdmin(system, 'root', false)
    expect(await answers()).toEqual(Object.keys(doors).map(() => 'FORBIDDEN'))
    await users.disableUser(system, 'root')
    expect(await answers()).toEqual(Object.keys(doors).map(() => 'UNAUTHENTICATED'))
    await users.deleteUser(system, 'root')
    expect(await answers()).toEqual(Object.keys(doors).map(() => 'UNAUTHENTICATED'))
    expect(await users.getUser('ada')).toMatchObject({ admin: false, disabled: false })
  })

  test('an account is handed over to who is its person elsewhere now, by an administrator, and that is an event', async () => {
    const { users, events, database } = await compose()
    const external = async (username: string, source: 'ldap' | 'oidc') => {
      await users.createUser(system, { username })
      const known = { source, external_id: `was ${username}`, stable_id: `id ${username}` }
      await database.write((tx) => tx.updateTable('user_account').set(known).where('username', '=', username).execute())
    }
    await users.createUser(system, { username: 'local' })
    await external('bob', 'ldap')
    await external('eve', 'oidc')
    await external('sub', 'oidc')
    const identity = { issuer: 'https://new.example.org', subject: '7' }
    expect(await codeOf(users.relinkUser(ordinary, 'bob'))).toBe('FORBIDDEN')
    expect(await codeOf(users.relinkUser(system, 'local'))).toBe('BAD_REQUEST')
    expect(await codeOf(users.relinkUser(system, 'eve'))).toBe('BAD_REQUEST')
    expect(await codeOf(users.relinkUser(system, 'bob', identity))).toBe('BAD_REQUEST')
    await users.relinkUser(system, 'bob')
    await users.relinkUser(system, 'eve', identity)
    expect(await codeOf(users.relinkUser(system, 'sub', identity))).toBe('CONFLICT')
    const rows = await database.read
      .selectFrom('user_account')
      .select(['username', 'external_id', 'stable_id'])
      .where('username', 'in', ['bob', 'eve'])
      .orderBy('username')
      .execute()
    expect(rows).toEqual([
      { username: 'bob', external_id: null, stable_id: null },
      { username: 'eve', external_id: 'https://new.example.org 7', stable_id: null },
    ])
    const links = (await events()).filter(({ change }) => change === 'link')
    expect(links.map(({ resource }) => resource)).toEqual(['bob', 'eve'])
  })
})
