import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { createHash } from 'node:crypto'
import { parseDigest } from '#contract/digest.ts'
import { codeOf, ScriptedRegistry, type ScriptedAnswer, type SeenRequest } from './scripted-registry-for-test.ts'

const bytes = Buffer.from(Array.from({ length: 250_000 }, (_, at) => (at * 11 + (at >> 7)) & 255))
const digest = parseDigest(`sha256:${createHash('sha256').update(bytes).digest('hex')}`)
const chunkBytes = 100_000

let registry: ScriptedRegistry
beforeAll(async () => {
  registry = await ScriptedRegistry.start()
})
afterAll(() => registry[Symbol.asyncDispose]())

const open = async (start: number) => new Blob([bytes.subarray(start)]).stream() as AsyncIterable<Uint8Array>
const blob = { digest, sizeBytes: bytes.byteLength, open }

/** A registry with one upload at a time. `before` may answer instead of it. */
class Uploading {
  received = Buffer.alloc(0)
  pushed: Buffer | undefined
  sessions = 0
  headers: Record<string, string> = {}

  answer(request: SeenRequest): ScriptedAnswer {
    const { method, path } = request
    const state = `${this.sessions}.${this.received.byteLength}`
    if (method === 'POST') {
      this.sessions++
      this.received = Buffer.alloc(0)
      return { status: 202, headers: { ...this.headers, location: this.#location() } }
    }
    if (!path.includes(`_state=${state}`)) return { status: 404 }
    if (method === 'GET') {
      const range = `0-${Math.max(0, this.received.byteLength - 1)}`
      return { status: 204, headers: { ...this.headers, location: this.#location(), range } }
    }
    if (method === 'PATCH') {
      const range = request.headers['content-range']
      if (range !== undefined && !range.startsWith(`${this.received.byteLength}-`)) return { status: 416 }
      this.take(request.body)
      return {
        status: 202,
        headers: { ...this.headers, location: this.#location(), range: `0-${this.received.byteLength - 1}` },
      }
    }
    if (!path.includes(`digest=${encodeURIComponent(digest)}`)) return { status: 400 }
    this.pushed = this.received
    return { status: 201, headers: { location: `/v2/team/app/blobs/${digest}` } }
  }

  take(more: Uint8Array): void {
    this.received = Buffer.concat([this.received, more])
  }

  /** Relative or absolute, as registries have it. */
  #location(): string {
    const path = `/v2/team/app/blobs/uploads/u?_state=${this.sessions}.${this.received.byteLength}`
    return this.sessions % 2 === 0 ? path : `${registry.url}${path}`
  }
}

const client = () => registry.client({}, { uploads: { chunkBytes } })

describe('a push of a blob', () => {
  test('goes in chunks, each where the registry says, with what it wrote into the address', async () => {
    const there = new Uploading()
    registry.answers((request) => there.answer(request))
    using remote = client()
    expect(await remote.uploads.push('team/app', blob)).toBe('pushed')
    expect(Buffer.compare(there.pushed!, bytes)).toBe(0)
    const ranges = registry.seen
      .filter(({ method }) => method === 'PATCH')
      .map(({ headers }) => headers['content-range'])
    expect(ranges).toEqual(['0-99999', '100000-199999', '200000-249999'])
  })

  test('in one piece where it fits, as docker pushes', async () => {
    const there = new Uploading()
    registry.answers((request) => there.answer(request))
    using remote = registry.client()
    await remote.uploads.push('team/app', blob)
    expect(registry.seen.map(({ method }) => method)).toEqual(['POST', 'PATCH', 'PUT'])
    expect(registry.seen[1]!.headers).toMatchObject({ 'content-length': '250000' })
    expect(registry.seen[1]!.headers['content-range']).toBeUndefined()
  })

  test('makes chunks as large as the registry wants them at the least', async () => {
    const there = new Uploading()
    there.headers = { 'oci-chunk-min-length': '200000' }
    registry.answers((request) => there.answer(request))
    using remote = client()
    await remote.uploads.push('team/app', blob)
    expect(registry.seen.filter(({ method }) => method === 'PATCH').map(({ body }) => body.byteLength)).toEqual([
      200_000, 50_000,
    ])
  })

  test('an empty blob needs no chunk', async () => {
    registry.answers(({ method }) =>
      method === 'POST' ? { status: 202, headers: { location: '/v2/team/app/blobs/uploads/u' } } : { status: 201 },
    )
    using remote = client()
    const empty = parseDigest(`sha256:${createHash('sha256').digest('hex')}`)
    expect(await remote.uploads.push('team/app', { digest: empty, sizeBytes: 0, open })).toBe('pushed')
    expect(registry.lines).toEqual([
      'POST /v2/team/app/blobs/uploads/',
      `PUT /v2/team/app/blobs/uploads/u?digest=${encodeURIComponent(empty)}`,
    ])
  })

  test('a chunk that breaks off is gone on with where the registry stopped', async () => {
    const there = new Uploading()
    const opened: number[] = []
    let broken = false
    registry.answers((request, response) => {
      if (request.method === 'PATCH' && !broken && there.received.byteLength === chunkBytes) {
        broken = true
        there.take(request.body.subarray(0, 40_000))
        // The place where it goes on is asked for under the address that was told last.
        registry.seen.at(-1)!
        response.destroy()
        return undefined
      }
      if (request.method === 'GET') {
        const path = `/v2/team/app/blobs/uploads/u?_state=${there.sessions}.${there.received.byteLength}`
        return { status: 204, headers: { location: path, range: `0-${there.received.byteLength - 1}` } }
      }
      return there.answer(request)
    })
    using remote = client()
    const from = async (start: number) => {
      opened.push(start)
      return await open(start)
    }
    expect(await remote.uploads.push('team/app', { ...blob, open: from })).toBe('pushed')
    expect(Buffer.compare(there.pushed!, bytes)).toBe(0)
    expect(opened).toEqual([0, 140_000])
    expect(there.sessions).toBe(1)
  })

  test.each([
    ['that the registry forgot', 404],
    ['that the registry has otherwise', 416],
  ])('an upload %s begins anew', async (_what, status) => {
    const there = new Uploading()
    registry.answers((request) => {
      const forgets = request.method === 'PATCH' && there.sessions === 1 && there.received.byteLength > 0
      if (forgets || (request.method === 'GET' && there.sessions === 1)) return { status: forgets ? status : 404 }
      return there.answer(request)
    })
    using remote = client()
    expect(await remote.uploads.push('team/app', blob)).toBe('pushed')
    expect(Buffer.compare(there.pushed!, bytes)).toBe(0)
    expect(there.sessions).toBe(2)
  })

  test('a registry that forgets every upload is given up', async () => {
    const there = new Uploading()
    registry.answers((request) => (request.method === 'POST' ? there.answer(request) : { status: 404 }))
    using remote = client()
    expect(await codeOf(remote.uploads.push('team/app', blob))).toBe('CUT')
    expect(there.sessions).toBeLessThan(6)
  })

  test('a refused digest is no push', async () => {
    registry.answers(({ method }) =>
      method === 'PUT'
        ? { status: 400, body: '{"errors":[{"code":"DIGEST_INVALID","message":"no"}]}' }
        : { status: 202, headers: { location: '/v2/team/app/blobs/uploads/u' } },
    )
    using remote = client()
    expect(await codeOf(remote.uploads.push('team/app', blob))).toBe('REFUSED')
  })

  test('a source that ends early pushes nothing', async () => {
    const there = new Uploading()
    registry.answers((request) => there.answer(request))
    using remote = client()
    const short = async (start: number) =>
      new Blob([bytes.subarray(start, 120_000)]).stream() as AsyncIterable<Uint8Array>
    expect(await codeOf(remote.uploads.push('team/app', { ...blob, open: short }))).toBe('DIGEST_MISMATCH')
    expect(there.pushed).toBeUndefined()
  })

  test('Docker-Upload-UUID is enough where there is no Location (Artifactory)', async () => {
    registry.answers(({ method }) => ({
      status: method === 'PUT' ? 201 : 202,
      headers: { 'docker-upload-uuid': 'ab-1' },
    }))
    using remote = client()
    await remote.uploads.push('team/app', blob)
    expect(registry.lines.at(-1)).toBe(`PUT /v2/team/app/blobs/uploads/ab-1?digest=${encodeURIComponent(digest)}`)
    registry.answers(() => ({ status: 202, headers: { 'docker-upload-uuid': '../../../admin' } }))
    expect(await codeOf(remote.uploads.push('team/app', blob))).toBe('INVALID_ANSWER')
  })
})

describe('a mount', () => {
  test('spares the bytes where the registry has the blob', async () => {
    registry.answers(() => ({ status: 201, headers: { location: '/v2/team/app/blobs/x' } }))
    using remote = client()
    expect(await remote.uploads.push('team/app', { ...blob, mountFrom: 'team/base' })).toBe('mounted')
    expect(registry.lines).toEqual([
      `POST /v2/team/app/blobs/uploads/?mount=${encodeURIComponent(digest)}&from=team%2Fbase`,
    ])
  })

  test('that is answered with an upload goes on as one, in the same session', async () => {
    const there = new Uploading()
    registry.answers((request) => there.answer(request))
    using remote = client()
    expect(await remote.uploads.push('team/app', { ...blob, mountFrom: 'team/base' })).toBe('pushed')
    expect(there.sessions).toBe(1)
  })

  test('asks for a token that may push here and pull there', async () => {
    let scopes: string[] = []
    registry.answers(({ path, headers }) => {
      if (path.startsWith('/token')) {
        scopes = new URL(path, registry.url).searchParams.getAll('scope')
        return { status: 200, body: '{"token":"t"}' }
      }
      if (headers.authorization === 'Bearer t') return { status: 201 }
      return { status: 401, headers: { 'www-authenticate': `Bearer realm="${registry.url}/token"` } }
    })
    using remote = client()
    expect(await remote.uploads.push('team/app', { ...blob, mountFrom: 'team/base' })).toBe('mounted')
    expect(scopes).toEqual(['repository:team/app:pull,push', 'repository:team/base:pull'])
  })
})

test('an upload that goes on elsewhere takes no credential along', async () => {
  await using elsewhere = await ScriptedRegistry.start()
  elsewhere.answers(({ method }) => ({
    status: method === 'PUT' ? 201 : 202,
    headers: { location: `${elsewhere.url}/upload?part=2` },
  }))
  const basic = `Basic ${Buffer.from('ada:secret').toString('base64')}`
  registry.answers(({ headers }) =>
    headers.authorization === basic
      ? { status: 202, headers: { location: `${elsewhere.url}/upload?part=1` } }
      : { status: 401, headers: { 'www-authenticate': 'Basic realm="r"' } },
  )
  using remote = registry.client({ credential: { accessKey: 'ada', accessSecret: 'secret' } })
  await remote.uploads.push('team/app', blob)
  expect(elsewhere.lines).toEqual(['PATCH /upload?part=1', `PUT /upload?part=2&digest=${encodeURIComponent(digest)}`])
  expect(elsewhere.seen.map(({ headers }) => headers.authorization)).toEqual([undefined, undefined])
})
