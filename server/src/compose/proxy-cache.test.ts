import { afterAll, afterEach, beforeAll, expect, test } from 'bun:test'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Digest } from '#contract/digest.ts'
import type { RepositoryName } from '#contract/repository-name.ts'
import { describeEachDatabase } from '#server-test/databases.ts'
import { composeRegistryForTest, digestOf, imageOf } from '#server-test/registry-for-test.ts'
import type { Database } from '../database/database.ts'
import {
  ScriptedRegistry,
  type ScriptedAnswer,
  type SeenRequest,
} from '../clients/registry/scripted-registry-for-test.ts'
import type { Config } from '../config/config.ts'
import { anonymous } from '../domain/access/actor.ts'
import type { ProxyMeter } from '../domain/proxy-cache/proxy-meter.ts'
import { completeWaiting } from '../domain/proxy-cache/complete-waiting.ts'
import { keepWaiting, noteTag } from '../domain/proxy-cache/known-manifests.ts'
import { readHealth } from '../domain/proxy-cache/upstream-health.ts'
import { readTraffic } from '../domain/proxy-cache/proxy-traffic.ts'
import { withOrigin, type RequestOrigin } from '../domain/request-origin.ts'
import type { OciServices } from '../http/oci/oci-request.ts'
import { composeOciRouter } from '../http/oci/oci-router.ts'
import type { BlobStore } from '../storage/blob-store.ts'
import { composeFilesystemBlobStore } from '../storage/filesystem.ts'
import { composeMemoryBlobStore } from '../storage/memory.ts'
import { composeOciServices } from './content.ts'
import { composeProxyCache, type ProxyCache } from './proxy-cache.ts'
import { composeOpenUpstream } from './upstreams.ts'

const encode = (text: string) => new TextEncoder().encode(text)
const config = encode('{"config":true}')
const layer = encode('0123456789'.repeat(1_000))
/** Larger than what is kept in memory while it comes. */
const large = new Uint8Array(3 * 1024 * 1024).map((_, at) => (at * 7919) >> 8)
const image = imageOf('v1', [digestOf(config), digestOf(layer), digestOf(large)], [config, layer, large])
const imageDigest = digestOf(image.bytes)
const manifestType = 'application/vnd.oci.image.manifest.v1+json'
const indexType = 'application/vnd.oci.image.index.v1+json'
const other = { mediaType: manifestType, digest: digestOf(encode('another platform')), size: 16 }
const index = encode(
  JSON.stringify({
    ...{ schemaVersion: 2, mediaType: indexType },
    manifests: [{ mediaType: manifestType, digest: imageDigest, size: image.bytes.byteLength }, other],
  }),
)

let upstream: ScriptedRegistry
beforeAll(async () => {
  upstream = await ScriptedRegistry.start()
})
afterAll(() => upstream[Symbol.asyncDispose]())

/** What upstream has, by reference; tags may move. */
const tags = new Map<string, Uint8Array>()

function answerUpstream({ method, path, headers }: SeenRequest): ScriptedAnswer {
  const [, what = '', reference = ''] = /^\/v2\/library\/app\/(\w+)\/([^?]+)/.exec(path) ?? []
  if (what === 'tags') return { status: 200, body: JSON.stringify({ tags: [...tags.keys()] }) }
  const bytes =
    tags.get(reference) ?? [image.bytes, index, config, layer, large].find((one) => digestOf(one) === reference)
  if (bytes === undefined) return { status: 404 }
  const type = bytes === index ? indexType : manifestType
  const common = { 'docker-content-digest': digestOf(bytes), 'content-type': type }
  const range = /^bytes=(\d+)-(\d*)$/.exec(headers.range ?? '')
  if (range !== null) {
    const start = Number(range[1])
    const part = bytes.subarray(start)
    const headersOfPart = { 'content-range': `bytes ${start}-${bytes.byteLength - 1}/${bytes.byteLength}` }
    return { status: 206, headers: { ...common, ...headersOfPart }, body: part }
  }
  const length = { 'content-length': String(bytes.byteLength) }
  return { status: 200, headers: { ...common, ...length }, ...(method === 'HEAD' ? {} : { body: bytes }) }
}

const silent: ProxyMeter = { served() {}, fetched() {}, asked() {}, answered() {}, failed() {}, evicted() {} }

