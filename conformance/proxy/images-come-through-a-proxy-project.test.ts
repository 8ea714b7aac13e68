import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { createHash, randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { runCommand, tryCommand } from '../harness/command.ts'
import { startDistribution, whyMissing, type DistributionProgram } from '../harness/distribution.ts'
import { eventually } from '../harness/eventually.ts'
import { startHubStandIn, type HubStandIn } from '../harness/hub-stand-in.ts'
import { createImage, createIndex, createUniqueImage, type Image } from '../harness/image.ts'
import { findClient, skipLoudly } from '../harness/real-client.ts'
import { startRegistry, type RegistryUnderTest } from '../harness/registry.ts'
import { createTemporaryFolder } from '../harness/temporary-folder.ts'
import { V2Client } from '../harness/v2-client.ts'

setDefaultTimeout(120_000)

const skopeo = findClient('skopeo')
const podman = findClient('podman')
const local = { BERTH_OUTBOUND_ALLOW_LOCAL: 'true' }
const headers = { 'content-type': 'application/json' }

/** A registry of that URL, and a public project that is its cache. */
async function createCache(
  berth: RegistryUnderTest,
  name: string,
  registry: { url: string; type?: string; credential?: object },
  metadata: Record<string, string> = {},
): Promise<void> {
  const client = new V2Client(berth)
  const send = async (path: string, body: object) => {
    const answer = await client.request(`/api/v2.0${path}`, { method: 'POST', headers, body: JSON.stringify(body) })
    expect([answer.status, await answer.text()]).toEqual([201, ''])
    return Number(answer.headers.get('location')!.split('/').at(-1))
  }
  const id = await send('/registries', { name, type: 'docker-registry', ...registry })
  await send('/projects', { project_name: name, registry_id: id, public: true, metadata })
}

/** What skopeo gets of an image, as its manifest and its blobs. */
async function pull(berth: RegistryUnderTest, name: string): Promise<{ digests: Set<string> }> {
  await using folder = await createTemporaryFolder()
  const target = join(folder.path, 'image')
  const env = { TMPDIR: folder.path, REGISTRY_AUTH_FILE: join(folder.path, 'auth.json') }
  const from = `docker://${berth.host}/${name}`
  await runCommand(
    [
      skopeo!,
      '--insecure-policy',
      'copy',
      '--all',
      '--preserve-digests',
      '--src-tls-verify=false',
      from,
      `dir:${target}`,
    ],
    { env },
  )
  const digests = new Set<string>()
  for await (const file of new Bun.Glob('*').scan(target)) {
    digests.add(
      createHash('sha256')
        .update(await Bun.file(join(target, file)).bytes())
        .digest('hex'),
    )
  }
  return { digests }
}

const hexOf = (image: Image) => [...image.content.keys()].map((digest) => digest.slice('sha256:'.length))

if (skopeo === undefined) skipLoudly('images through a proxy project', 'skopeo is not on this machine')

describe.skipIf(skopeo === undefined)('images come through a proxy project as they are upstream', () => {
  const index = createIndex([createUniqueImage('amd64'), createUniqueImage('arm64')])

  for (const program of ['docker-registry', 'distribution-registry'] as const satisfies DistributionProgram[]) {
    test.skipIf(whyMissing(program) !== undefined)(`from ${program}, and go on when it is away`, async () => {
      await using folder = await createTemporaryFolder()
      await using berth = await startRegistry({ env: local })
      const upstream = await startDistribution(folder.path, undefined, program)
      await using _ = upstream
      await upstream.client.pushImage('team/app', index, 'v1')
      await createCache(berth, 'cache', { url: `http://${upstream.host}` })
      const first = await pull(berth, 'cache/team/app:v1')
      for (const hex of hexOf(index)) expect(first.digests.has(hex)).toBe(true)
      await upstream[Symbol.asyncDispose]()
      expect((await pull(berth, `cache/team/app@${index.descriptor.digest}`)).digests).toEqual(first.digests)
    })
  }

  test('from a Berth whose project is private, by the account of the registry', async () => {
    await using upstream = await startRegistry()
    await using berth = await startRegistry({ env: local })
    const client = new V2Client(upstream)
    const body = JSON.stringify({ project_name: 'secret' })
    await client.request('/api/v2.0/projects', { method: 'POST', headers, body })
    await client.pushImage('secret/app', index, 'v1')
    const { username: access_key, password: access_secret } = upstream
    await createCache(berth, 'cache', {
      url: upstream.url,
      type: 'harbor',
      credential: { type: 'basic', access_key, access_secret },
    })
    const { digests } = await pull(berth, 'cache/secret/app:v1')
    for (const hex of hexOf(index)) expect(digests.has(hex)).toBe(true)
  })
})

describe('a proxy project of what behaves as Docker Hub does', () => {
  let hub: HubStandIn
  let berth: RegistryUnderTest
  let client: V2Client
  const owned = new AsyncDisposableStack()
  const imageOf = (bytes: number) => createImage({ layers: [[{ path: 'data', content: randomBytes(bytes) }]] })
  const layerOf = (image: Image) =>
    [...image.content].sort(([, one], [, other]) => other.length - one.length)[0] as [string, Uint8Array]

  beforeAll(async () => {
    hub = owned.use(await startHubStandIn())
    berth = owned.use(await startRegistry({ env: { ...local, BERTH_WORKERS: '2' } }))
    client = new V2Client(berth)
    await createCache(berth, 'hub', { url: hub.url }, { proxy_cache_freshness: '0' })
  })
  afterAll(() => owned.disposeAsync())

  const blobs = (repository: string, digest: string) =>
    hub.asked.filter((line) => line === `GET /v2/${repository}/blobs/${digest}`)
  const get = async (path: string) => await client.request(path, { headers: { connection: 'close' } })

  test('two hundred clients at two workers cost one download, and each gets the whole', async () => {
    const image = imageOf(4_000_000)
    const [digest, bytes] = layerOf(image)
    hub.has('library/many', 'v1', image)
    hub.mood = { bytesPerSecond: 4_000_000 }
    const answers = await Promise.all(
      Array.from({ length: 200 }, async () => {
        const answer = await get(`/v2/hub/library/many/blobs/${digest}`)
        return createHash('sha256')
          .update(await answer.bytes())
          .digest('hex')
      }),
    )
    hub.mood = {}
    expect(new Set(answers)).toEqual(new Set([digest.slice('sha256:'.length)]))
    expect(bytes.length).toBeGreaterThan(4_000_000)
    expect(blobs('library/many', digest)).toHaveLength(1)
  })

  test('a worker that is killed while it downloads costs no client its blob', async () => {
    const image = imageOf(6_000_000)
    const [digest] = layerOf(image)
    hub.has('library/killed', 'v1', image)
    hub.mood = { bytesPerSecond: 3_000_000 }
    const wants = Array.from({ length: 8 }, async () => {
      // What docker does when a blob is cut: it goes on.
      for (let attempt = 0; attempt < 60; attempt++) {
        try {
          const answer = await get(`/v2/hub/library/killed/blobs/${digest}`)
          return createHash('sha256')
            .update(await answer.bytes())
            .digest('hex')
        } catch {
          await Bun.sleep(200)
        }
      }
      return 'never'
    })
    await eventually(async () => expect(blobs('library/killed', digest).length).toBeGreaterThan(0))
    await Bun.sleep(500)
    const children = (await tryCommand(['pgrep', '-P', String(berth.control!.pid())])).stdout.trim().split('\n')
    for (const pid of children) process.kill(Number(pid), 'SIGKILL')
    expect(new Set(await Promise.all(wants))).toEqual(new Set([digest.slice('sha256:'.length)]))
    hub.mood = {}
  })

  test('while it is away, copies are served with their age, and the truth again when it is back', async () => {
    const [first, second] = [imageOf(1_000), imageOf(1_000)]
    hub.has('library/away', 'v1', first)
    const digest = async () => {
      const answer = await get('/v2/hub/library/away/manifests/v1')
      return { digest: answer.headers.get('docker-content-digest'), isStale: answer.headers.has('age') }
    }
    expect(await digest()).toEqual({ digest: first.descriptor.digest, isStale: false })
    await hub.goAway()
    expect(await digest()).toEqual({ digest: first.descriptor.digest, isStale: true })
    hub.has('library/away', 'v1', second)
    hub.comeBack()
    await eventually(async () => expect(await digest()).toEqual({ digest: second.descriptor.digest, isStale: false }))
  })

  test('a blob that is cut again and again, or has other bytes, is refused to its end, and right when upstream is', async () => {
    const image = imageOf(3_000_000)
    const [digest] = layerOf(image)
    hub.has('library/bad', 'v1', image)
    const hashed = async () => {
      try {
        const answer = await get(`/v2/hub/library/bad/blobs/${digest}`)
        if (answer.status !== 200) return answer.status
        return createHash('sha256')
          .update(await answer.bytes())
          .digest('hex')
      } catch {
        return 'cut'
      }
    }
    const right = digest.slice('sha256:'.length)
    hub.mood = { lies: true }
    expect(await hashed()).not.toBe(right)
    hub.mood = {}
    await eventually(async () => expect(await hashed()).toBe(right))
  })

  test('the password of the registry is never shown to the host of another realm', async () => {
    await using other = await startHubStandIn()
    other.has('library/app', 'v1', imageOf(1_000))
    const credential = { type: 'basic', access_key: 'ada', access_secret: 'not-for-others' }
    const body = JSON.stringify({ name: 'other', type: 'docker-registry', url: other.url, credential })
    // It is refused, for its password does not help there; or taken, and used without.
    const made = await client.request('/api/v2.0/registries', { method: 'POST', headers, body })
    if (made.status === 201) {
      const project = { project_name: 'other', registry_id: Number(made.headers.get('location')!.split('/').at(-1)) }
      await client.request('/api/v2.0/projects', { method: 'POST', headers, body: JSON.stringify(project) })
      await get('/v2/other/library/app/manifests/v1')
    }
    expect(other.passwordsSeen).toEqual([])
  })

  test('its headers are shown, and when nothing is left, what is cached is served and the rest is refused', async () => {
    hub.has('library/limited', 'v1', imageOf(1_000))
    hub.has('library/limited', 'v2', imageOf(1_000))
    expect((await get('/v2/hub/library/limited/manifests/v1')).status).toBe(200)
    hub.remaining = 0
    const answer = await get('/v2/hub/library/limited/manifests/v2')
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([429, expect.stringMatching(/^3[56]\d\d$/)])
    expect((await get('/v2/hub/library/limited/manifests/v1')).status).toBe(200)
    await eventually(async () => {
      const status = (await (await get('/api/v2.0/projects/hub/proxy-cache')).json()) as {
        limit?: { total: number; remaining: number }
        retry_time?: string
        traffic: { stale: { requests: number } }
      }
      expect(status.limit).toMatchObject({ total: 100, remaining: 0 })
      expect(Date.parse(status.retry_time!)).toBeGreaterThan(Date.now())
      expect(status.traffic.stale.requests).toBeGreaterThan(0)
    })
    const summary = (await (await get('/api/v2.0/projects/hub/summary')).json()) as { registry: object }
    expect(summary.registry).toMatchObject({ name: 'hub', type: 'docker-registry' })
    const metrics = await (await get('/metrics')).text()
    expect(metrics).toContain('berth_proxy_upstream_failing{upstream="hub"} 1')
  })
})

if (podman === undefined) skipLoudly('podman through a proxy project', 'podman is not on this machine')
