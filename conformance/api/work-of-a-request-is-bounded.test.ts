import { beforeAll, describe, expect, test } from 'bun:test'
import { describeOnEachDatabase } from '../harness/each-database.ts'
import { addProject, type ControlledRegistry } from '../harness/scenario.ts'
import { expectStatus, V2Client } from '../harness/v2-client.ts'
import { basicOf } from './contract-client.ts'

const manifestType = 'application/vnd.oci.image.manifest.v1+json'
const indexType = 'application/vnd.oci.image.index.v1+json'
const mib = 1024 * 1024
/** What a page of a list may have, with the names of its fields. */
const maxPageBytes = 6 * mib

interface ListedArtifact {
  readonly digest: string
  readonly annotations?: Readonly<Record<string, string>>
  readonly references: readonly unknown[]
  readonly tags: readonly { readonly name: string; readonly immutable: boolean }[]
  readonly truncated?: boolean
}

/** A manifest of an artifact that is nothing but its annotations. */
async function pushAnnotated(client: V2Client, repository: string, tag: string, bytes: number): Promise<void> {
  const { digest, size } = await client.pushBlob(repository, new TextEncoder().encode('{}'))
  const config = { mediaType: 'application/vnd.oci.empty.v1+json', digest, size }
  const annotations = { tag, note: 'x'.repeat(bytes) }
  const manifest = JSON.stringify({ schemaVersion: 2, mediaType: manifestType, config, layers: [], annotations })
  await expectStatus(await client.pushManifest(repository, tag, manifestType, manifest), 201)
}

async function pushIndex(client: V2Client, repository: string, child: string, bytes: number): Promise<void> {
  const found = await expectStatus(
    await client.request(`/v2/${repository}/manifests/${child}`, { method: 'HEAD' }),
    200,
  )
  const digest = found.headers.get('docker-content-digest')
  const size = Number(found.headers.get('content-length'))
  const entry = { mediaType: manifestType, digest, size, annotations: { note: 'y'.repeat(bytes) } }
  const index = JSON.stringify({ schemaVersion: 2, mediaType: indexType, manifests: [entry] })
  await expectStatus(await client.pushManifest(repository, `index-${child}`, indexType, index), 201)
}

