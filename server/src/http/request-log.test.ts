import { describe, expect, test } from 'bun:test'
import type { Actor } from '../domain/access/actor.ts'
import { createLogging, type LogChoice } from '../logging.ts'
import { operationOf } from './operation.ts'
import { composeRequestLog } from './request-log.ts'
import type { Exchange, Route } from './router.ts'

const upload = '0b3e4d1c-7c5c-4f2a-9a55-5a3f0f4a9f10'

function exchange(facts: Partial<Exchange> & { url?: string; init?: RequestInit } = {}): Exchange {
  const request = new Request(facts.url ?? 'http://registry/v2/library/app/manifests/v1', facts.init)
  const actor: Actor = { kind: 'user', id: 3, username: 'alice', admin: false }
  return {
    method: request.method,
    agent: request.headers.get('user-agent'),
    route: 'oci',
    path: new URL(request.url).pathname,
    kind: 'manifest-get',
    operation: 'manifest-get',
    clientAddress: '192.0.2.1',
    requestId: 'id-1',
    actor,
    status: 200,
    ...{ bytesAnnounced: 528, answeredMs: 5, durationMs: 5, bytesIn: 0, bytesOut: 528, aborted: false },
    ...facts,
  }
}

const logged = (level: 'debug' | 'info' | 'error', ...exchanges: Exchange[]) =>
  loggedAt({ level, requests: 'all' }, ...exchanges)

function loggedAt(choice: LogChoice, ...exchanges: Exchange[]): string[] {
  let text = ''
  const sink = { write: (line: string) => void (text += line), flush() {}, close: async () => {} }
  const log = composeRequestLog(createLogging({ ...choice, format: 'json' }, sink))
  for (const each of exchanges) log(each)
  return text.split('\n').filter(Boolean)
}

