import { expect, test } from 'bun:test'
import { basic, composeAccessForTest, password, system, type AccessForTest } from '../../../test/access.ts'
import { describeEachDatabase } from '../../../test/databases.ts'
import type { Database } from '../../database/database.ts'
import type { RoleName } from '../../domain/access/roles/permissions.ts'
import type { DomainError } from '../../domain/errors.ts'
import { composeTokenEndpoint } from './token-endpoint.ts'

const client = '203.0.113.7'

interface Ask {
  scopes?: string[]
  service?: string | undefined
  authorization?: string | undefined
  method?: string
}

async function ask(access: AccessForTest, asked: Ask): Promise<Response> {
  return (await answer(access, asked)).response
}

async function answer(
  access: AccessForTest,
  { scopes = [], service = 'harbor-registry', authorization, method = 'GET' }: Ask,
) {
  const query = new URLSearchParams([
    ['service', service],
    ...scopes.map((scope): [string, string] => ['scope', scope]),
  ])
  const headers = authorization === undefined ? {} : { authorization }
  return await access.tokenEndpoint(
    new Request(`http://registry.test/service/token?${query}`, { method, headers }),
    client,
  )
}

async function granted(access: AccessForTest, asked: Ask): Promise<unknown> {
  const response = await ask(access, asked)
  expect(response.status).toBe(200)
  const { token } = (await response.json()) as { token: string }
  return (await access.tokens.verifyToken(token))?.access
}

const repository = (name: string, ...actions: string[]) => ({ type: 'repository', name, actions })

