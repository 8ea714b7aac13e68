import { expect, test } from 'bun:test'
import { createUniqueImage } from '../harness/image.ts'
import { addAccount, addProject, describeControlledScenario } from '../harness/scenario.ts'
import { V2Client } from '../harness/v2-client.ts'
import { ApiClient } from './contract-client.ts'

const item = '/projects/{project_name_or_id}'
const newName = () => `p-${crypto.randomUUID().slice(0, 12)}`
const codes = (body: unknown) => (body as { errors: { code: string }[] }).errors.map(({ code }) => code)

interface Project {
  readonly project_id: number
  readonly name: string
  readonly repo_count: number
  readonly metadata: Readonly<Record<string, string>>
}

describeControlledScenario('projects and members of the API', (registry) => {
  const admin = () => new ApiClient(registry())
  const idOf = (location: string | null) => Number(/\/(\d+)$/.exec(location ?? '')?.[1])

  test('a project is created, found by name and by id, changed and deleted', async () => {
    const name = newName()
    const made = await admin().call('POST /projects', { body: { project_name: name, metadata: { public: 'false' } } })
    expect(made.status).toBe(201)
    const id = idOf(made.headers.get('location'))
    expect(made.headers.get('location')).toBe(`/api/v2.0/projects/${id}`)
    for (const project_name_or_id of [name, id]) {
      const found = await admin().call<Project>(`GET ${item}`, { params: { project_name_or_id } })
      expect(found.body).toMatchObject({ project_id: id, name, metadata: { public: 'false' } })
    }
    const params = { project_name_or_id: id }
    const changed = await admin().call(`PUT ${item}`, { params, body: { metadata: { public: 'true' } } })
    expect(changed.status).toBe(200)
    expect((await admin().call<Project>(`GET ${item}`, { params })).body.metadata['public']).toBe('true')
    expect((await admin().call('HEAD /projects', { query: `project_name=${name}` })).status).toBe(200)
    expect((await admin().call(`DELETE ${item}`, { params })).status).toBe(200)
    expect((await admin().call('HEAD /projects', { query: `project_name=${name}` })).status).toBe(404)
    const gone = await admin().call(`GET ${item}`, { params })
    expect([gone.status, codes(gone.body)]).toEqual([404, ['NOT_FOUND']])
  })

  test('a name that is taken is a conflict, and one that cannot be is refused, without a trace', async () => {
    const name = await addProject(registry())
    const again = await admin().call('POST /projects', { body: { project_name: name } })
    expect([again.status, codes(again.body)]).toEqual([409, ['CONFLICT']])
    for (const wrong of ['Upper', 'a/b', '-a', 'a--', '', 'a'.repeat(300)]) {
      const refused = await admin().call('POST /projects', { body: { project_name: wrong } })
      expect([wrong, refused.status >= 400 && refused.status < 500]).toEqual([wrong, true])
    }
    const noJson = await fetch(`${registry().url}/api/v2.0/projects`, {
      method: 'POST',
      headers: { authorization: `Basic ${btoa(`admin:${registry().password}`)}`, 'content-type': 'application/json' },
      body: '{',
    })
    expect([noJson.status, codes(await noJson.json())]).toEqual([400, ['BAD_REQUEST']])
  })

  test('a project with something in it is not deleted, and says what to do', async () => {
    const name = await addProject(registry())
    await new V2Client(registry()).pushImage(`${name}/app`, createUniqueImage(), 'v1')
    const params = { project_name_or_id: name }
    const refused = await admin().call(`DELETE ${item}`, { params })
    expect([refused.status, codes(refused.body)]).toEqual([412, ['PRECONDITION']])
    // What is false is left out, as Harbor's generated code does.
    const deletable = await admin().call<object>(`GET ${item}/_deletable`, { params })
    expect(Object.keys(deletable.body)).toEqual(['message'])
    expect((await admin().call<Project>(`GET ${item}`, { params })).body.repo_count).toBe(1)
  })

  test('a list has what one may see, in pages with their number and links', async () => {
    const prefix = newName()
    const names = ['a', 'b', 'c'].map((letter) => `${prefix}-${letter}`)
    for (const [index, project_name] of names.entries()) {
      await admin().call('POST /projects', { body: { project_name, metadata: { public: String(index === 0) } } })
    }
    const all = await admin().call<Project[]>('GET /projects', { query: `name=${prefix}&page_size=2&sort=-name` })
    expect(all.body.map(({ name }) => name)).toEqual([names[2]!, names[1]!])
    expect(all.headers.get('x-total-count')).toBe('3')
    expect(all.headers.get('link')).toContain('page=2')
    const seen = async (client: ApiClient) =>
      (await client.call<Project[]>('GET /projects', { query: `name=${prefix}` })).body.map(({ name }) => name)
    const member = await addAccount(registry())
    await registry().control.berth(['project', 'member', 'add', names[1]!, member.username, 'guest'])
    expect(await seen(new ApiClient(registry(), member))).toEqual([names[0]!, names[1]!])
    expect(await seen(new ApiClient(registry(), 'anonymous'))).toEqual([names[0]!])
  })

  test('a number is an id first, unless the client says that it is a name', async () => {
    const numeric = String(10_000_000 + Math.floor(Math.random() * 80_000_000))
    await admin().call('POST /projects', { body: { project_name: numeric } })
    const ask = (headers: Record<string, string>) =>
      fetch(`${registry().url}/api/v2.0/projects/1`, {
        headers: { authorization: `Basic ${btoa(`admin:${registry().password}`)}`, ...headers },
      })
    expect(((await (await ask({})).json()) as Project).name).toBe('library')
    expect((await ask({ 'x-is-resource-name': 'true' })).status).toBe(404)
    const byName = await admin().call<Project>(`GET ${item}`, { params: { project_name_or_id: numeric } })
    expect(byName.body.name).toBe(numeric)
  })

  test('members come, change their role and go; what they may do follows at once', async () => {
    const name = await addProject(registry())
    const params = { project_name_or_id: name }
    const account = await addAccount(registry())
    const member = new ApiClient(registry(), account)
    const sees = async () => (await member.call(`GET ${item}`, { params })).status
    expect(await sees()).toBe(403)
    const added = await admin().call(`POST ${item}/members`, {
      params,
      body: { role_id: 3, member_user: { username: account.username } },
    })
    expect(added.status).toBe(201)
    const mid = idOf(added.headers.get('location'))
    expect(await sees()).toBe(200)
    const again = await admin().call(`POST ${item}/members`, {
      params,
      body: { role_id: 3, member_user: { username: account.username } },
    })
    expect(again.status).toBe(409)
    const push = () => new V2Client(registry(), account).startUpload(`${name}/app`)
    await expect(push()).rejects.toThrow('403')
    const one = `${item}/members/{mid}`
    const promoted = await admin().call(`PUT ${one}`, { params: { ...params, mid }, body: { role_id: 2 } })
    expect(promoted.status).toBe(200)
    await push()
    const listed = await admin().call<{ entity_name: string; role_id: number }[]>(`GET ${item}/members`, { params })
    expect(listed.body.map(({ entity_name, role_id }) => [entity_name, role_id])).toContainEqual([account.username, 2])
    expect((await member.call(`DELETE ${one}`, { params: { ...params, mid } })).status).toBe(403)
    expect((await admin().call(`DELETE ${one}`, { params: { ...params, mid } })).status).toBe(200)
    expect(await sees()).toBe(403)
    await expect(push()).rejects.toThrow('403')
  })

  test('metadata is read and written one key at a time', async () => {
    const params = { project_name_or_id: await addProject(registry()) }
    const key = { ...params, meta_name: 'auto_scan' }
    const added = await admin().call(`POST ${item}/metadatas/`, { params, body: { auto_scan: 'true' } })
    expect(added.status).toBe(200)
    const read = await admin().call<Record<string, string>>(`GET ${item}/metadatas/{meta_name}`, { params: key })
    expect(read.body).toEqual({ auto_scan: 'true' })
    const two = await admin().call(`POST ${item}/metadatas/`, { params, body: { auto_scan: 'true', severity: 'high' } })
    expect(two.status).toBe(400)
    expect((await admin().call(`DELETE ${item}/metadatas/{meta_name}`, { params: key })).status).toBe(200)
    expect((await admin().call(`GET ${item}/metadatas/{meta_name}`, { params: key })).body).toEqual({})
  })
})
