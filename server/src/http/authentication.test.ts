import { expect, test } from 'bun:test'
import { basic, composeAccessForTest, password, system, type AccessForTest } from '../../test/access.ts'
import { describeEachDatabase } from '../../test/databases.ts'
import { can } from '../domain/access/roles/authorise.ts'
import { findProjectAccess } from '../domain/projects/project-access.ts'

const client = '203.0.113.7'

function request(authorization?: string): Request {
  return new Request('http://registry.test/v2/', authorization === undefined ? {} : { headers: { authorization } })
}

async function fetchToken(access: AccessForTest, scope: string, authorization?: string): Promise<string> {
  const url = `http://registry.test/service/token?service=harbor-registry&scope=${encodeURIComponent(scope)}`
  const init = authorization === undefined ? {} : { headers: { authorization } }
  const { response } = await access.tokenEndpoint(new Request(url, init), client)
  expect(response.status).toBe(200)
  return ((await response.json()) as { token: string }).token
}

async function mayPush(access: AccessForTest, authorization: string, repository: string): Promise<boolean> {
  const { actor } = await access.authenticate(request(authorization), client)
  const standing = await findProjectAccess(access.database, actor, repository.split('/')[0]!)
  return can(actor, 'repository:push', standing, repository)
}

async function withDeveloper(access: AccessForTest): Promise<void> {
  await access.users.createUser(system, { username: 'ada', password })
  await access.projects.createProject(system, { name: 'p', public: false })
  await access.members.addMember(system, 'p', 'ada', 'developer')
}

