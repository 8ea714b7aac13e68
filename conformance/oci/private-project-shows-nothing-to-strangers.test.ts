import { expect, test } from 'bun:test'
import { createUniqueImage, sha256, type Image } from '../harness/image.ts'
import { addAccount, addProject, describeControlledScenario } from '../harness/scenario.ts'
import { expectStatus, V2Client, type V2Request } from '../harness/v2-client.ts'
import { withoutRequestId } from '../harness/request-id.ts'

// CVE-2026-27771: private images could be pulled without an account for four years. So: every request there is,
// in the name of everyone who may not.
const operations: readonly { name: string; path: (image: Image) => string; request?: V2Request }[] = [
  { name: 'list tags', path: () => 'tags/list' },
  { name: 'head a manifest by tag', path: () => 'manifests/v1', request: { method: 'HEAD' } },
  { name: 'get a manifest by tag', path: () => 'manifests/v1' },
  { name: 'get a manifest by digest', path: ({ descriptor }) => `manifests/${descriptor.digest}` },
  { name: 'get a manifest that is not there', path: () => 'manifests/nothing' },
  { name: 'put a manifest', path: () => 'manifests/v2', request: { method: 'PUT', body: '{}' } },
  {
    name: 'delete a manifest',
    path: ({ descriptor }) => `manifests/${descriptor.digest}`,
    request: { method: 'DELETE' },
  },
  { name: 'delete a tag', path: () => 'manifests/v1', request: { method: 'DELETE' } },
  { name: 'head a blob', path: (image) => `blobs/${layerOf(image)}`, request: { method: 'HEAD' } },
  { name: 'get a blob', path: (image) => `blobs/${layerOf(image)}` },
  {
    name: 'get a part of a blob',
    path: (image) => `blobs/${layerOf(image)}`,
    request: { headers: { range: 'bytes=0-1' } },
  },
  { name: 'get a blob that is not there', path: () => `blobs/${sha256('nothing')}` },
  { name: 'delete a blob', path: (image) => `blobs/${layerOf(image)}`, request: { method: 'DELETE' } },
  { name: 'start an upload', path: () => 'blobs/uploads/', request: { method: 'POST' } },
  {
    name: 'push a blob at once',
    path: () => `blobs/uploads/?digest=${sha256('x')}`,
    request: { method: 'POST', body: 'x' },
  },
  { name: 'mount a blob', path: (image) => `blobs/uploads/?mount=${layerOf(image)}`, request: { method: 'POST' } },
  { name: 'list referrers', path: ({ descriptor }) => `referrers/${descriptor.digest}` },
]

