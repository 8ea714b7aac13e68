import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { createHash } from 'node:crypto'
import { parseDigest } from '#contract/digest.ts'
import { codeOf, failureOf, readAll, ScriptedRegistry, type Script } from './scripted-registry-for-test.ts'

const ada = { accessKey: 'ada', accessSecret: 'a-secret' }
const basic = `Basic ${Buffer.from('ada:a-secret').toString('base64')}`
const sha256 = (bytes: string | Uint8Array) => parseDigest(`sha256:${createHash('sha256').update(bytes).digest('hex')}`)
const manifestText = '{"schemaVersion":2}'
const ociManifest = 'application/vnd.oci.image.manifest.v1+json'

let registry: ScriptedRegistry
beforeAll(async () => {
  registry = await ScriptedRegistry.start()
})
afterAll(() => registry[Symbol.asyncDispose]())

/** A registry that wants tokens of a service on its own host. */
const withTokens =
  (tokenOf: (query: URLSearchParams, authorization: string | undefined) => object | number, content: Script): Script =>
  (request, response) => {
    const { authorization } = request.headers
    if (request.path.startsWith('/token')) {
      const answer = tokenOf(new URL(request.path, registry.url).searchParams, authorization)
      return typeof answer === 'number' ? { status: answer } : { status: 200, body: JSON.stringify(answer) }
    }
    if (authorization?.startsWith('Bearer ') === true) return content(request, response)
    return {
      status: 401,
      headers: { 'www-authenticate': `Bearer realm="${registry.url}/token",service="the registry",error="x"` },
    }
  }

describe('who asks', () => {
  test('nothing is said before it is asked for, and Basic where that is asked for', async () => {
    registry.answers(({ headers }) =>
      headers.authorization === basic
        ? { status: 200 }
        : { status: 401, headers: { 'www-authenticate': 'Basic realm="r"' } },
    )
    using client = registry.client({ credential: ada })
    await client.ping()
    expect(registry.seen.map(({ headers }) => headers.authorization)).toEqual([undefined, basic])
    using wrong = registry.client({ credential: { ...ada, accessSecret: 'wrong' } })
    expect(await codeOf(wrong.ping())).toBe('UNAUTHORIZED')
  })

  test('a registry that asks for nothing in particular is given the password', async () => {
    registry.answers(({ headers }) => ({ status: headers.authorization === basic ? 200 : 401 }))
    using client = registry.client({ credential: ada })
    expect(await codeOf(client.ping())).toBe('none')
  })

  test('without a credential it is enough that one is asked for', async () => {
    registry.answers(() => ({ status: 401, headers: { 'www-authenticate': 'Bearer realm="http://nowhere.invalid/"' } }))
    using client = registry.client()
    await client.ping()
    expect(registry.lines).toEqual(['GET /v2/'])
  })

  test('a token is fetched for what is needed, once, and used again', async () => {
    const asked: string[][] = []
    registry.answers(
      withTokens(
        (query, authorization) => {
          asked.push([query.get('service') ?? '', ...query.getAll('scope'), authorization ?? '-'])
          return { token: 't', expires_in: 300 }
        },
        () => ({ status: 200, headers: { 'content-type': ociManifest }, body: manifestText }),
      ),
    )
    using client = registry.client({ credential: ada })
    for (const tag of ['a', 'b', 'c']) await client.manifests.find('team/app', tag)
    expect(asked).toEqual([['the registry', 'repository:team/app:pull', basic]])
    await client.manifests.find('team/other', 'a')
    expect(asked.at(-1)).toEqual(['the registry', 'repository:team/other:pull', basic])
  })

  test.each([
    ['of the name access_token', { access_token: 't' }, 'none'],
    ['without a name that is known', { jwt: 't' }, 'INVALID_ANSWER'],
    ['that breaks the line of a header', { token: 't\r\nx-evil: 1' }, 'INVALID_ANSWER'],
    ['that the service refuses', 401, 'UNAUTHORIZED'],
    ['that the service forbids', 403, 'UNAUTHORIZED'],
    ['of a service that is not there', 404, 'INVALID_ANSWER'],
    ['of a service that fails', 500, 'UNAVAILABLE'],
    ['of a service that is asked too often', 429, 'RATE_LIMITED'],
  ])('a token %s', async (_what, answer, code) => {
    registry.answers(
      withTokens(
        () => answer,
        () => ({ status: 200 }),
      ),
    )
    using client = registry.client({ credential: ada })
    expect(await codeOf(client.ping())).toBe(code)
  })

  test('a token that ended in the meantime is fetched again', async () => {
    let valid = 0
    registry.answers(
      withTokens(
        () => ({ token: `t${++valid}`, expires_in: 3_000 }),
        ({ headers }) =>
          headers.authorization === `Bearer t${valid}`
            ? { status: 200, headers: { 'content-type': ociManifest }, body: manifestText }
            : { status: 401, headers: { 'www-authenticate': `Bearer realm="${registry.url}/token"` } },
      ),
    )
    using client = registry.client({ credential: ada })
    await client.manifests.find('team/app', 'a')
    valid++
    expect((await client.manifests.find('team/app', 'a'))?.digest).toBe(sha256(manifestText))
  })

  test('a scope that the registry names for the same repository is asked for as well (Azure)', async () => {
    const scopes: string[][] = []
    registry.answers(({ path, headers }) => {
      if (path.startsWith('/token')) {
        scopes.push(new URL(path, registry.url).searchParams.getAll('scope'))
        return { status: 200, body: JSON.stringify({ access_token: scopes.at(-1)!.join(';').replaceAll(' ', '') }) }
      }
      if (headers.authorization?.includes('metadata_read') === true) return { status: 200, body: '{"tags":["a"]}' }
      const scope = 'repository:team/app:metadata_read repository:secret/of-another:pull'
      return {
        status: 401,
        headers: { 'www-authenticate': `Bearer realm="${registry.url}/token",scope="${scope}"` },
      }
    })
    using client = registry.client({ credential: ada })
    expect(await Array.fromAsync(client.lists.walkTags('team/app'))).toEqual(['a'])
    expect(scopes.at(-1)).toEqual(['repository:team/app:pull', 'repository:team/app:metadata_read'])
    expect(scopes.flat().join()).not.toContain('secret')
  })
})