describeEachDatabase('authentication', (open) => {
  test('no Authorization header is anonymous', async () => {
    const access = composeAccessForTest(await open())
    expect(await access.authenticate(request(), client)).toEqual({
      actor: { kind: 'anonymous' },
      authorizationSent: false,
      failedLogin: false,
    })
  })

  test('the right password is the user', async () => {
    const access = composeAccessForTest(await open())
    const { id } = await access.users.createUser(system, { username: 'ada', password })
    const { actor, failedLogin } = await access.authenticate(request(basic('ada')), client)
    expect(actor).toEqual({ kind: 'user', id, username: 'ada', admin: false, version: expect.any(Number) })
    expect(failedLogin).toBe(false)
  })

  test.each([
    ['a wrong password', basic('ada', 'wrong')],
    ['an unknown user', basic('eve')],
    ['an empty user name', basic('')],
    ['no base64', 'Basic ???'],
    ['no colon', `Basic ${Buffer.from('ada').toString('base64')}`],
    ['a control character', basic('ada\u0000')],
    ['an unknown scheme', 'Digest username="ada"'],
    ['an empty header', ''],
  ])('%s goes on as anonymous and is marked as a failed login', async (_, authorization) => {
    const access = composeAccessForTest(await open())
    await access.users.createUser(system, { username: 'ada', password })
    expect(await access.authenticate(request(authorization), client)).toEqual({
      actor: { kind: 'anonymous' },
      authorizationSent: true,
      failedLogin: true,
    })
  })

  test('a token that is not good may not even do what everyone may', async () => {
    const access = composeAccessForTest(await open())
    await access.projects.createProject(system, { name: 'open', public: true })
    const { actor, failedLogin } = await access.authenticate(request('Bearer nonsense'), client)
    expect(failedLogin).toBe(true)
    const standing = await findProjectAccess(access.database, actor, 'open')
    expect(can(actor, 'repository:pull', standing, 'open/x')).toBe(false)
  })

  test('a token does what it says and nothing in another repository', async () => {
    const access = composeAccessForTest(await open())
    await withDeveloper(access)
    const bearer = `Bearer ${await fetchToken(access, 'repository:p/app:pull,push', basic('ada'))}`
    expect(await mayPush(access, bearer, 'p/app')).toBe(true)
    expect(await mayPush(access, bearer, 'p/other')).toBe(false)
  })

  test('a token for a name without project works for the default project', async () => {
    const access = composeAccessForTest(await open())
    await access.users.createUser(system, { username: 'ada', password })
    await access.projects.ensureDefaultProject('library', true)
    await access.members.addMember(system, 'library', 'ada', 'developer')
    const bearer = `Bearer ${await fetchToken(access, 'repository:nginx:pull,push', basic('ada'))}`
    expect(await mayPush(access, bearer, 'library/nginx')).toBe(true)
  })

  test('a member who is removed can do nothing more with a token in hand', async () => {
    const access = composeAccessForTest(await open())
    await withDeveloper(access)
    const bearer = `Bearer ${await fetchToken(access, 'repository:p/app:pull,push', basic('ada'))}`
    expect(await mayPush(access, bearer, 'p/app')).toBe(true)
    await access.members.removeMember(system, 'p', 'ada')
    expect(await mayPush(access, bearer, 'p/app')).toBe(false)
  })

  test('a member whose role shrinks keeps only what the new role may', async () => {
    const access = composeAccessForTest(await open())
    await withDeveloper(access)
    const bearer = `Bearer ${await fetchToken(access, 'repository:p/app:pull,push', basic('ada'))}`
    await access.members.setMemberRole(system, 'p', 'ada', 'guest')
    expect(await mayPush(access, bearer, 'p/app')).toBe(false)
    const { actor } = await access.authenticate(request(bearer), client)
    expect(can(actor, 'repository:pull', await findProjectAccess(access.database, actor, 'p'), 'p/app')).toBe(true)
  })

  test.each([
    ['disabled', (access: AccessForTest) => access.users.disableUser(system, 'ada')],
    ['deleted', (access: AccessForTest) => access.users.deleteUser(system, 'ada')],
    ['given a new password', (access: AccessForTest) => access.users.setPassword(system, 'ada', 'Another-Horse-2')],
  ])('an account that is %s, by another process too, loses tokens and cached passwords at once', async (_, change) => {
    const database = await open()
    const access = composeAccessForTest(database)
    const other = composeAccessForTest(database, { clock: access.clock })
    await withDeveloper(access)
    const bearer = `Bearer ${await fetchToken(access, 'repository:p/app:pull,push', basic('ada'))}`
    expect(await mayPush(access, bearer, 'p/app')).toBe(true)
    expect(await mayPush(access, basic('ada'), 'p/app')).toBe(true)
    await change(other)
    expect((await access.authenticate(request(bearer), client)).failedLogin).toBe(true)
    expect((await access.authenticate(request(basic('ada')), client)).failedLogin).toBe(true)
    expect(await mayPush(access, bearer, 'p/app')).toBe(false)
  })

  test('a token of one who stops being an administrator is void', async () => {
    const access = composeAccessForTest(await open())
    await access.users.ensureAdministrator(password)
    await access.users.createUser(system, { username: 'ada', password, admin: true })
    const bearer = `Bearer ${await fetchToken(access, 'repository:p/app:push', basic('ada'))}`
    await access.users.setAdmin(system, 'ada', false)
    expect((await access.authenticate(request(bearer), client)).failedLogin).toBe(true)
  })

  test('a token from before a project was made again gives nothing in the new one', async () => {
    const access = composeAccessForTest(await open())
    await withDeveloper(access)
    const bearer = `Bearer ${await fetchToken(access, 'repository:p/app:pull,push', basic('ada'))}`
    await access.projects.deleteProject(system, 'p')
    access.clock.advance(1)
    await access.projects.createProject(system, { name: 'p', public: false })
    await access.members.addMember(system, 'p', 'ada', 'developer')
    expect(await mayPush(access, bearer, 'p/app')).toBe(false)
    const renewed = `Bearer ${await fetchToken(access, 'repository:p/app:pull,push', basic('ada'))}`
    expect(await mayPush(access, renewed, 'p/app')).toBe(true)
  })

  test('an open registry asks nobody for anything', async () => {
    const access = composeAccessForTest(await open(), { open: true })
    for (const authorization of [undefined, basic('eve', 'x'), 'Bearer nonsense']) {
      const { actor, failedLogin } = await access.authenticate(request(authorization), client)
      expect(actor).toEqual({ kind: 'open' })
      expect(failedLogin).toBe(false)
    }
  })
})
