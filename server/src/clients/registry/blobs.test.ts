import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { createHash } from 'node:crypto'
import { parseDigest } from '#contract/digest.ts'
import { codeOf, readAll, ScriptedRegistry, type SeenRequest } from './scripted-registry-for-test.ts'

const bytes = Buffer.from(Array.from({ length: 1_000_000 }, (_, at) => (at * 7 + (at >> 8)) & 255))
const digest = parseDigest(`sha256:${createHash('sha256').update(bytes).digest('hex')}`)

let registry: ScriptedRegistry
beforeAll(async () => {
  registry = await ScriptedRegistry.start()
})
afterAll(() => registry[Symbol.asyncDispose]())

const rangeOf = ({ headers }: SeenRequest) => {
  const match = /^bytes=(\d+)-(\d*)$/.exec(headers.range ?? '')
  return match === null ? undefined : { start: Number(match[1]), end: match[2] === '' ? undefined : Number(match[2]) }
}

/** Answers a request as a registry that knows Range, or one that does not. */
const give = (request: SeenRequest, knowsRanges = true) => {
  const range = knowsRanges ? rangeOf(request) : undefined
  if (range === undefined) return { status: 200, headers: { 'content-length': String(bytes.byteLength) }, body: bytes }
  const end = Math.min(range.end ?? Infinity, bytes.byteLength - 1)
  return {
    status: 206,
    headers: { 'content-range': `bytes ${range.start}-${end}/${bytes.byteLength}` },
    body: bytes.subarray(range.start, end + 1),
  }
}