describe('manifests', () => {
  test('every kind is accepted, and what comes is named by its digest', async () => {
    registry.answers(() => ({ status: 200, headers: { 'content-type': `${ociManifest}; a=b` }, body: manifestText }))
    using client = registry.client()
    const found = await client.manifests.find('team/app', 'v1')
    expect(found).toMatchObject({ digest: sha256(manifestText), mediaType: ociManifest, sizeBytes: 19 })
    for (const kind of ['image.index', 'image.manifest', 'distribution.manifest.v2', 'distribution.manifest.list']) {
      expect(registry.seen[0]!.headers.accept).toContain(kind)
    }
    expect(registry.seen[0]!.headers['accept-encoding']).toBe('identity')
  })

  test('one that is not there is undefined, and other refusals have their code', async () => {
    using client = registry.client()
    registry.answers(() => ({ status: 404 }))
    expect(await client.manifests.find('team/app', 'v1')).toBeUndefined()
    expect(await client.manifests.stat('team/app', 'v1')).toBeUndefined()
    for (const [status, code] of [
      [400, 'REFUSED'],
      [401, 'UNAUTHORIZED'],
      [403, 'DENIED'],
      [405, 'UNSUPPORTED'],
      [418, 'REFUSED'],
      [500, 'UNAVAILABLE'],
      [503, 'UNAVAILABLE'],
      [204, 'INVALID_ANSWER'],
    ] as const) {
      registry.answers(() => ({ status }))
      expect(await codeOf(client.manifests.find('team/app', 'v1'))).toBe(code)
    }
  })

  test("HEAD asks for no bytes; where it says no digest, the manifest's own bytes do", async () => {
    using client = registry.client()
    const digest = sha256(manifestText)
    registry.answers(() => ({ status: 200, headers: { 'docker-content-digest': digest, 'content-length': '19' } }))
    expect(await client.manifests.stat('team/app', 'v1')).toMatchObject({ digest, sizeBytes: 19 })
    registry.answers(({ method }) => (method === 'HEAD' ? { status: 200 } : { status: 200, body: manifestText }))
    expect((await client.manifests.stat('team/app', 'v1'))?.digest).toBe(digest)
    expect(registry.lines).toEqual(['HEAD /v2/team/app/manifests/v1', 'GET /v2/team/app/manifests/v1'])
  })

  test('a push says whether the registry knows of subjects', async () => {
    using client = registry.client()
    const bytes = new TextEncoder().encode(manifestText)
    registry.answers(() => ({ status: 201, headers: { 'oci-subject': sha256('x') } }))
    expect(await client.manifests.push('team/app', 'v1', { bytes, mediaType: ociManifest })).toEqual({
      digest: sha256(bytes),
      subjectIsKnown: true,
    })
    expect(registry.seen[0]).toMatchObject({ method: 'PUT', body: Buffer.from(bytes) })
    expect(registry.seen[0]!.headers['content-type']).toBe(ociManifest)
    registry.answers(() => ({ status: 201, headers: { 'docker-content-digest': sha256('what it made of it') } }))
    expect(await codeOf(client.manifests.push('team/app', 'v1', { bytes, mediaType: ociManifest }))).toBe(
      'DIGEST_MISMATCH',
    )
  })

  test.each([
    [202, true],
    [200, true],
    [404, false],
    [405, 'UNSUPPORTED'],
    [400, 'UNSUPPORTED'],
  ] as const)('a delete that is answered %d: %p', async (status, outcome) => {
    registry.answers(() => ({ status }))
    using client = registry.client()
    const deleted = client.manifests.delete('team/app', 'v1')
    if (typeof outcome === 'boolean') expect(await deleted).toBe(outcome)
    else expect(await codeOf(deleted)).toBe(outcome)
  })
})

