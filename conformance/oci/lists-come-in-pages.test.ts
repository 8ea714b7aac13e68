import { expect, test } from 'bun:test'
import { describeScenario } from '../harness/scenario.ts'
import { expectStatus, V2Client } from '../harness/v2-client.ts'
import type { Descriptor } from '../harness/image.ts'

const mediaType = 'application/vnd.oci.image.index.v1+json'

describeScenario('lists', (registry) => {
  const nextOf = (response: Response): string | undefined =>
    /^<([^>]+)>; *rel="?next"?$/.exec(response.headers.get('link') ?? '')?.[1]

  test('tags are told in order, page by page, each once', async () => {
    const client = new V2Client(registry())
    const repository = registry().newRepository()
    const index = JSON.stringify({ schemaVersion: 2, mediaType, manifests: [] })
    const tags = ['B', 'Z', '_1', 'a', 'a.b', 'a0', 'latest', 'v1', 'v10', 'v2']
    for (const tag of tags) await expectStatus(await client.pushManifest(repository, tag, mediaType, index), 201)
    const told: string[] = []
    let path: string | undefined = `/v2/${repository}/tags/list?n=3`
    while (path !== undefined) {
      const response: Response = await expectStatus(await client.request(path), 200)
      const page = (await response.json()) as { name: string; tags: string[] }
      expect(page.name).toBe(repository)
      expect(page.tags.length).toBeLessThanOrEqual(3)
      told.push(...page.tags)
      path = nextOf(response)
    }
    expect(told.toSorted()).toEqual(tags.toSorted())
    expect(new Set(told).size).toBe(tags.length)
    const whole = (await (await client.request(`/v2/${repository}/tags/list`)).json()) as { tags: string[] }
    expect(whole.tags).toEqual(told)
    const none = await client.request(`/v2/${repository}/tags/list?n=0`)
    expect(await none.json()).toEqual({ name: repository, tags: [] })
    expect(none.headers.get('link')).toBeNull()
  })

  // CVE-2023-2253: a page of a size that one asks for took the memory for it.
  test('a page is never larger than the registry wants, however it is asked for', async () => {
    const client = new V2Client(registry())
    const repository = registry().newRepository()
    const index = JSON.stringify({ schemaVersion: 2, mediaType, manifests: [] })
    await expectStatus(await client.pushManifest(repository, 'v1', mediaType, index), 201)
    const referrers = `${repository}/referrers/sha256:${'0'.repeat(64)}`
    for (const list of ['_catalog', `${repository}/tags/list`, referrers]) {
      for (const n of ['1000000000', '9223372036854775808', '99999999999999999999999999']) {
        const { status } = await client.request(`/v2/${list}?n=${n}`)
        expect({ list, n, status: [200, 400].includes(status) }).toEqual({ list, n, status: true })
      }
      for (const n of ['-1', 'NaN', '1e308', '1.5', '%00']) {
        expect({ list, n, status: (await client.request(`/v2/${list}?n=${n}`)).status }).toEqual({
          list,
          n,
          status: 400,
        })
      }
      for (const last of ['a'.repeat(1_000_000), 'a'.repeat(2_000), '%00', '%0d%0a', '%ff%fe%00']) {
        const { status } = await client.request(`/v2/${list}?n=1&last=${last}`)
        const refused = [400, 413, 414, 431].includes(status)
        expect({ list, last: last.slice(0, 20), refused }).toEqual({ list, last: last.slice(0, 20), refused: true })
      }
    }
    for (const type of ['%00', 'a%0ab', 'a'.repeat(2_000)]) {
      await expectStatus(await client.request(`/v2/${referrers}?artifactType=${type}`), 400)
    }
  })

  test('the catalog names a repository once, with what has been pushed to it', async () => {
    const client = new V2Client(registry())
    const repositories = [registry().newRepository(), registry().newRepository(), registry().newRepository()]
    const index = JSON.stringify({ schemaVersion: 2, mediaType, manifests: [] })
    for (const repository of repositories) {
      await expectStatus(await client.pushManifest(repository, 'v1', mediaType, index), 201)
    }
    const told: string[] = []
    let path: string | undefined = '/v2/_catalog?n=2'
    while (path !== undefined) {
      const response: Response = await expectStatus(await client.request(path), 200)
      told.push(...((await response.json()) as { repositories: string[] }).repositories)
      path = nextOf(response)
    }
    expect(told).toEqual(expect.arrayContaining(repositories))
    expect(new Set(told).size).toBe(told.length)
    expect(told).toEqual(told.toSorted())
  })

  test('referrers come in pages, by type when asked for, and are gone when deleted', async () => {
    const client = new V2Client(registry())
    const repository = registry().newRepository()
    const empty = await client.pushBlob(repository, new TextEncoder().encode('{}'))
    const subjectBody = JSON.stringify({ schemaVersion: 2, mediaType, manifests: [] })
    const subject = await expectStatus(await client.pushManifest(repository, 'v1', mediaType, subjectBody), 201)
    const digest = subject.headers.get('docker-content-digest') ?? ''
    const imageType = 'application/vnd.oci.image.manifest.v1+json'
    const pushed: string[] = []
    for (let at = 0; at < 25; at += 1) {
      const body = JSON.stringify({
        schemaVersion: 2,
        mediaType: imageType,
        artifactType: at % 5 === 0 ? 'application/x.five' : 'application/x.other',
        config: { ...empty, mediaType: 'application/vnd.oci.empty.v1+json' },
        layers: [],
        subject: { mediaType, digest, size: subjectBody.length },
        annotations: { at: String(at) },
      })
      const response = await expectStatus(await client.pushManifest(repository, `sig-${at}`, imageType, body), 201)
      expect(response.headers.get('oci-subject')).toBe(digest)
      pushed.push(response.headers.get('docker-content-digest') ?? '')
    }
    const all = async (query: string): Promise<Descriptor[]> => {
      const told: Descriptor[] = []
      let path: string | undefined = `/v2/${repository}/referrers/${digest}${query}`
      while (path !== undefined) {
        const response: Response = await expectStatus(await client.request(path), 200)
        expect(response.headers.get('content-type')).toBe(mediaType)
        told.push(...((await response.json()) as { manifests: Descriptor[] }).manifests)
        path = nextOf(response)
      }
      return told
    }
    expect((await all('')).map((found) => found.digest).toSorted()).toEqual(pushed.toSorted())
    expect((await all('?n=10')).map((found) => found.digest).toSorted()).toEqual(pushed.toSorted())
    const five = await all('?artifactType=application/x.five')
    expect(five.map(({ annotations }) => Number(annotations?.['at'])).toSorted((a, b) => a - b)).toEqual([
      0, 5, 10, 15, 20,
    ])
    await expectStatus(await client.request(`/v2/${repository}/manifests/${pushed[0]}`, { method: 'DELETE' }), 202)
    expect((await all('')).length).toBe(24)
  })

  test('a page of referrers is bounded in bytes, and the Link goes on behind it', async () => {
    const client = new V2Client(registry())
    const repository = registry().newRepository()
    const digest = `sha256:${'0'.repeat(64)}`
    const pushed: string[] = []
    for (let at = 0; at < 6; at += 1) {
      const body = JSON.stringify({
        schemaVersion: 2,
        mediaType,
        manifests: [],
        artifactType: 'application/x.large',
        subject: { mediaType, digest, size: 1 },
        annotations: { at: String(at), text: 'x'.repeat(1_200_000) },
      })
      const response = await expectStatus(await client.pushManifest(repository, `large-${at}`, mediaType, body), 201)
      pushed.push(response.headers.get('docker-content-digest') ?? '')
    }
    const told: Descriptor[] = []
    let path: string | undefined = `/v2/${repository}/referrers/${digest}?n=1000`
    while (path !== undefined) {
      const response: Response = await expectStatus(await client.request(path), 200)
      const bytes = await response.bytes()
      expect(bytes.length).toBeLessThan(4 * 1024 * 1024)
      told.push(...(JSON.parse(new TextDecoder().decode(bytes)) as { manifests: Descriptor[] }).manifests)
      path = nextOf(response)
    }
    expect(told.map((found) => found.digest)).toEqual(pushed.toSorted())
    expect(told.every(({ annotations }) => annotations?.['text']?.length === 1_200_000)).toBe(true)
  })

  test('no page tells how many entries there are: that would cost counting them', async () => {
    const client = new V2Client(registry())
    const repository = registry().newRepository()
    const body = JSON.stringify({ schemaVersion: 2, mediaType, manifests: [] })
    const pushed = await expectStatus(await client.pushManifest(repository, 'v1', mediaType, body), 201)
    const digest = pushed.headers.get('docker-content-digest') ?? ''
    for (const list of [`${repository}/tags/list`, `${repository}/referrers/${digest}`, '_catalog']) {
      const response = await expectStatus(await client.request(`/v2/${list}`), 200)
      expect({ list, total: response.headers.get('x-total-count') }).toEqual({ list, total: null })
    }
  })

  // distribution-spec v1.1 §backwards-compatibility: the list that clients kept under a tag is taken over.
  test('referrers that a client listed under the fallback tag are told too', async () => {
    const client = new V2Client(registry())
    const repository = registry().newRepository()
    const subjectBody = JSON.stringify({ schemaVersion: 2, mediaType, manifests: [], annotations: { a: 'subject' } })
    const subject = await expectStatus(await client.pushManifest(repository, 'v1', mediaType, subjectBody), 201)
    const digest = subject.headers.get('docker-content-digest') ?? ''
    const body = JSON.stringify({ schemaVersion: 2, mediaType, manifests: [], annotations: { a: 'signature' } })
    const signature = await expectStatus(await client.pushManifest(repository, 'sig', mediaType, body), 201)
    const listed = {
      mediaType,
      digest: signature.headers.get('docker-content-digest') ?? '',
      size: body.length,
      artifactType: 'application/x.signature',
    }
    const fallback = JSON.stringify({ schemaVersion: 2, mediaType, manifests: [listed] })
    await expectStatus(await client.pushManifest(repository, digest.replace(':', '-'), mediaType, fallback), 201)
    const told = await expectStatus(await client.request(`/v2/${repository}/referrers/${digest}`), 200)
    const { manifests } = (await told.json()) as { manifests: Descriptor[] }
    expect(manifests.map((found) => found.digest)).toEqual([listed.digest])
  })
})