describeOnEachDatabase('what one request may cost', (registry) => {
  const get = async (path: string, headers: Record<string, string> = {}) =>
    await fetch(`${registry().url}/api/v2.0${path}`, { headers })
  const asAdmin = () => ({ authorization: basicOf(registry()) })

  describe('a list of artifacts', () => {
    let project: string
    beforeAll(async () => {
      project = await addProject(registry(), [], 'public')
      const client = new V2Client(registry())
      for (let at = 0; at < 6; at++) await pushAnnotated(client, `${project}/app`, `v${at}`, 2 * mib)
      for (let at = 0; at < 3; at++) await pushIndex(client, `${project}/app`, `v${at}`, 2 * mib)
      await pushAnnotated(client, `${project}/app`, 'small', 100)
    }, 60_000)

    test.each(['page_size=100', 'page_size=0', 'page_size=-1', 'page_size=5', 'page_size=100&q=base%3D*'])(
      'ends by bytes whatever was pushed, has every artifact, and says where something is left out: %s',
      async (query) => {
        const seen: ListedArtifact[] = []
        for (let next = `/projects/${project}/repositories/app/artifacts?${query}`; next !== '';) {
          const answer = await get(next)
          const text = await answer.text()
          expect(answer.status).toBe(200)
          expect(text.length).toBeLessThan(maxPageBytes)
          seen.push(...(JSON.parse(text) as ListedArtifact[]))
          next = /<\/api\/v2\.0([^>]+)>; rel="next"/.exec(answer.headers.get('link') ?? '')?.[1] ?? ''
        }
        expect(seen).toHaveLength(10)
        expect(new Set(seen.map(({ digest }) => digest)).size).toBe(10)
        const small = seen.find(({ tags }) => tags.some(({ name }) => name === 'small'))
        expect([small?.annotations?.['tag'], small?.truncated]).toEqual(['small', undefined])
        const large = seen.filter((each) => each !== small)
        expect(large.every(({ truncated }) => truncated === true)).toBe(true)
      },
    )

    test('of the whole project does too', async () => {
      const text = await (await get(`/projects/${project}/artifacts?page_size=100`)).text()
      expect(text.length).toBeLessThan(maxPageBytes)
      expect(JSON.parse(text)).toHaveLength(10)
    })

    test('leaves nothing out of one artifact by itself', async () => {
      const one = async (tag: string) =>
        (await (await get(`/projects/${project}/repositories/app/artifacts/${tag}`)).json()) as ListedArtifact
      expect((await one('v0')).annotations?.['note']).toHaveLength(2 * mib)
      const index = await one('index-v0')
      expect([index.references.length, index.truncated]).toEqual([1, undefined])
    })
  })

  describe('rules of immutability', () => {
    let project: string
    const tags = Array.from({ length: 60 }, (_, at) => `${'a'.repeat(118)}${at}`)

    beforeAll(async () => {
      project = await addProject(registry(), [], 'public')
      for (let at = 0; at < 14; at++) await addRule(registry(), project, `{,b,c,d,e,f,g,h${at}}${'*a'.repeat(115)}z`)
      const client = new V2Client(registry())
      await pushAnnotated(client, `${project}/app`, tags[0]!, 10)
      const manifest = await (await client.request(`/v2/${project}/app/manifests/${tags[0]}`)).text()
      for (const tag of tags)
        await expectStatus(await client.pushManifest(`${project}/app`, tag, manifestType, manifest), 201)
    }, 60_000)

    const path = () => `/projects/${project}/repositories/app/artifacts?with_immutable_status=true&page_size=5`

    test('are paid for from one budget: who has no account is told when they are too much, not "mutable"', async () => {
      const answer = await get(path())
      expect(answer.status).toBe(400)
      expect(await answer.text()).toContain('too much work')
      expect((await get(path().replace('with_immutable_status=true', ''))).status).toBe(200)
    })

    test('are told to who has an account, and are right', async () => {
      const [artifact] = (await (await get(path(), asAdmin())).json()) as ListedArtifact[]
      expect(artifact?.tags.map(({ immutable }) => immutable)).toEqual(tags.map(() => false))
      await addRule(registry(), project, `${'a'.repeat(118)}5?`)
      const [kept] = (await (await get(path(), asAdmin())).json()) as ListedArtifact[]
      const immutable = kept?.tags.filter((tag) => tag.immutable).map(({ name }) => name)
      expect(immutable?.toSorted()).toEqual(tags.slice(50))
    })

    test('are held at the delete of an artifact with many tags, and others are served meanwhile', async () => {
      const client = new V2Client(registry())
      const head = await client.request(`/v2/${project}/app/manifests/${tags[0]}`, { method: 'HEAD' })
      const digest = head.headers.get('docker-content-digest')
      expect((await client.request(`/v2/${project}/app/manifests/${digest}`, { method: 'DELETE' })).status).toBe(412)
    })
  })

  test.each(['A'.repeat(65), 'aA'.repeat(40), '_'.repeat(500), 'A'.repeat(4_080)])(
    'a key of q or sort has an end (%#)',
    async (key) => {
      for (const list of ['/projects', '/repositories', '/audit-logs']) {
        expect((await get(`${list}?q=${key}=1`, asAdmin())).status).toBe(400)
      }
      expect((await get(`/projects?q=${key}=1`)).status).toBe(400)
      expect((await get(`/projects?sort=-${key.slice(0, 1_000)}`)).status).toBe(400)
      expect((await get(`/projects?q=${key.slice(0, 64)}=1`)).status).toBe(200)
    },
  )

  test('no text or number is answered with an error of ours, on either database', async () => {
    const paths = [
      '/projects/%00',
      '/projects/a%00b/repositories',
      '/projects?name=%00',
      '/projects?q=name=%00',
      '/projects?q=name=%2500',
      '/projects?q=name=~%2500',
      '/projects?q=name=%7Ba%2500%20b%7D',
      '/search?q=%00',
      '/users/search?username=%00',
      '/labels?scope=g&name=%00',
      '/quotas?reference_id=%00',
      '/permissions?scope=%00',
      '/projects/library/repositories/a%2500/artifacts',
      '/projects/library/repositories/a/artifacts/%00',
    ]
    for (const path of paths) {
      for (const headers of [{}, asAdmin()]) {
        const { status } = await get(path, headers)
        expect([path, status >= 400 && status < 500]).toEqual([path, true])
      }
    }
    for (const number of ['NaN', '1e999', '9223372036854775808', '-9223372036854775809', '1.5', '0x10']) {
      expect((await get(`/quotas?reference_id=${number}`, asAdmin())).status).toBeLessThan(500)
      expect((await get(`/projects?q=project_id=${number}`, asAdmin())).status).toBeLessThan(500)
      expect((await get(`/users/${number}`, asAdmin())).status).toBeLessThan(500)
    }
  })

  test('a username with NUL is a wrong one at every door', async () => {
    const token = `berth_pat_${'A'.repeat(43)}`
    for (const [username, password] of [
      ['a\0b', token],
      ['\0', token],
      ['a\0b', 'x'],
      ['robot$a\0b', 'x'],
    ]) {
      const headers = { authorization: `Basic ${btoa(`${username}:${password}`)}` }
      for (const path of ['/v2/', '/service/token?service=harbor-registry', '/api/v2.0/users/current']) {
        expect((await fetch(`${registry().url}${path}`, { headers })).status).toBe(401)
      }
    }
  })

  test.each(['\\u0000', '\\ud800', 'a\\u0000b'])('a body with %s in a text is refused', async (text) => {
    for (const [path, body] of [
      ['/projects', `{"project_name":"${text}"}`],
      ['/labels', `{"scope":"g","name":"${text}"}`],
      ['/users', `{"username":"${text}","email":"a@b.cd","realname":"x","password":"Passw0rd1"}`],
      ['/robots', `{"name":"${text}","duration":-1,"level":"system","permissions":[]}`],
    ]) {
      const answer = await fetch(`${registry().url}/api/v2.0${path}`, {
        method: 'POST',
        headers: { ...asAdmin(), 'content-type': 'application/json' },
        body: body!,
      })
      expect(answer.status).toBe(400)
    }
  })
})

async function addRule(registry: ControlledRegistry, project: string, pattern: string): Promise<void> {
  const selector = (decoration: string, text: string) => ({ kind: 'doublestar', decoration, pattern: text })
  const answer = await fetch(`${registry.url}/api/v2.0/projects/${project}/immutabletagrules`, {
    method: 'POST',
    headers: { authorization: basicOf(registry), 'content-type': 'application/json' },
    body: JSON.stringify({
      action: 'immutable',
      template: 'immutable_template',
      tag_selectors: [selector('matches', pattern)],
      scope_selectors: { repository: [selector('repoMatches', '**')] },
    }),
  })
  await expectStatus(answer, 201)
}