describe('lists', () => {
  test('pages follow each other by the query of Link, whatever host a proxy makes of it', async () => {
    registry.answers(({ path }) => {
      if (path.endsWith('last=b')) return { status: 200, body: '{"tags":["c"]}' }
      const link = '<http://inside.invalid:5000/v2/team/app/tags/list?n=1000&last=b>; rel="next"'
      return { status: 200, headers: { link }, body: '{"tags":["a","b"]}' }
    })
    using client = registry.client()
    expect(await Array.fromAsync(client.lists.walkTags('team/app'))).toEqual(['a', 'b', 'c'])
    expect(registry.lines.at(-1)).toBe('GET /v2/team/app/tags/list?n=1000&last=b')
  })

  test('a repository without tags has none: null, nothing, or 404', async () => {
    using client = registry.client()
    for (const answer of [
      { status: 200, body: '{"name":"x","tags":null}' },
      { status: 200, body: '{}' },
      { status: 404 },
    ]) {
      registry.answers(() => answer)
      expect(await Array.fromAsync(client.lists.walkTags('team/app'))).toEqual([])
    }
  })

  test('the catalog asks for its own scope', async () => {
    registry.answers(
      withTokens(
        (query) => ({ token: query.get('scope') === 'registry:catalog:*' ? 't' : '' }),
        () => ({ status: 200, body: '{"repositories":["a","b/c"]}' }),
      ),
    )
    using client = registry.client({ credential: ada })
    expect(await Array.fromAsync(client.lists.walkRepositories())).toEqual(['a', 'b/c'])
  })
})

describe('referrers', () => {
  const subject = sha256('subject')
  const one = { mediaType: ociManifest, digest: sha256('1'), size: 1, artifactType: 'text/one' }
  const two = { mediaType: ociManifest, digest: sha256('2'), size: 2, artifactType: 'text/two' }
  const index = (...manifests: object[]) =>
    JSON.stringify({ schemaVersion: 2, mediaType: 'application/vnd.oci.image.index.v1+json', manifests })
  const headers = { 'content-type': 'application/vnd.oci.image.index.v1+json' }

  test("are the registry's list, page after page, filtered also where it does not filter", async () => {
    registry.answers(({ path }) =>
      path.includes('last=')
        ? { status: 200, headers, body: index(two) }
        : { status: 200, headers: { ...headers, link: '<?last=1>; rel="next"' }, body: index(one) },
    )
    using client = registry.client()
    expect(await Array.fromAsync(client.lists.walkReferrers('team/app', subject))).toEqual([one, two])
    const wanted = client.lists.walkReferrers('team/app', subject, { artifactType: 'text/two' })
    expect(await Array.fromAsync(wanted)).toEqual([two])
  })

  test.each([
    ['404', { status: 404 }],
    ['405', { status: 405 }],
    ['a page for people', { status: 200, headers: { 'content-type': 'text/html' }, body: '{}' }],
  ])('are read from the fallback tag where the list answers %s', async (_what, answer) => {
    const tag = `/v2/team/app/manifests/${subject.replace(':', '-')}`
    registry.answers(({ path }) => (path === tag ? { status: 200, headers, body: index(one, two) } : answer))
    using client = registry.client()
    expect(await Array.fromAsync(client.lists.walkReferrers('team/app', subject))).toEqual([one, two])
    registry.answers(() => ({ ...answer, status: answer.status === 200 ? 404 : answer.status }))
    if (answer.status !== 405)
      expect(await Array.fromAsync(client.lists.walkReferrers('team/app', subject))).toEqual([])
  })
})