interface Process {
  ask(method: string, path: string, headers?: Record<string, string>): Promise<Response>
  settled(): Promise<void>
  readonly cache: ProxyCache
}

const stores: readonly [string, (folder: string) => Promise<BlobStore>][] = [
  ['a folder', async (folder) => await composeFilesystemBlobStore({ folder })],
  ['a store that shows nothing of what is staged', async () => composeMemoryBlobStore()],
]

describeEachDatabase('a proxy project', (open) => {
  let owned = new AsyncDisposableStack()
  afterEach(async () => {
    await owned.disposeAsync()
    owned = new AsyncDisposableStack()
  })

  async function setUp({
    openStore = stores[0]![1],
    metadata = {},
    type = 'docker-hub',
  }: {
    openStore?: (folder: string) => Promise<BlobStore>
    metadata?: Record<string, string>
    type?: string
  } = {}) {
    upstream.answers(answerUpstream)
    tags.clear()
    tags.set('v1', image.bytes)
    tags.set('multi', index)
    const folder = await mkdtemp(join(tmpdir(), 'berth-proxy-'))
    owned.defer(() => rm(folder, { recursive: true, force: true }))
    const database = await open()
    const store = await openStore(folder)
    const registry = await composeRegistryForTest(database, store)
    await makeProject(database, metadata, type)
    const warned: unknown[] = []
    const begin = (): Process => {
      const cache = composeProxyCache(registry, {
        content: registry,
        registries: {
          getAddress: async () => ({
            ...{ url: upstream.url, credential: undefined, insecure: false, authority: undefined, tokenHosts: [] },
          }),
        },
        openUpstream: composeOpenUpstream({ outbound: { allowLocal: true, tokenHosts: [] } } as unknown as Config),
        meter: silent,
        logger: { warn: (...line: unknown[]) => void warned.push(line) },
      })
      owned.use(cache)
      const settings = { limits: { manifestBytes: 4_000_000 }, defaultProject: undefined } as unknown as Config
      const plain: OciServices = {
        ...composeOciServices(settings, registry, {} as Parameters<typeof composeOciServices>[2]),
        pulls: { onPull() {} },
      }
      const router = composeOciRouter({
        services: cache.inFrontOf(plain),
        tokenService: 'test',
        originOf: () => 'http://here',
        onError: (error) => void warned.push(error),
      })
      const ask = async (method: string, path: string, headers: Record<string, string> = {}) => {
        const origin: RequestOrigin = { clientAddress: '127.0.0.1', isFromThisMachine: () => true }
        return await withOrigin(origin, () =>
          router({
            request: new Request(`http://here/v2${path}`, { method, headers }),
            path,
            search: '',
            authentication: { actor: anonymous, authorizationSent: true, failedLogin: false },
            body: () => undefined,
          }),
        )
      }
      return { ask, settled: () => cache.completions.settled(), cache }
    }
    return { ...registry, ...begin(), begin, warned, folder }
  }

  const bytesOf = async (answer: Response) => new Uint8Array(await answer.arrayBuffer())
  const gets = (digest: Digest) => upstream.lines.filter((line) => line.includes(digest) && line.startsWith('GET'))

  test.each(stores)('gives what upstream has, keeps it, and asks no more: %s', async (_, openStore) => {
    const { ask, settled, database, warned } = await setUp({ openStore })
    const first = await ask('GET', '/cache/app/manifests/v1')
    expect([first.status, first.headers.get('docker-content-digest')]).toEqual([200, imageDigest])
    expect(await bytesOf(first)).toEqual(new Uint8Array(image.bytes))
    for (const blob of [config, layer, large]) {
      const answer = await ask('GET', `/cache/app/blobs/${digestOf(blob)}`)
      expect(answer.headers.get('content-length')).toBe(String(blob.byteLength))
      expect(await bytesOf(answer)).toEqual(new Uint8Array(blob))
    }
    await settled()
    expect(warned).toEqual([])
    for (const blob of [config, layer, large]) expect(gets(digestOf(blob))).toHaveLength(1)
    const asked = upstream.seen.length
    for (const path of ['manifests/v1', `manifests/${imageDigest}`, `blobs/${digestOf(large)}`])
      expect((await ask('GET', `/cache/app/${path}`)).status).toBe(200)
    expect(upstream.seen).toHaveLength(asked)
    const named = await database.read.selectFrom('tag').select('name').execute()
    expect(named).toEqual([{ name: 'v1' }])
    expect(await database.read.selectFrom('proxy_manifest').select('digest').execute()).toEqual([])
  })

  test('an index is stored byte for byte at once, and its children when somebody asks for them', async () => {
    const { ask, settled, database } = await setUp()
    const answer = await ask('GET', '/cache/app/manifests/multi')
    expect(await bytesOf(answer)).toEqual(index)
    const digests = async () =>
      (await database.read.selectFrom('artifact').select('digest').execute()).map(({ digest }) => digest)
    expect(await digests()).toEqual([digestOf(index)])
    await ask('GET', `/cache/app/manifests/${imageDigest}`)
    await settled()
    expect(new Set(await digests())).toEqual(new Set([digestOf(index), imageDigest]))
    expect(await database.read.selectFrom('artifact_child').selectAll().execute()).toHaveLength(1)
  })

  test('HEAD of manifests and blobs is answered by HEAD, and keeps nothing', async () => {
    const { ask } = await setUp()
    const manifest = await ask('HEAD', '/cache/app/manifests/v1')
    expect(manifest.headers.get('docker-content-digest')).toBe(imageDigest)
    const blob = await ask('HEAD', `/cache/app/blobs/${digestOf(layer)}`)
    expect([blob.status, blob.headers.get('content-length')]).toEqual([200, String(layer.byteLength)])
    expect(new Set(upstream.seen.map(({ method }) => method))).toEqual(new Set(['HEAD']))
  })

  test.each([true, false])('a part of a blob is given while the whole comes (shown: %p)', async (isShown) => {
    const { ask } = await setUp({ openStore: stores[isShown ? 0 : 1]![1] })
    const range = { range: 'bytes=2000000-2000099' }
    const part = await ask('GET', `/cache/app/blobs/${digestOf(large)}`, range)
    expect(part.status).toBe(206)
    expect(await bytesOf(part)).toEqual(large.slice(2_000_000, 2_000_100))
  })

  test('a tag that moved upstream moves here when what is known of it is no longer fresh', async () => {
    const { ask, settled, clock, database } = await setUp({ metadata: { proxy_cache_freshness: 'v*=60' } })
    await bytesOf(await ask('GET', '/cache/app/manifests/v1'))
    await settled()
    tags.set('v1', index)
    expect(await bytesOf(await ask('GET', '/cache/app/manifests/v1'))).toEqual(new Uint8Array(image.bytes))
    clock.advance(61_000)
    expect(await bytesOf(await ask('GET', '/cache/app/manifests/v1'))).toEqual(index)
    const row = await database.read
      .selectFrom('tag')
      .innerJoin('artifact', 'artifact.id', 'tag.artifact_id')
      .select('artifact.digest')
      .executeTakeFirstOrThrow()
    expect(row.digest).toBe(digestOf(index))
  })

  test.each([500, 502, 503, 401, 403, 429, 418])(
    'upstream that answers %d costs nobody a copy that is here',
    async (status) => {
      const { ask, settled, clock } = await setUp()
      await bytesOf(await ask('GET', '/cache/app/manifests/v1'))
      await settled()
      clock.advance(600_000)
      upstream.answers(() => ({ status, headers: { 'retry-after': '1' } }))
      const answer = await ask('GET', '/cache/app/manifests/v1')
      expect([answer.status, answer.headers.get('age')]).toEqual([200, '600'])
      expect(answer.headers.get('warning')).toContain('could not be asked')
    },
  )

  test.each([
    [404, 404, 'MANIFEST_UNKNOWN'],
    [401, 403, 'DENIED'],
    [403, 403, 'DENIED'],
    [429, 429, 'TOOMANYREQUESTS'],
    [500, 503, 'UNSUPPORTED'],
  ])('without a copy, upstream’s %d is %d %s', async (status, answered, code) => {
    const { ask } = await setUp()
    upstream.answers(() => ({ status, headers: { 'retry-after': '7' } }))
    const answer = await ask('GET', '/cache/app/manifests/v9')
    const { errors } = (await answer.json()) as { errors: { code: string }[] }
    expect([answer.status, errors[0]!.code]).toEqual([answered, code])
    if (status === 429) expect(answer.headers.get('retry-after')).toBe('7')
  })

  test('a process learns from another that upstream wants to be left alone, and does not end that by an answer of its own', async () => {
    const { ask, begin, clock, database } = await setUp()
    const second = begin()
    const { id } = await database.read.selectFrom('registry').select('id').executeTakeFirstOrThrow()
    const healthOf = async () => (await readHealth(database, id)).retryAt
    expect((await second.ask('GET', '/cache/app/manifests/v1')).status).toBe(200)
    await second.settled()
    upstream.answers(() => ({ status: 429, headers: { 'retry-after': '3600' } }))
    expect((await ask('GET', '/cache/app/manifests/v9')).status).toBe(429)
    upstream.answers(answerUpstream)
    clock.advance(20_000)
    expect((await second.ask('HEAD', `/cache/app/blobs/${digestOf(encode('nothing'))}`)).status).toBe(404)
    expect(await healthOf()).toBeGreaterThan(clock.now())
    await second.cache.health.refresh()
    const asked = upstream.seen.length
    expect((await second.ask('GET', '/cache/app/manifests/multi')).status).toBe(429)
    expect(upstream.seen).toHaveLength(asked)
  })

  test('what upstream does not have is asked for once in some seconds', async () => {
    const { ask } = await setUp()
    for (let times = 0; times < 5; times++) expect((await ask('GET', '/cache/app/manifests/v9')).status).toBe(404)
    expect(upstream.seen).toHaveLength(1)
  })

  test('a tag that upstream has no longer is gone, unless the project keeps what it has', async () => {
    for (const keeps of ['false', 'true']) {
      const { ask, settled, clock } = await setUp({ metadata: { proxy_cache_local_on_not_found: keeps } })
      await bytesOf(await ask('GET', '/cache/app/manifests/v1'))
      await settled()
      tags.delete('v1')
      clock.advance(600_000)
      expect((await ask('GET', '/cache/app/manifests/v1')).status).toBe(keeps === 'true' ? 200 : 404)
    }
  })

  test('a hundred clients of two processes cost upstream one download', async () => {
    const { ask, begin } = await setUp()
    const second = begin()
    const answers = await Promise.all(
      Array.from({ length: 100 }, async (_, at) => {
        const answer = await (at % 2 === 0 ? ask : second.ask)('GET', `/cache/app/blobs/${digestOf(large)}`)
        return digestOf(await bytesOf(answer))
      }),
    )
    expect(new Set(answers)).toEqual(new Set([digestOf(large)]))
    expect(gets(digestOf(large))).toHaveLength(1)
  })

  test('a blob with other bytes than its digest says is cut before its end, and never becomes a blob', async () => {
    const { ask, database } = await setUp()
    const wrong = large.slice()
    wrong[1_000] = 255 - wrong[1_000]!
    upstream.answers((request) =>
      request.method === 'GET' && request.path.includes(digestOf(large))
        ? { status: 200, headers: { 'content-length': String(wrong.byteLength) }, body: wrong }
        : answerUpstream(request),
    )
    const answer = await ask('GET', `/cache/app/blobs/${digestOf(large)}`)
    let received = 0
    const reading = (async () => {
      for await (const piece of answer.body!) received += piece.byteLength
    })()
    expect(
      await reading.then(
        () => 'whole',
        () => 'cut',
      ),
    ).toBe('cut')
    expect(received).toBeLessThan(large.byteLength)
    expect(await database.read.selectFrom('blob').select('digest').execute()).toEqual([])
    expect(await database.read.selectFrom('upload').select('id').execute()).toEqual([])
    expect(await database.read.selectFrom('proxy_fill').select('digest').execute()).toEqual([])
  })

  test('a download that breaks off is gone on with, and clients notice nothing', async () => {
    const { ask } = await setUp()
    let cuts = 0
    upstream.answers((request, response) => {
      if (!request.path.includes(digestOf(large)) || request.method !== 'GET' || cuts++ > 0)
        return answerUpstream(request)
      response.writeHead(200, { 'content-length': String(large.byteLength) })
      response.write(large.subarray(0, 1_500_000), () => response.destroy())
      return undefined
    })
    expect(digestOf(await bytesOf(await ask('GET', `/cache/app/blobs/${digestOf(large)}`)))).toBe(digestOf(large))
    expect(upstream.seen.some(({ headers }) => headers.range !== undefined)).toBe(true)
  })

  test('what it did is counted by outcome, and stays countable after the process', async () => {
    const { ask, settled, cache, database, clock } = await setUp()
    await bytesOf(await ask('GET', '/cache/app/manifests/v1'))
    for (const blob of [config, layer, large]) await bytesOf(await ask('GET', `/cache/app/blobs/${digestOf(blob)}`))
    await settled()
    await bytesOf(await ask('GET', `/cache/app/blobs/${digestOf(large)}`))
    await ask('GET', '/cache/app/manifests/v9')
    await cache.traffic.flush()
    await ask('GET', '/cache/app/manifests/v1')
    await cache.traffic.flush()
    const { id } = await database.read
      .selectFrom('project')
      .select('id')
      .where('name', '=', 'cache')
      .executeTakeFirstOrThrow()
    const traffic = await readTraffic(database.read, id, { now: clock.now(), days: 1 })
    const blobBytes = config.byteLength + layer.byteLength + large.byteLength
    // Blobs that the cache brings by itself may be here before they are asked for.
    expect(traffic.hit.requests).toBeGreaterThanOrEqual(2)
    expect(traffic.miss.requests).toBeGreaterThanOrEqual(1)
    expect(traffic.hit.requests + traffic.miss.requests).toBe(6)
    expect(traffic.hit.bytes + traffic.miss.bytes).toBe(blobBytes + large.byteLength + 2 * image.bytes.byteLength)
    expect(traffic.upstream.bytes).toBe(blobBytes)
    expect(traffic.absent).toEqual({ requests: 1, bytes: 0 })
    clock.advance(2 * 86_400_000)
    expect((await readTraffic(database.read, id, { now: clock.now(), days: 1 })).hit.requests).toBe(0)
  })

  test('a manifest that a dead process left waiting is completed, with pauses that grow while upstream is away', async () => {
    const { cache, database, clock } = await setUp()
    const { id } = await database.read
      .selectFrom('project')
      .select('id')
      .where('name', '=', 'cache')
      .executeTakeFirstOrThrow()
    const repository = (await cache.projects.repositoryOf(id, 'cache/app' as RepositoryName))!
    const waiting = { digest: imageDigest, bytes: new Uint8Array(image.bytes), mediaType: manifestType }
    const checked = { digest: imageDigest, checkedAt: clock.now() }
    await database.write(async (tx) => {
      await keepWaiting(tx, repository, waiting, clock.now())
      await noteTag(tx, repository, 'v1', checked)
    })
    const problems: unknown[] = []
    const look = async (minutes: number) => {
      clock.advance(minutes * 60_000)
      const { projects, completions } = cache
      const onProblem = (...problem: unknown[]) => void problems.push(problem)
      return await completeWaiting({ database, clock, projects, completions, onProblem }, 4)
    }
    upstream.answers(() => ({ status: 404 }))
    expect(await look(4)).toBe(0)
    expect(await look(2)).toBe(1)
    expect(problems).toHaveLength(1)
    expect(await look(5)).toBe(0)
    upstream.answers(answerUpstream)
    expect(await look(2)).toBe(1)
    const named = await database.read.selectFrom('tag').select('name').execute()
    expect(named).toEqual([{ name: 'v1' }])
    expect(await database.read.selectFrom('proxy_manifest').select('digest').execute()).toEqual([])
  })

  test('names that the filter does not let through are unknown, cached or not', async () => {
    const metadata = { proxy_cache_filter_pattern: 'library/b*', proxy_cache_filter_kind: 'doublestar' }
    const { ask } = await setUp({ metadata })
    const answer = await ask('GET', '/cache/app/manifests/v1')
    expect([answer.status, await answer.text()]).toEqual([404, expect.stringContaining('repository filter')])
    expect(upstream.seen).toEqual([])
  })

  test('a policy of the project holds on the first pull as on the second, and for what it cannot judge', async () => {
    const { ask, database } = await setUp({ metadata: { prevent_vul: 'true', severity: 'high' } })
    for (let times = 0; times < 2; times++) {
      const answer = await ask('GET', '/cache/app/manifests/v1')
      expect([answer.status, await answer.text()]).toEqual([412, expect.stringContaining('vulnerability scanning')])
    }
    // It was stored, so that a scan can look at it.
    expect(await database.read.selectFrom('artifact').select('digest').execute()).toEqual([{ digest: imageDigest }])
    const old = encode('{"schemaVersion":1,"name":"app","tag":"old","fsLayers":[],"history":[]}')
    upstream.answers(({ method }) => ({
      status: 200,
      headers: {
        'docker-content-digest': digestOf(old),
        'content-type': 'application/vnd.docker.distribution.manifest.v1+prettyjws',
        'content-length': String(old.byteLength),
      },
      ...(method === 'HEAD' ? {} : { body: old }),
    }))
    const unjudged = await ask('GET', '/cache/app/manifests/old')
    expect([unjudged.status, await unjudged.text()]).toEqual([412, expect.stringContaining('no policy can judge')])
  })

  test('a full project makes room for what is new, and the new image is kept', async () => {
    const { ask, settled, database } = await setUp()
    await bytesOf(await ask('GET', '/cache/app/manifests/v1'))
    await settled()
    const room = 3 * 1024 * 1024 + 40_000
    await database.write((tx) => tx.updateTable('quota').set({ hard_bytes: room }).execute())
    const newLayer = large.map((byte) => byte ^ 0xff)
    const newImage = imageOf('v2', [digestOf(config), digestOf(newLayer)], [config, newLayer])
    tags.set('v2', newImage.bytes)
    upstream.answers((request) => {
      const found = [newImage.bytes, newLayer].find((bytes) => request.path.includes(digestOf(bytes)))
      if (found === undefined) return answerUpstream(request)
      const type = found === newLayer ? 'application/octet-stream' : manifestType
      const headers = { 'docker-content-digest': digestOf(found), 'content-type': type }
      const length = { 'content-length': String(found.byteLength) }
      return { status: 200, headers: { ...headers, ...length }, ...(request.method === 'HEAD' ? {} : { body: found }) }
    })
    await bytesOf(await ask('GET', '/cache/app/manifests/v2'))
    await settled()
    const here = await database.read.selectFrom('artifact').select('digest').execute()
    expect(here).toEqual([{ digest: digestOf(newImage.bytes) }])
    expect(gets(digestOf(newLayer))).toHaveLength(1)
  })

  test('nobody pushes into it', async () => {
    const { ask } = await setUp()
    const answer = await ask('POST', '/cache/app/blobs/uploads/')
    expect(answer.status).toBe(401)
  })

  test('over its quota it keeps nothing, and pulls go on', async () => {
    const { ask, settled, database } = await setUp()
    await database.write((tx) => tx.updateTable('quota').set({ hard_bytes: 10 }).execute())
    expect(await bytesOf(await ask('GET', '/cache/app/manifests/v1'))).toEqual(new Uint8Array(image.bytes))
    for (const blob of [layer, large])
      expect(digestOf(await bytesOf(await ask('GET', `/cache/app/blobs/${digestOf(blob)}`)))).toBe(digestOf(blob))
    await settled()
    expect(await database.read.selectFrom('blob').select('digest').execute()).toEqual([])
    expect((await ask('GET', '/cache/app/manifests/v1')).status).toBe(200)
  })

  test('tags are those from upstream and those that are here', async () => {
    const { ask, settled } = await setUp()
    await bytesOf(await ask('GET', '/cache/app/manifests/v1'))
    await settled()
    tags.delete('v1')
    const list = (await (await ask('GET', '/cache/app/tags/list')).json()) as { tags: string[] }
    expect(list.tags).toEqual(['multi', 'v1'])
  })
})

async function makeProject(database: Database, metadata: Record<string, string>, type: string): Promise<void> {
  await database.write(async (tx) => {
    const times = { created_at: 1, updated_at: 1 }
    const { id } = await tx
      .insertInto('registry')
      .values({
        ...{ name: 'hub', type, url: 'http://hub.example', description: '', insecure: 0, ca_certificate: null },
        ...{ credential_type: '', access_key: '', access_secret: '', status: 'healthy', ...times },
      })
      .returning('id')
      .executeTakeFirstOrThrow()
    const project = await tx
      .insertInto('project')
      .values({ name: 'cache', owner_id: null, public: 1, registry_id: id, ...times })
      .returning('id')
      .executeTakeFirstOrThrow()
    await tx.insertInto('quota').values({ project_id: project.id, hard_bytes: -1, updated_at: 1 }).execute()
    for (const [name, value] of Object.entries(metadata))
      await tx.insertInto('project_metadata').values({ project_id: project.id, name, value }).execute()
  })
}
