import { expect, test } from 'bun:test'
import { sha256 } from '../harness/image.ts'
import type { RegistryUnderTest } from '../harness/registry.ts'
import { describeControlledScenario } from '../harness/scenario.ts'
import { beginSlowly, type SlowRequest } from '../harness/slow-request.ts'
import { expectStatus, V2Client } from '../harness/v2-client.ts'

const indexType = 'application/vnd.oci.image.index.v1+json'
const emptyIndex = (annotation: string) =>
  new TextEncoder().encode(
    JSON.stringify({ schemaVersion: 2, mediaType: indexType, manifests: [], annotations: { annotation } }),
  )
const json = (value: object) => new TextEncoder().encode(JSON.stringify(value))

interface Person {
  readonly username: string
  readonly password: string
}

/** Requests that somebody may send who is an administrator of the project. */
const requests: Readonly<Record<string, (project: string, client: V2Client) => Promise<Omit<SlowRequest, 'headers'>>>> =
  {
    'a manifest': async (project) => ({
      method: 'PUT',
      path: `/v2/${project}/app/manifests/latest`,
      body: emptyIndex('from yesterday'),
    }),
    'the last chunk of a blob': async (project, client) => {
      const body = new TextEncoder().encode(`a blob that takes its time ${crypto.randomUUID()}`)
      const place = new URL(await client.startUpload(`${project}/app`), 'http://registry')
      const join = place.search === '' ? '?' : '&'
      return { method: 'PUT', path: `${place.pathname}${place.search}${join}digest=${sha256(body)}`, body }
    },
    'a chunk of a blob': async (project, client) => {
      const place = new URL(await client.startUpload(`${project}/app`), 'http://registry')
      return { method: 'PATCH', path: `${place.pathname}${place.search}`, body: new TextEncoder().encode('a chunk') }
    },
    'a blob in one request': async (project) => {
      const body = new TextEncoder().encode(`a blob in one request ${crypto.randomUUID()}`)
      return { method: 'POST', path: `/v2/${project}/app/blobs/uploads/?digest=${sha256(body)}`, body }
    },
    'a change of the project': async (project) => ({
      method: 'PUT',
      path: `/api/v2.0/projects/${project}`,
      body: json({ metadata: { public: 'true' } }),
    }),
    'a new robot': async (project) => ({
      method: 'POST',
      path: '/api/v2.0/robots',
      body: json({
        name: `late-${crypto.randomUUID().slice(0, 8)}`,
        level: 'project',
        duration: -1,
        permissions: [{ kind: 'project', namespace: project, access: [{ resource: 'repository', action: 'pull' }] }],
      }),
    }),
    'an immutability rule': async (project) => ({
      method: 'POST',
      path: `/api/v2.0/projects/${project}/immutabletagrules`,
      body: json({
        tag_selectors: [{ kind: 'doublestar', decoration: 'matches', pattern: '**' }],
        scope_selectors: { repository: [{ kind: 'doublestar', decoration: 'repoMatches', pattern: '**' }] },
      }),
    }),
  }

/** The API with the rights of an administrator; gives what `Location` ends with. */
async function asAdmin(registry: RegistryUnderTest, method: string, path: string, body?: object): Promise<string> {
  const response = await new V2Client(registry).request(`/api/v2.0${path}`, {
    method,
    headers: { 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  expect({ path, status: response.status < 300 ? 200 : await response.text() }).toEqual({ path, status: 200 })
  return response.headers.get('location')?.split('/').at(-1) ?? ''
}

interface Begun {
  readonly person: Person & { readonly id: string }
  readonly project: string
  readonly member: string
  readonly finish: () => Promise<number>
}

/** A new account that administers a new project, and its request up to the middle of the body. */
async function begin(registry: RegistryUnderTest, name: string): Promise<Begun> {
  const username = `u${crypto.randomUUID().slice(0, 8)}`
  const password = `Aa1${crypto.randomUUID()}`
  const user = { username, password, email: `${username}@example.com`, realname: username }
  const id = await asAdmin(registry, 'POST', '/users', user)
  const project = `project-${crypto.randomUUID().slice(0, 8)}`
  await asAdmin(registry, 'POST', '/projects', { project_name: project, metadata: { public: 'false' } })
  const membership = { role_id: 1, member_user: { username } }
  const member = await asAdmin(registry, 'POST', `/projects/${project}/members`, membership)
  const client = new V2Client(registry, { username, password })
  // The password is known from here on, so the request waits for nothing but its body.
  await expectStatus(await client.request('/v2/'), 200)
  const request = await requests[name]!(project, client)
  const type = name === 'a manifest' ? indexType : 'application/octet-stream'
  const headers = {
    authorization: `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`,
    'content-type': request.path.startsWith('/api') ? 'application/json' : type,
  }
  const finish = await beginSlowly(registry, { ...request, headers })
  return { person: { username, password, id }, project, member, finish }
}

describeControlledScenario('what was begun before a right was lost', (registry) => {
  test.each(Object.keys(requests))('%s: is done for whoever still has it', async (name) => {
    const { finish } = await begin(registry(), name)
    expect([200, 201, 202]).toContain(await finish())
  })

  test.each(Object.keys(requests))('%s: is refused to somebody who was taken out of the project', async (name) => {
    const { project, member, finish } = await begin(registry(), name)
    await asAdmin(registry(), 'DELETE', `/projects/${project}/members/${member}`)
    expect(await finish()).toBe(403)
  })

  test.each(Object.keys(requests))('%s: is refused to an account that was deleted', async (name) => {
    const { person, finish } = await begin(registry(), name)
    await asAdmin(registry(), 'DELETE', `/users/${person.id}`)
    expect(await finish()).toBe(401)
  })

  test('a tag stays where it was', async () => {
    const { person, project, finish } = await begin(registry(), 'a manifest')
    const owner = new V2Client(registry())
    const good = emptyIndex('of today')
    const at = `/v2/${project}/app/manifests/latest`
    await expectStatus(
      await owner.request(at, { method: 'PUT', headers: { 'content-type': indexType }, body: good }),
      201,
    )
    await asAdmin(registry(), 'PUT', `/users/${person.id}/password`, { new_password: `Bb2${crypto.randomUUID()}` })
    expect(await finish()).toBe(401)
    const now = await owner.request(at, { headers: { accept: indexType } })
    expect(now.headers.get('docker-content-digest')).toBe(sha256(good))
  })
})
