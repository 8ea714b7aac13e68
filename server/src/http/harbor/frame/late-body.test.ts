import { expect, test } from 'bun:test'
import { composeAccessForTest, password, system, type AccessForTest } from '#server-test/access.ts'
import { describeEachDatabase, type OpenDatabase } from '#server-test/databases.ts'
import type { Actor } from '../../../domain/access/actor.ts'
import { currentActor } from '../../../domain/access/current-actor.ts'
import { harborRoutes } from '../routes.ts'
import { composeHarborRouter } from './harbor-router.ts'
import type { Route } from './route.ts'
import type { HarborServices } from './services.ts'

const withBody = harborRoutes.filter(({ body }) => body !== undefined)

async function compose(open: OpenDatabase) {
  const access = composeAccessForTest(await open())
  const { id } = await access.users.createUser(system, { username: 'ada', password })
  await access.projects.createProject(system, { name: 'p', public: false })
  await access.members.addMember(system, 'p', 'ada', 'projectAdmin')
  const row = await access.database.read
    .selectFrom('user_account')
    .select('credentials_changed_at')
    .where('id', '=', id)
    .executeTakeFirstOrThrow()
  const ada: Actor = { kind: 'user', id, username: 'ada', admin: false, version: row.credentials_changed_at }
  return { ...access, ada }
}

/** Sends a request whose body comes in two pieces, with `between` in the middle. The handler only says that it ran. */
async function send(
  { database, clock }: AccessForTest,
  route: Route,
  actor: Actor,
  between: () => Promise<unknown>,
): Promise<{ readonly status: number; readonly handled: Actor | undefined }> {
  let handled: Actor | undefined
  const anyBody: Route = {
    ...route,
    params: undefined!,
    query: undefined!,
    body: route.body!.catch({}),
    handle: async ({ actor: by }) => {
      handled = by
      return {}
    },
  }
  const services = { database, clock } as unknown as HarborServices
  const fail = (error: unknown) => {
    throw error
  }
  const answer = composeHarborRouter({ services, routes: [anyBody], onError: fail })
  const path = route.path.replace(/\{(\w+)\}/g, (_, name: string) => (name.startsWith('project_name') ? 'p' : '1'))
  async function* body(): AsyncGenerator<Uint8Array> {
    yield new TextEncoder().encode('{')
    await between()
    yield new TextEncoder().encode('}')
  }
  const headers = { 'content-type': 'application/json' }
  const response = await answer({
    request: new Request(`http://registry/api/v2.0${path}`, { method: route.method, headers }),
    path,
    search: '',
    authentication: { actor, authorizationSent: true, failedLogin: false },
    clientAddress: '192.0.2.1',
    requestId: 'test',
    body,
  })
  return { status: response.status, handled }
}

describeEachDatabase('a body that comes late', (open) => {
  test('there are routes to try', () => expect(withBody.length).toBeGreaterThan(40))

  test('of an account that was deleted since it signed in reaches no handler, whichever the route', async () => {
    const { ada, ...access } = await compose(open)
    await access.users.deleteUser(system, 'ada')
    const reached: string[] = []
    for (const route of withBody) {
      const open = { ...route, access: { kind: 'anyone' } as const }
      const { status, handled } = await send(access, open, ada, async () => {})
      if (handled !== undefined || status !== 401) reached.push(`${route.operationId}: ${status}`)
    }
    expect(reached).toEqual([])
  })

  test('of somebody who lost the membership meanwhile reaches no handler of the project, whichever the route', async () => {
    const { ada, ...access } = await compose(open)
    const ofProjects = withBody.filter((route) => route.access.kind === 'project')
    expect(ofProjects.length).toBeGreaterThan(10)
    const reached: string[] = []
    for (const route of ofProjects) {
      const before = await send(access, route, ada, async () => {})
      if (before.handled === undefined) reached.push(`${route.operationId}: ${before.status} for a project admin`)
      const { status, handled } = await send(access, route, ada, () => access.members.removeMember(system, 'p', 'ada'))
      await access.members.addMember(system, 'p', 'ada', 'projectAdmin')
      if (handled !== undefined || status !== 403) reached.push(`${route.operationId}: ${status}`)
    }
    expect(reached).toEqual([])
  })

  test('of somebody who was an administrator when it began is handled as of what they are now', async () => {
    const { ada, ...access } = await compose(open)
    const { database, clock } = access
    const asRoot = { ...ada, admin: true, version: undefined } as unknown as Actor
    const route = withBody.find((each) => each.access.kind === 'own-rule')!
    const { handled } = await send(access, route, asRoot, async () => {})
    expect(handled).toMatchObject({ kind: 'user', admin: false })
    expect(await currentActor(database.read, { kind: 'anonymous' }, clock.now())).toEqual({ kind: 'anonymous' })
  })
})
