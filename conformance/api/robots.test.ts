import { expect, test } from 'bun:test'
import { createUniqueImage } from '../harness/image.ts'
import { addAccount, addProject, describeControlledScenario } from '../harness/scenario.ts'
import { V2Client } from '../harness/v2-client.ts'
import { ApiClient, basicOf, isContractThere } from './contract-client.ts'

if (!isContractThere) console.error("conformance: robots are not compared with Harbor's contract, which is not there")

interface Created {
  readonly id: number
  readonly name: string
  readonly secret: string
  readonly expires_at: number
}

const grant = (namespace: string, ...permissions: string[]) => ({
  kind: namespace === '/' ? 'system' : 'project',
  namespace,
  access: permissions.map((permission) => {
    const [resource, action] = permission.split(':')
    return { resource, action }
  }),
})

describeControlledScenario('robots', (registry) => {
  const admin = () => new ApiClient(registry())
  const create = async (body: object, as = admin()) =>
    await as.call<Created>('POST /robots', {
      body: { level: 'system', duration: -1, name: `r${crypto.randomUUID()}`, ...body },
    })
  const credentialOf = ({ name, secret }: Created) => ({ username: name, password: secret })

  test('push and pull with exactly what they were given', async () => {
    const project = await addProject(registry())
    const made = await create({
      level: 'project',
      permissions: [grant(project, 'repository:pull', 'repository:push')],
    })
    expect(made.status).toBe(201)
    expect(made.body.name).toStartWith(`robot$${project}+`)
    expect(made.headers.get('location')).toBe(`/api/v2.0/robots/${made.body.id}`)
    await new V2Client(registry(), credentialOf(made.body)).pushImage(`${project}/app`, createUniqueImage(), 'v1')

    const reader = await create({ level: 'project', permissions: [grant(project, 'repository:pull')] })
    const manifest = async (method: string, authorization: string) =>
      (await fetch(`${registry().url}/v2/${project}/app/manifests/v1`, { method, headers: { authorization } })).status
    const basic = basicOf(credentialOf(reader.body))
    expect(await manifest('GET', basic)).toBe(200)
    expect(await manifest('PUT', basic)).toBe(403)
    expect(await manifest('DELETE', basic)).toBe(403)
  })

  test('a list and one of them show everything but the secret', async () => {
    const project = await addProject(registry())
    const permissions = [grant(project, 'repository:pull'), grant('/', 'catalog:read')]
    const { body: made } = await create({ description: 'builds', permissions })
    const one = await admin().call('GET /robots/{robot_id}', { params: { robot_id: made.id } })
    expect(one.body).toMatchObject({ id: made.id, description: 'builds', level: 'system', editable: true, permissions })
    const list = await admin().call<object[]>('GET /robots', { query: 'page_size=1' })
    expect(list.body).toEqual([one.body as object])
    expect(Number(list.headers.get('x-total-count'))).toBeGreaterThan(0)
    expect(JSON.stringify([one.body, list.body])).not.toContain(made.secret)
  })

  test('robots of a project are listed by its id', async () => {
    const { id } = (await newProject()).body
    const list = await admin().call<object[]>('GET /robots', { query: `q=Level%3Dproject,ProjectID%3D${id}` })
    expect(list).toMatchObject({ status: 200, body: [{ level: 'project' }] })
    expect((await admin().call('GET /robots', { query: 'q=Level%3Dproject' })).status).toBe(400)
    expect((await admin().call('GET /robots', { query: 'q=Level%3Dgalaxy' })).status).toBe(400)

    async function newProject() {
      const name = await addProject(registry())
      await create({ level: 'project', permissions: [grant(name, 'repository:pull')] })
      const { body } = await admin().call<{ project_id: number }>('GET /projects/{project_name_or_id}', {
        params: { project_name_or_id: name },
      })
      return { body: { id: body.project_id } }
    }
  })

  test('disabling, a new secret and deletion end what they have at once', async () => {
    const project = await addProject(registry())
    const ends: Record<string, (made: Created) => Promise<{ status: number }>> = {
      disabled: async (made) =>
        await admin().call('PUT /robots/{robot_id}', {
          params: { robot_id: made.id },
          body: { name: made.name, level: 'system', duration: -1, disable: true },
        }),
      refreshed: async (made) =>
        await admin().call('PATCH /robots/{robot_id}', { params: { robot_id: made.id }, body: {} }),
      deleted: async (made) => await admin().call('DELETE /robots/{robot_id}', { params: { robot_id: made.id } }),
    }
    for (const end of Object.values(ends)) {
      const { body: made } = await create({ permissions: [grant(project, 'repository:pull')] })
      const credential = credentialOf(made)
      const token = await new V2Client(registry(), credential).fetchToken(`repository:${project}/app:pull`)
      const tags = async (authorization: string) =>
        (await fetch(`${registry().url}/v2/${project}/app/tags/list`, { headers: { authorization } })).status
      expect([await tags(`Bearer ${token}`), await tags(basicOf(credential))]).toEqual([404, 404])
      expect((await end(made)).status).toBe(200)
      expect([await tags(`Bearer ${token}`), await tags(basicOf(credential))]).toEqual([401, 401])
    }
  })

  test('name and level stay', async () => {
    const project = await addProject(registry())
    const { body: made } = await create({ permissions: [grant(project, 'repository:pull')] })
    const put = async (change: object) =>
      await admin().call('PUT /robots/{robot_id}', {
        params: { robot_id: made.id },
        body: { name: made.name, level: 'system', duration: -1, ...change },
      })
    expect((await put({ name: 'robot$other' })).status).toBe(400)
    expect((await put({ level: 'project' })).status).toBe(400)
    expect((await put({ description: 'x' })).status).toBe(200)
  })

  test.each([
    ['a name that cannot be', { name: 'No Name' }],
    ['no permission', { permissions: [] }],
    ['a level that is none', { level: 'galaxy' }],
    ['a lifetime that is none', { duration: -2 }],
    ['the right to renew itself', { permissions: [grant('/', 'robot:update')] }],
  ])('%s is refused with 400', async (_, change) => {
    const answer = await create({ permissions: [grant('/', 'catalog:read')], ...change })
    expect(answer).toMatchObject({ status: 400, body: { errors: [{ code: 'BAD_REQUEST' }] } })
  })

  test('strangers hear 401 and 403, whatever is there', async () => {
    const project = await addProject(registry())
    const { body: made } = await create({ level: 'project', permissions: [grant(project, 'repository:pull')] })
    const stranger = await addAccount(registry())
    for (const [credential, status] of [
      [stranger, 403],
      [{ username: made.name, password: made.secret }, 403],
      ['anonymous', 401],
    ] as const) {
      const client = new ApiClient(registry(), credential)
      for (const id of [made.id, 99_999]) {
        const params = { robot_id: id }
        expect((await client.call('GET /robots/{robot_id}', { params })).status).toBe(status)
        expect((await client.call('PATCH /robots/{robot_id}', { params, body: {} })).status).toBe(status)
        expect((await client.call('DELETE /robots/{robot_id}', { params })).status).toBe(status)
      }
      expect((await client.call('GET /robots')).status).toBe(status)
      const body = { name: 'x', level: 'system', duration: -1, permissions: [grant('/', 'catalog:read')] }
      expect((await client.call('POST /robots', { body })).status).toBe(status)
    }
  })

  test('a robot makes no robot that may do more than itself', async () => {
    const project = await addProject(registry())
    const maker = await create({ level: 'project', permissions: [grant(project, 'robot:create', 'repository:pull')] })
    const as = new ApiClient(registry(), credentialOf(maker.body))
    const make = async (...permissions: string[]) =>
      (await create({ level: 'project', permissions: [grant(project, ...permissions)] }, as)).status
    expect([await make('repository:push'), await make('repository:pull')]).toEqual([403, 201])
    expect((await create({ permissions: [grant('*', 'repository:pull')] }, as)).status).toBe(403)
  })

  test('in the registry too they do what they were given and nothing beside it', async () => {
    const { username } = await addAccount(registry())
    const { body: found } = await admin().call<{ user_id: number }[]>('GET /users', {
      query: `q=username%3D${username}`,
    })
    const params = { user_id: found[0]!.user_id }
    const body = {
      username: `x${crypto.randomUUID().slice(0, 8)}`,
      email: 'x@example.org',
      realname: 'x',
      password: 'Aa123456789',
    }
    const doors = {
      'user:list': ['GET /users', {}],
      'user:read': ['GET /users/{user_id}', { params }],
      'user:update': ['PUT /users/{user_id}', { params, body: { email: 'y@example.org', realname: 'y' } }],
      'user:create': ['POST /users', { body }],
      'system-volumes:read': ['GET /systeminfo/volumes', {}],
      'audit-log:list': ['GET /audit-logs', {}],
      'registry:list': ['GET /registries', {}],
      'robot:list': ['GET /robots', {}],
      'user:delete': ['DELETE /users/{user_id}', { params }],
    } as const
    for (const permission of Object.keys(doors)) {
      const made = await create({ permissions: [grant('/', permission)] })
      const robot = new ApiClient(registry(), credentialOf(made.body))
      for (const [needed, [operation, options]] of Object.entries(doors)) {
        const { status } = await robot.call(operation, options)
        // The log shows everybody what they may see of it: nothing, here.
        const allowed = needed === permission || needed === 'audit-log:list'
        expect({ permission, operation, refused: status === 403 }).toEqual({ permission, operation, refused: !allowed })
      }
    }
  })

  test('none of them touches a system administrator', async () => {
    const made = await create({ permissions: [grant('/', 'user:delete', 'user:create', 'user:update')] })
    const robot = new ApiClient(registry(), credentialOf(made.body))
    const params = { user_id: 1 }
    expect((await robot.call('DELETE /users/{user_id}', { params })).status).toBe(403)
    const flag = { params, body: { sysadmin_flag: true } }
    expect((await robot.call('PUT /users/{user_id}/sysadmin', flag)).status).toBe(403)
    const password = { params, body: { new_password: 'Aa123456789' } }
    expect((await robot.call('PUT /users/{user_id}/password', password)).status).toBe(403)
  })

  test('scripts from before robots had levels find them in their project, and those of no other', async () => {
    const [project, other] = [await addProject(registry()), await addProject(registry())]
    const send = async (method: string, path: string, body?: object) => {
      const answer = await fetch(`${registry().url}/api/v2.0/projects/${path}`, {
        method,
        headers: { authorization: basicOf(registry()), 'content-type': 'application/json' },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      })
      const text = await answer.text()
      return { status: answer.status, body: (text === '' ? {} : JSON.parse(text)) as Created & { disable?: boolean } }
    }
    const { project_id: id } = (await send('GET', project)).body as unknown as { project_id: number }
    const access = [{ resource: `/project/${id}/repository`, action: 'pull' }]
    const made = await send('POST', `${project}/robots`, { name: 'ci', expires_at: 4_000_000_000, access })
    expect(made).toMatchObject({ status: 201, body: { name: `robot$${project}+ci`, expires_at: 4_000_000_000 } })
    const foreign = [{ resource: `/project/${id + 1}/repository`, action: 'pull' }]
    expect((await send('POST', `${project}/robots`, { name: 'x', access: foreign })).status).toBe(400)
    const path = `robots/${made.body.id}`
    expect((await send('PUT', `${project}/${path}`, { disable: true })).status).toBe(200)
    expect((await send('GET', `${project}/${path}`)).body.disable).toBe(true)
    for (const method of ['GET', 'DELETE']) expect((await send(method, `${other}/${path}`)).status).toBe(404)
    expect((await send('DELETE', `${project}/${path}`)).status).toBe(200)
    expect((await send('GET', `${project}/robots`)).body as unknown).toEqual([])
  })
})