describe('the line of a request', () => {
  test('says who did what, with which outcome, how long it took and how much it moved', () => {
    const [line] = logged('info', exchange({ init: { headers: { 'user-agent': 'docker/27' } } }))
    expect(JSON.parse(line!)).toEqual({
      level: 'info',
      time: expect.any(String),
      message: 'request',
      method: 'GET',
      operation: 'manifest-get',
      path: '/v2/library/app/manifests/v1',
      status: 200,
      ms: 5,
      bytesOut: 528,
      actor: 'alice',
      client: '192.0.2.1',
      requestId: 'id-1',
      agent: 'docker/27',
    })
  })

  test('names no credential: neither headers, nor a query, nor the whole id of an upload', () => {
    const headers = { authorization: 'Basic YWxpY2U6aHVudGVyMg==', cookie: 'sid=hunter2' }
    const lines = logged(
      'debug',
      exchange({ init: { headers }, url: `http://r/v2/library/app/blobs/uploads/${upload}?_state=hunter2` }),
      exchange({ init: { headers }, url: 'http://r/service/token?account=a&password=hunter2', route: 'token' }),
    )
    expect(lines).toHaveLength(2)
    expect(lines.join()).not.toMatch(/hunter2|YWxpY2U6|_state|account/)
    expect(lines.join()).not.toContain(upload)
    expect(lines[0]).toContain('/blobs/uploads/0b3e4d1c…')
  })

  test('says why a request was refused', () => {
    const failure = { code: 'UNAVAILABLE', message: 'the bytes of "sha256:905c" are missing' }
    const line = JSON.parse(logged('info', exchange({ failure }))[0]!)
    expect(line).toMatchObject({ errorCode: 'UNAVAILABLE', error: failure.message })
    expect(JSON.parse(logged('info', exchange())[0]!)).not.toHaveProperty('errorCode')
  })

  test('is one line of valid JSON, whatever the client wrote', () => {
    const lines = logged(
      'info',
      exchange({
        path: '/v2/a\r\nforged/"x\\/\u2028',
        clientAddress: '"\n',
        actor: { kind: 'user', id: 1, username: 'eve"\n{}', admin: false },
        init: { headers: { 'user-agent': `${'a'.repeat(9000)}"\\` } },
      }),
    )
    expect(lines).toHaveLength(1)
    expect(lines[0]!.length).toBeLessThan(2000)
    expect(JSON.parse(lines[0]!)).toMatchObject({ actor: 'eve"\n{}' })
  })

  test('of an answer that was broken off says so, and claims no bytes that nobody counted', () => {
    const lines = logged(
      'info',
      exchange({ aborted: true, durationMs: 300, bytesOut: undefined }),
      exchange({ aborted: true, durationMs: 300, bytesOut: 17 }),
    ).map((line) => JSON.parse(line))
    expect(lines[0]).toMatchObject({ aborted: true, ms: 300, answeredMs: 5, bytesAnnounced: 528 })
    expect(lines[0]).not.toHaveProperty('bytesOut')
    expect(lines[1]).toMatchObject({ aborted: true, bytesOut: 17 })
  })

  test('names project and repository where the path was understood', () => {
    const place = { project: 'library', repository: 'library/app' }
    expect(JSON.parse(logged('info', exchange({ place }))[0]!)).toMatchObject(place)
    expect(JSON.parse(logged('info', exchange())[0]!)).not.toHaveProperty('project')
  })

  test('is written for the requests that log.requests names', () => {
    const exchanges = [200, 401, 404, 501, 403, 429, 500].map((status) => exchange({ status }))
    const statuses = (requests: LogChoice['requests']) =>
      loggedAt({ level: 'info', requests }, ...exchanges, exchange({ status: 206, aborted: true })).map(
        (line) => JSON.parse(line).status,
      )
    expect(statuses('errors')).toEqual([403, 429, 500, 206])
    expect(statuses('off')).toEqual([])
    expect(statuses('all')).toHaveLength(8)
  })

  test('is written at info for clients, at error for failures, at debug for probes', () => {
    const probe = exchange({ route: 'ready', path: '/ready' })
    const failure = exchange({ status: 500 })
    expect(logged('info', exchange(), probe, failure)).toHaveLength(2)
    expect(logged('debug', exchange(), probe, failure)).toHaveLength(3)
    expect(logged('error', exchange(), probe, failure)).toHaveLength(1)
    expect(JSON.parse(logged('error', failure)[0]!)).toMatchObject({ level: 'error', status: 500 })
  })
})

describe('the operation', () => {
  test('of a method that is no verb of the protocol is other, even when it is a name every object has', () => {
    expect(operationOf('constructor', 'oci', '/v2/a/manifests/x')).toBe('oci-other')
  })

  const cases: [method: string, path: string, operation: string, route?: Route][] = [
    ['GET', '/v2/', 'base'],
    ['GET', '/v2/a/b/c/manifests/latest', 'manifest-get'],
    ['PUT', '/v2/a/manifests/latest', 'manifest-put'],
    ['HEAD', '/v2/a/blobs/sha256:00', 'blob-head'],
    ['POST', '/v2/a/blobs/uploads/', 'upload-start'],
    ['POST', '/v2/a/blobs/uploads', 'upload-start'],
    ['PATCH', `/v2/a/blobs/uploads/${upload}`, 'upload-append'],
    ['PUT', `/v2/a/blobs/uploads/${upload}`, 'upload-commit'],
    ['GET', '/v2/a/tags/list', 'tags'],
    ['GET', '/v2/a/referrers/sha256:00', 'referrers'],
    ['GET', '/v2/_catalog', 'catalog'],
    ['PURGE', '/v2/a/manifests/x', 'oci-other'],
    ['GET', '/v2/a/b', 'oci-other'],
    ['GET', '/service/token', 'token', 'token'],
  ]
  for (const [method, path, operation, route = 'oci'] of cases) {
    test(`of ${method} ${path} is ${operation}`, () => {
      expect<string>(operationOf(method, route, path)).toBe(operation)
    })
  }
})
