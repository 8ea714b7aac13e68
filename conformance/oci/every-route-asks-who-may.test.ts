import { expect, test } from 'bun:test'
import { signAgain } from '../harness/access-token.ts'
import { createUniqueImage } from '../harness/image.ts'
import { addAccount, addProject, describeControlledScenario } from '../harness/scenario.ts'
import { V2Client, type V2Request } from '../harness/v2-client.ts'
import { everything, rightsOfRole, roles, routes, type Right } from '../harness/v2-routes.ts'

interface Caller {
  readonly who: string
  readonly client: V2Client
  readonly token?: string
  /** In the private project; in the public one everybody may pull besides. */
  readonly rights: readonly Right[]
  /** 401: other credentials, or another token, could help; 403: they could not. */
  readonly refused: 401 | 403
  /** For whom the registry takes them. */
  readonly login: 'account' | 'nobody' | 'failed'
  /** Not even what everybody may: a token gives what it says and no more. */
  readonly narrow?: boolean
}

// Wrong passwords are counted by address: as behind a proxy, each request has another.
const trustedProxies = { env: { BERTH_TRUSTED_PROXIES: '127.0.0.1' } }

describeControlledScenario(
  'every route of /v2',
  (registry) => {
    const setUp = async () => {
      const members = await Promise.all(roles.map(async (role) => ({ role, ...(await addAccount(registry())) })))
      const foreigner = await addAccount(registry())
      await addProject(registry(), [{ username: foreigner.username, role: 'project-admin' }])
      const projects = {
        private: await addProject(registry(), members),
        public: await addProject(registry(), members, 'public'),
      }
      const image = createUniqueImage()
      for (const project of Object.values(projects)) {
        await new V2Client(registry()).pushImage(`${project}/app`, image, 'v1')
      }
      return { members, foreigner, projects, image }
    }

    const callersOf = async ({ members, foreigner }: Awaited<ReturnType<typeof setUp>>, repository: string) => {
      const nobody = new V2Client(registry(), 'anonymous')
      const all = `repository:${repository}:pull,push,delete`
      const callers: Caller[] = [
        {
          who: 'the system administrator',
          client: new V2Client(registry()),
          rights: everything,
          refused: 403,
          login: 'account',
        },
        {
          who: 'a wrong password',
          client: new V2Client(registry(), { username: members[0]?.username ?? '', password: 'Wrong12345' }),
          rights: [],
          refused: 401,
          login: 'failed',
        },
        {
          who: 'an account that does not exist',
          client: new V2Client(registry(), { username: 'ghost', password: 'Wrong12345' }),
          rights: [],
          refused: 401,
          login: 'failed',
        },
        {
          who: 'a token of nobody',
          client: nobody,
          token: await nobody.fetchToken(all),
          rights: [],
          refused: 401,
          login: 'nobody',
        },
      ]
      for (const { role, ...account } of members) {
        const client = new V2Client(registry(), account)
        const rights = rightsOfRole[role]
        callers.push({ who: `${role} by password`, client, rights, refused: 403, login: 'account' })
        callers.push({
          who: `${role} by token`,
          client: nobody,
          token: await client.fetchToken(all),
          rights,
          refused: 403,
          login: 'account',
        })
      }
      const stranger = new V2Client(registry(), foreigner)
      callers.push({
        who: 'admin of another project by password',
        client: stranger,
        rights: [],
        refused: 403,
        login: 'account',
      })
      callers.push({
        who: 'admin of another project by token',
        client: nobody,
        token: await stranger.fetchToken(all),
        rights: [],
        refused: 403,
        login: 'account',
      })
      const admin = new V2Client(registry(), members[0])
      const full = await admin.fetchToken(all)
      const now = Math.floor(Date.now() / 1000)
      const [, claims = ''] = full.split('.')
      const header = Buffer.from('{"alg":"none","typ":"JWT"}').toString('base64url')
      callers.push(
        {
          who: 'a token for pull alone',
          client: nobody,
          token: await admin.fetchToken(`repository:${repository}:pull`),
          rights: ['pull'],
          refused: 401,
          login: 'account',
        },
        {
          who: 'the same token, signed again',
          client: nobody,
          token: await signAgain(registry(), full),
          rights: everything,
          refused: 403,
          login: 'account',
        },
        {
          who: 'a token for another repository',
          client: nobody,
          token: await admin.fetchToken(`repository:${repository}2:pull,push`),
          rights: [],
          refused: 401,
          login: 'account',
          narrow: true,
        },
      )
      const worthless = { client: nobody, rights: [], refused: 401, login: 'failed', narrow: true } as const
      callers.push(
        { ...worthless, who: 'a token without signature', token: `${header}.${claims}.` },
        {
          ...worthless,
          who: 'an expired token',
          token: await signAgain(registry(), full, { iat: now - 7200, nbf: now - 7200, exp: now - 3600 }),
        },
        {
          ...worthless,
          who: 'a token for later',
          token: await signAgain(registry(), full, { nbf: now + 3600, exp: now + 7200 }),
        },
        {
          ...worthless,
          who: 'a token for another service',
          token: await signAgain(registry(), full, { aud: 'other-registry' }),
        },
        {
          ...worthless,
          who: 'a token of another issuer',
          token: await signAgain(registry(), full, { iss: 'somebody' }),
        },
        { ...worthless, who: 'nonsense for a token', token: 'a.b.c' },
      )
      return callers
    }

    let requests = 0
    const ask = async ({ client, token }: Pick<Caller, 'client' | 'token'>, path: string, request: V2Request) => {
      requests += 1
      const response = await client.request(path, {
        ...request,
        headers: {
          ...request.headers,
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
          'x-forwarded-for': `192.0.${Math.floor(requests / 250)}.${requests % 250}`,
        },
      })
      await response.bytes()
      return response.status
    }

    for (const visibility of ['private', 'public'] as const) {
      test(`in a ${visibility} project answers everybody what their rights give`, async () => {
        const world = await setUp()
        const repository = `${world.projects[visibility]}/app`
        const callers = await callersOf(world, repository)
        for (const caller of callers) {
          const rights = visibility === 'public' && caller.narrow !== true ? ['pull', ...caller.rights] : caller.rights
          const told: Record<string, number> = {}
          const expected: Record<string, number> = {}
          for (const { request, method, needs, granted, path, send } of routes) {
            const key = `${caller.who}: ${method} ${request}`
            told[key] = await ask(caller, `/v2/${repository}/${path(world.image)}`, {
              method,
              ...send?.(world.image),
            })
            expected[key] = rights.includes(needs) ? granted : caller.refused
          }
          expect(told).toEqual(expected)
        }
        // Without an Authorization header not even public content: so that clients come back with their credentials.
        for (const { method, path, send } of routes) {
          const nobody = { client: new V2Client(registry(), 'anonymous') }
          const status = await ask(nobody, `/v2/${repository}/${path(world.image)}`, {
            method,
            ...send?.(world.image),
          })
          expect({ method, path: path(world.image), status }).toEqual({ method, path: path(world.image), status: 401 })
        }
      }, 60_000)
    }

    test('that belongs to no repository knows whom it answers too', async () => {
      const world = await setUp()
      const callers = await callersOf(world, `${world.projects.private}/app`)
      for (const caller of callers) {
        const { who, login } = caller
        const isAdministrator = who === 'the system administrator'
        expect({ who, base: await ask(caller, '/v2/', {}), catalog: await ask(caller, '/v2/_catalog', {}) }).toEqual({
          who,
          base: login === 'failed' ? 401 : 200,
          catalog: isAdministrator ? 200 : login === 'account' ? 403 : 401,
        })
      }
      const nobody = { client: new V2Client(registry(), 'anonymous') }
      expect([await ask(nobody, '/v2/', {}), await ask(nobody, '/v2/_catalog', {})]).toEqual([401, 401])
    }, 60_000)
  },
  trustedProxies,
)