describeControlledScenario('a private project', (registry) => {
  test('answers nobody who is not a member, and every refusal looks the same whatever is there', async () => {
    const [member, stranger, guest] = [
      await addAccount(registry()),
      await addAccount(registry()),
      await addAccount(registry()),
    ]
    const project = await addProject(registry(), [
      { username: member.username, role: 'developer' },
      { username: guest.username, role: 'guest' },
    ])
    const image = createUniqueImage()
    await new V2Client(registry(), member).pushImage(`${project}/app`, image, 'v1')
    const nobody = new V2Client(registry(), 'anonymous')
    const scope = `repository:${project}/app:pull,push,delete`
    const bearer = (token: string): V2Request => ({ headers: { authorization: `Bearer ${token}` } })
    const callers: Record<string, [V2Client, V2Request]> = {
      nobody: [nobody, {}],
      'nobody with an anonymous token': [nobody, bearer(await nobody.fetchToken(scope))],
      'a wrong password': [new V2Client(registry(), { username: member.username, password: 'wrong' }), {}],
      'an account that does not exist': [new V2Client(registry(), { username: 'ghost', password: 'Aa123456789' }), {}],
      'another account': [new V2Client(registry(), stranger), {}],
      'another account with a token': [nobody, bearer(await new V2Client(registry(), stranger).fetchToken(scope))],
      'nonsense for a token': [nobody, bearer('a.b.c')],
    }
    for (const [caller, [client, credentials]] of Object.entries(callers)) {
      // Guessing passwords is slowed down: then 429 says so, for whatever is asked.
      const guesses = caller === 'a wrong password' || caller === 'an account that does not exist'
      const refusals = guesses ? [401, 429] : [401, 403]
      for (const { name, path, request = {} } of operations) {
        const answers = []
        for (const repository of [`${project}/app`, `${project}/missing`, 'no-such-project/app']) {
          const response = await client.request(`/v2/${repository}/${path(image)}`, {
            ...request,
            headers: { ...request.headers, ...credentials.headers },
          })
          const body = withoutRequestId(await response.text())
          expect({ caller, name, repository, refused: refusals.includes(response.status) }).toEqual({
            caller,
            name,
            repository,
            refused: true,
          })
          answers.push(
            `${response.status} ${body.replaceAll(repository, '')} ${response.headers.get('content-length')}`,
          )
        }
        // A body names the repository that was asked for, so its length is compared without the name.
        if (!guesses) expect(new Set(answers.map((answer) => answer.replace(/ \d+$/, ''))).size).toBe(1)
      }
    }
  }, 60_000)

  test('lets a guest pull and nothing else', async () => {
    const [member, guest] = [await addAccount(registry()), await addAccount(registry())]
    const project = await addProject(registry(), [
      { username: member.username, role: 'developer' },
      { username: guest.username, role: 'guest' },
    ])
    const image = createUniqueImage()
    await new V2Client(registry(), member).pushImage(`${project}/app`, image, 'v1')
    const client = new V2Client(registry(), guest)
    for (const { name, path, request = {} } of operations) {
      const changes = !['GET', 'HEAD'].includes(request.method ?? 'GET')
      const { status } = await client.request(`/v2/${project}/app/${path(image)}`, request)
      expect({ name, refused: [401, 403].includes(status) }).toEqual({ name, refused: changes })
    }
  })

  test('is named nowhere else: neither on pages that ask for no account, nor in lists of other accounts', async () => {
    const [member, stranger] = [await addAccount(registry()), await addAccount(registry())]
    const project = await addProject(registry(), [{ username: member.username, role: 'developer' }])
    const image = createUniqueImage()
    const client = new V2Client(registry(), member)
    await client.pushImage(`${project}/app`, image, 'v1')
    await expectStatus(await client.request(`/v2/${project}/app/manifests/v1`), 200)
    const pages = [
      '/',
      '/metrics',
      '/health',
      '/healthz',
      '/ready',
      '/api/version',
      '/api/v2.0/ping',
      '/api/v2.0/health',
      '/api/v2.0/systeminfo',
      '/api/v2.0/statistics',
      '/api/v2.0/projects',
      '/api/v2.0/repositories',
      '/api/v2.0/audit-logs',
      '/api/v2.0/users',
      '/api/v2.0/search?q=',
    ]
    const pagesAbout = (name: string) => [
      `/api/v2.0/search?q=${name}`,
      `/api/v2.0/projects?name=${name}`,
      `/api/v2.0/projects?project_name=${name}`,
      `/api/v2.0/projects/${name}`,
      `/api/v2.0/projects/${name}/summary`,
      `/api/v2.0/projects/${name}/members`,
      `/api/v2.0/projects/${name}/repositories`,
      `/api/v2.0/projects/${name}/repositories/app/artifacts`,
    ]
    const missing = `project-${crypto.randomUUID().slice(0, 8)}`
    for (const [who, asker] of [
      ['nobody', new V2Client(registry(), 'anonymous')],
      ['a stranger', new V2Client(registry(), stranger)],
    ] as const) {
      for (const page of pages) {
        const body = await (await asker.request(page)).text()
        const told = [project, member.username, image.descriptor.digest].filter((name) => body.includes(name))
        expect({ who, page, told }).toEqual({ who, page, told: [] })
      }
      const answers = async (name: string) =>
        await Promise.all(
          pagesAbout(name).map(async (page) => {
            const response = await asker.request(page)
            return `${response.status} ${await response.text()}`.replaceAll(name, 'NAME')
          }),
        )
      expect(await answers(project)).toEqual(await answers(missing))
    }
    const administrator = new V2Client(registry())
    expect(await (await administrator.request(`/api/v2.0/projects?name=${project}`)).text()).toContain(project)
  })

  test('is not in a catalog that an ordinary account can see', async () => {
    const stranger = await addAccount(registry())
    await addProject(registry())
    for (const client of [new V2Client(registry(), 'anonymous'), new V2Client(registry(), stranger)]) {
      expect([401, 403]).toContain((await client.request('/v2/_catalog')).status)
      const token = await client.fetchToken('registry:catalog:*', 'repository:library/app:pull')
      const answer = await client.request('/v2/_catalog', { headers: { authorization: `Bearer ${token}` } })
      expect([401, 403]).toContain(answer.status)
    }
  })
})

function layerOf(image: Image): string {
  const digest = [...image.content.keys()][0]
  if (digest === undefined) throw new Error('the image has no layer')
  return digest
}