describe('what passes is tried again', () => {
  test.each([500, 502, 503, 504])('%d, a few times', async (status) => {
    let failures = 2
    registry.answers(() => (failures-- > 0 ? { status } : { status: 200, body: manifestText }))
    using client = registry.client()
    expect((await client.manifests.find('team/app', 'v1'))?.digest).toBe(sha256(manifestText))
    registry.answers(() => ({ status }))
    expect(await codeOf(client.manifests.find('team/app', 'v1'))).toBe('UNAVAILABLE')
    expect(registry.seen.length).toBe(4)
  })

  test('not what will not change', async () => {
    registry.answers(() => ({ status: 403 }))
    using client = registry.client()
    expect(await codeOf(client.manifests.find('team/app', 'v1'))).toBe('DENIED')
    expect(registry.seen.length).toBe(1)
  })

  test('after as long as Retry-After says, within the budget', async () => {
    const slept: number[] = []
    const sleep = async (ms: number) => void slept.push(ms)
    let failures = 1
    registry.answers(() =>
      failures-- > 0 ? { status: 429, headers: { 'retry-after': '7' } } : { status: 200, body: manifestText },
    )
    using client = registry.client({}, { sleep })
    await client.manifests.find('team/app', 'v1')
    expect(slept).toEqual([7_000])
    registry.answers(() => ({
      status: 429,
      headers: { 'retry-after': '3600' },
      body: '{"errors":[{"code":"TOOMANYREQUESTS","message":"pull rate limit"}]}',
    }))
    const failure = await failureOf(client.manifests.find('team/app', 'v1'))
    expect(failure).toMatchObject({ code: 'RATE_LIMITED', retryAfterMs: 3_600_000, remoteCode: 'TOOMANYREQUESTS' })
    expect(registry.seen.length).toBe(1)
  })

  test('pauses grow and are never longer than their budget', async () => {
    const slept: number[] = []
    registry.answers(() => ({ status: 503 }))
    const retries = { attempts: 20, firstPauseMs: 100, maxPauseMs: 1_000, budgetMs: 2_500 }
    using client = registry.client({}, { sleep: async (ms) => void slept.push(ms), retries })
    expect(await codeOf(client.manifests.find('team/app', 'v1'))).toBe('UNAVAILABLE')
    expect(slept[3]!).toBeGreaterThan(slept[0]!)
    expect(slept.reduce((sum, ms) => sum + ms, 0)).toBeLessThanOrEqual(2_500)
  })

  test('how often it may be asked is known from its headers (Docker Hub)', async () => {
    registry.answers(() => ({
      status: 200,
      headers: { 'ratelimit-limit': '100;w=21600', 'ratelimit-remaining': '76;w=21600' },
      body: manifestText,
    }))
    using client = registry.client()
    expect(client.rateLimit).toBeUndefined()
    await client.manifests.find('team/app', 'v1')
    expect(client.rateLimit).toEqual({ limit: 100, remaining: 76, windowSeconds: 21_600 })
  })
})

test('requests one after another share connections: HEAD, whole bodies, refusals', async () => {
  await using fresh = await ScriptedRegistry.start()
  fresh.answers(({ method, path }) => {
    if (path.endsWith('/gone')) return { status: 404, headers: { 'content-length': '0' } }
    const headers = { 'docker-content-digest': sha256(manifestText), 'content-length': String(manifestText.length) }
    return { status: 200, headers, ...(method === 'HEAD' ? {} : { body: manifestText }) }
  })
  using client = fresh.client()
  for (let round = 0; round < 5; round++) {
    await client.manifests.stat('team/app', 'v1')
    await client.manifests.find('team/app', 'v1')
    expect(await client.manifests.find('team/app', 'gone')).toBeUndefined()
    const blob = await client.blobs.open('team/app', sha256(manifestText))
    await readAll(blob!.bytes)
  }
  expect(fresh.seen.length).toBe(20)
  // A connection is free again a turn after its answer, when the next request may have opened another.
  expect(fresh.connections).toBeLessThanOrEqual(2)
})