describe('a blob', () => {
  test('is read once, with its size, and compared with its digest', async () => {
    registry.answers((request) => give(request))
    using client = registry.client()
    const blob = await client.blobs.open('team/app', digest, { sizeBytes: bytes.byteLength })
    expect(blob?.sizeBytes).toBe(bytes.byteLength)
    expect(Buffer.compare(await readAll(blob!.bytes), bytes)).toBe(0)
    expect(registry.lines).toEqual([`GET /v2/team/app/blobs/${digest}`])
  })

  test('that is not there is undefined', async () => {
    registry.answers(() => ({ status: 404 }))
    using client = registry.client()
    expect(await client.blobs.open('team/app', digest)).toBeUndefined()
    expect(await client.blobs.stat('team/app', digest)).toBeUndefined()
    expect(await client.blobs.delete('team/app', digest)).toBe(false)
  })

  test('has its size by HEAD, or by one byte where HEAD is not known', async () => {
    using client = registry.client()
    registry.answers(() => ({ status: 200, headers: { 'content-length': '1000000' } }))
    expect(await client.blobs.stat('team/app', digest)).toBe(1_000_000)
    registry.answers((request) => (request.method === 'HEAD' ? { status: 405 } : give(request)))
    expect(await client.blobs.stat('team/app', digest)).toBe(1_000_000)
    expect(registry.seen.at(-1)!.headers.range).toBe('bytes=0-0')
  })

  test.each([
    ['a registry that knows ranges', true],
    ['one that answers a range with the whole', false],
  ])('part of it comes from %s', async (_what, knowsRanges) => {
    registry.answers((request) => give(request, knowsRanges))
    using client = registry.client()
    const part = await client.blobs.open('team/app', digest, { range: { start: 1_000, end: 1_999 } })
    expect(part?.sizeBytes).toBe(1_000)
    expect(Buffer.compare(await readAll(part!.bytes), bytes.subarray(1_000, 2_000))).toBe(0)
    const last = await client.blobs.open('team/app', digest, { range: { start: 999_000, end: 5_000_000 } })
    expect(Buffer.compare(await readAll(last!.bytes), bytes.subarray(999_000))).toBe(0)
  })

  test.each([
    ['a registry that knows ranges', true],
    ['one that begins again', false],
  ])('that breaks off is gone on with: %s', async (_what, knowsRanges) => {
    let cuts = 0
    registry.answers((request, response) => {
      const answer = give(request, knowsRanges)
      if (cuts++ >= 3) return answer
      response.writeHead(answer.status, {
        ...('headers' in answer ? answer.headers : {}),
        'content-length': String(answer.body.byteLength),
      })
      response.write(answer.body.subarray(0, 300_000 * cuts), () => response.destroy())
      return undefined
    })
    using client = registry.client()
    const blob = await client.blobs.open('team/app', digest)
    expect(Buffer.compare(await readAll(blob!.bytes), bytes)).toBe(0)
    if (knowsRanges) expect(registry.seen.map(rangeOf)[1]!.start).toBeGreaterThan(0)
  })

  test('that breaks off again and again without a byte is given up', async () => {
    registry.answers((_request, response) => {
      response.writeHead(200, { 'content-length': String(bytes.byteLength) })
      response.write('x', () => response.destroy())
      return undefined
    })
    using client = registry.client()
    const blob = await client.blobs.open('team/app', digest)
    expect(await codeOf(readAll(blob!.bytes))).toBe('CUT')
    expect(registry.seen.length).toBeLessThan(10)
  })

  test('that goes away meanwhile, or answers another part, is no blob', async () => {
    using client = registry.client()
    for (const [second, code] of [
      [{ status: 404 }, 'UNKNOWN'],
      [{ status: 206, headers: { 'content-range': 'bytes 0-9/1000000' }, body: '0123456789' }, 'INVALID_ANSWER'],
    ] as const) {
      registry.answers((_request, response) => {
        if (registry.seen.length > 1) return second
        response.writeHead(200, { 'content-length': String(bytes.byteLength) })
        response.write(bytes.subarray(0, 500_000), () => response.destroy())
        return undefined
      })
      const blob = await client.blobs.open('team/app', digest)
      expect(await codeOf(readAll(blob!.bytes))).toBe(code)
    }
  })

  test('is not read further than somebody wants it', async () => {
    registry.answers((request) => give(request))
    using client = registry.client()
    const blob = await client.blobs.open('team/app', digest)
    const reader = blob!.bytes.getReader()
    await reader.read()
    await reader.cancel()
    // The client is as good as before.
    expect(await client.blobs.stat('team/app', digest)).toBe(1_000_000)
  })

  test('follows to object storage without the credential, with its range', async () => {
    await using storage = await ScriptedRegistry.start()
    storage.answers((request) => give(request))
    const basic = `Basic ${Buffer.from('ada:secret').toString('base64')}`
    registry.answers(({ headers }) => {
      if (headers.authorization !== basic) return { status: 401, headers: { 'www-authenticate': 'Basic realm="r"' } }
      return { status: 307, headers: { location: `http://eve:pw@${storage.host}/bucket/key?signature=s` } }
    })
    using client = registry.client({ credential: { accessKey: 'ada', accessSecret: 'secret' } })
    const part = await client.blobs.open('team/app', digest, { range: { start: 5, end: 9 } })
    expect(Buffer.compare(await readAll(part!.bytes), bytes.subarray(5, 10))).toBe(0)
    expect(storage.lines).toEqual(['GET /bucket/key?signature=s'])
    expect(storage.seen[0]!.headers).toMatchObject({ range: 'bytes=5-9' })
    expect(storage.seen[0]!.headers.authorization).toBeUndefined()
  })

  test('ends with the signal of whoever asked', async () => {
    using client = registry.client()
    const stop = new AbortController()
    registry.answers((_request, response) => {
      response.writeHead(200, { 'content-length': String(bytes.byteLength) })
      response.write(bytes.subarray(0, 1_000))
      return undefined
    })
    const blob = await client.blobs.open('team/app', digest, { signal: stop.signal })
    const reading = codeOf(readAll(blob!.bytes))
    stop.abort(new Error('no longer wanted'))
    expect(await reading).toBe('Error: no longer wanted')
    expect(await codeOf(client.blobs.open('team/app', digest, { signal: stop.signal }))).toBe('Error: no longer wanted')
  })
})