describeEachDatabase('GET /service/token', (open) => {
  async function compose(options: { role?: RoleName; open?: boolean } = {}): Promise<AccessForTest> {
    const access = composeAccessForTest(await open(), { open: options.open ?? false })
    await access.users.createUser(system, { username: 'ada', password })
    await access.projects.createProject(system, { name: 'private', public: false })
    await access.projects.createProject(system, { name: 'library', public: true })
    if (options.role !== undefined) await access.members.addMember(system, 'private', 'ada', options.role)
    return access
  }

  test('answers as Harbor does: token, empty access_token, expires_in, issued_at', async () => {
    const access = await compose()
    const response = await ask(access, { authorization: basic('ada') })
    expect(response.status).toBe(200)
    expect(response.headers.get('content-type')).toContain('application/json')
    expect(response.headers.get('cache-control')).toBe('no-store')
    expect(await response.json()).toEqual({
      token: expect.any(String),
      access_token: '',
      expires_in: 1800,
      issued_at: new Date(access.clock.now()).toISOString(),
    })
  })

  test.each([
    ['projectAdmin', ['pull', 'push', 'delete']],
    ['maintainer', ['pull', 'push', 'delete']],
    ['developer', ['pull', 'push']],
    ['guest', ['pull']],
    ['limitedGuest', ['pull']],
  ] as [RoleName, string[]][])('a %s gets no more than %p', async (role, actions) => {
    const access = await compose({ role })
    const scopes = ['repository:private/app:pull,push,delete']
    expect(await granted(access, { scopes, authorization: basic('ada') })).toEqual([
      repository('private/app', ...actions),
    ])
  })

  test('nobody gets more than was asked for', async () => {
    const access = await compose({ role: 'projectAdmin' })
    const authorization = basic('ada')
    expect(await granted(access, { scopes: ['repository:private/app:pull'], authorization })).toEqual([
      repository('private/app', 'pull'),
    ])
  })

  test('who is no member gets an empty scope, for a project that is missing as well', async () => {
    const access = await compose()
    for (const authorization of [basic('ada'), undefined]) {
      for (const name of ['private/app', 'missing/app']) {
        expect(await granted(access, { scopes: [`repository:${name}:pull,push`], authorization })).toEqual([
          repository(name),
        ])
      }
    }
  })

  test('anonymous clients get pull in public projects and nothing more', async () => {
    const access = await compose()
    expect(await granted(access, { scopes: ['repository:library/nginx:pull,push,delete'] })).toEqual([
      repository('library/nginx', 'pull'),
    ])
  })

  test('an administrator gets all, also where there is no project yet', async () => {
    const access = await compose()
    await access.users.ensureAdministrator(password)
    expect(await granted(access, { scopes: ['repository:new/app:pull,push'], authorization: basic('admin') })).toEqual([
      repository('new/app', 'pull', 'push'),
    ])
  })

  test('* stands for every action that the account has', async () => {
    const access = await compose({ role: 'developer' })
    expect(await granted(access, { scopes: ['repository:private/app:*'], authorization: basic('ada') })).toEqual([
      repository('private/app', 'pull', 'push'),
    ])
  })

  test('a name without a project is authorised in the default project and keeps the form it was asked in', async () => {
    const access = await compose()
    expect(await granted(access, { scopes: ['repository:nginx:pull'] })).toEqual([repository('nginx', 'pull')])
  })

  test('several scopes, as parameters or in one, are each decided by themselves', async () => {
    const access = await compose({ role: 'developer' })
    const scopes = ['repository:private/app:pull,push repository:other/base:pull', 'repository:library/nginx:pull']
    expect(await granted(access, { scopes, authorization: basic('ada') })).toEqual([
      repository('private/app', 'pull', 'push'),
      repository('other/base'),
      repository('library/nginx', 'pull'),
    ])
  })

  test('a hundred scopes are decided by one question to the database', async () => {
    const access = await compose({ role: 'developer' })
    let questions = 0
    const counted: Database = {
      ...access.database,
      get read() {
        questions += 1
        return access.database.read
      },
    }
    const tokenEndpoint = composeTokenEndpoint({
      database: counted,
      signIn: access.signIn,
      tokens: access.tokens,
      service: 'harbor-registry',
      defaultProject: 'library',
      open: false,
    })
    const names = ['private/app', ...Array.from({ length: 99 }, (_, at) => `project-${at}/app`)]
    const query = new URLSearchParams(names.map((name) => ['scope', `repository:${name}:pull`]))
    const url = `http://registry.test/service/token?service=harbor-registry&${query}`
    const { response } = await tokenEndpoint(new Request(url, { headers: { authorization: basic('ada') } }), client)
    const { token } = (await response.json()) as { token: string }
    const allowed = (await access.tokens.verifyToken(token))?.access.filter(({ actions }) => actions.length > 0)
    expect({ allowed, questions }).toEqual({ allowed: [repository('private/app', 'pull')], questions: 1 })
  })

  test.each([
    ['repository:private/*:pull'],
    ['repository:*:pull'],
    ['repository:../etc:pull'],
    ['repository:private/app'],
  ])('what can be no scope is 400: %s', async (scope) => {
    const access = await compose({ role: 'projectAdmin' })
    const response = await ask(access, { scopes: [scope], authorization: basic('ada') })
    expect(response.status).toBe(400)
  })

  test.each([
    ['repository:Private/App:pull'],
    ['repository:private/app:root,constructor'],
    ['registry:metrics:*'],
    ['registry:catalog:pull'],
    ['plugin:private/app:pull'],
  ])('a name or action that we do not have gives nothing: %s', async (scope) => {
    const access = await compose({ role: 'projectAdmin' })
    await access.users.setAdmin(system, 'ada', true)
    const scopes = await granted(access, { scopes: [scope], authorization: basic('ada') })
    expect(scopes).toMatchObject([{ actions: [] }])
  })

  test('the catalog is for administrators', async () => {
    const access = await compose()
    const scopes = ['registry:catalog:*']
    expect(await granted(access, { scopes, authorization: basic('ada') })).toEqual([
      { type: 'registry', name: 'catalog', actions: [] },
    ])
    expect(await granted(access, { scopes })).toEqual([{ type: 'registry', name: 'catalog', actions: [] }])
    await access.users.ensureAdministrator(password)
    expect(await granted(access, { scopes, authorization: basic('admin') })).toEqual([
      { type: 'registry', name: 'catalog', actions: ['*'] },
    ])
  })

  test.each([
    ['a wrong password', basic('ada', 'wrong')],
    ['an unknown user', basic('ghost')],
    ['a token instead of a password', 'Bearer x'],
    ['nonsense', 'Basic !'],
  ])('%s is 401, with and without scope', async (_, authorization) => {
    const access = await compose()
    for (const scopes of [[], ['repository:library/nginx:pull']]) {
      const response = await ask(access, { authorization, scopes })
      expect(response.status).toBe(401)
      expect(response.headers.get('www-authenticate')).toBe('Basic realm="harbor"')
      expect(await response.text()).not.toContain('token"')
    }
  })

  test('the log learns who asked when the password was right, and nobody’s name when it was not', async () => {
    const access = await compose({ role: 'developer' })
    const scopes = ['repository:private/app:pull']
    const { actor } = await answer(access, { authorization: basic('ada'), scopes })
    expect(actor).toMatchObject({ kind: 'user', username: 'ada' })
    expect((await answer(access, { scopes })).actor).toEqual({ kind: 'anonymous' })
    const refused = await answer(access, { authorization: basic('ada', 'wrong'), scopes })
    expect([refused.response.status, refused.actor]).toEqual([401, { kind: 'anonymous' }])
  })

  test('a disabled account gets no token', async () => {
    const access = await compose({ role: 'developer' })
    await access.users.disableUser(system, 'ada')
    expect((await ask(access, { authorization: basic('ada') })).status).toBe(401)
  })

  test('nobody without credentials gets a token for nothing', async () => {
    const response = await ask(await compose(), {})
    expect([response.status, await response.text()]).toEqual([401, ''])
  })

  test('another service is 400', async () => {
    const access = await compose()
    for (const service of ['', 'harbor-notary', 'HARBOR-REGISTRY']) {
      expect((await ask(access, { service, authorization: basic('ada') })).status).toBe(400)
    }
  })

  test.each(['POST', 'HEAD', 'PUT', 'DELETE'])('%s is 405, so that clients come back with GET', async (method) => {
    const response = await ask(await compose(), { method, authorization: basic('ada') })
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'GET'])
  })

  test('guessing passwords here ends in TOO_MANY_REQUESTS', async () => {
    const access = await compose()
    for (let round = 0; round < 5; round += 1) await ask(access, { authorization: basic('ada', `guess ${round}`) })
    const error = await ask(access, { authorization: basic('ada', 'guess 6') }).catch((thrown: unknown) => thrown)
    expect((error as DomainError).code).toBe('TOO_MANY_REQUESTS')
  })

  test('an open registry gives everyone everything', async () => {
    const access = await compose({ open: true })
    expect(
      await granted(access, { scopes: ['repository:private/app:pull,push'], authorization: basic('x', 'y') }),
    ).toEqual([repository('private/app', 'pull', 'push')])
  })
})
