import { expect, test } from 'bun:test'
import { connect } from 'node:net'
import { describeControlledScenario, type ControlledRegistry } from '../harness/scenario.ts'

/** Byte by byte, since fetch lets nobody choose Host and Origin. */
async function ask(
  registry: ControlledRegistry,
  head: string,
  headers: Readonly<Record<string, string>>,
  body = '',
): Promise<{ status: number; answer: string }> {
  const { hostname, port } = new URL(registry.url)
  const lines = Object.entries({ host: registry.host, connection: 'close', ...headers }).map((each) => each.join(': '))
  const length = body === '' ? [] : [`content-length: ${Buffer.byteLength(body)}`]
  const answer = await new Promise<string>((resolve, reject) => {
    const request = [`${head} HTTP/1.1`, ...lines, ...length, '', body].join('\r\n')
    const socket = connect(Number(port), hostname, () => socket.write(request))
    let received = ''
    socket.setTimeout(10_000, () => socket.destroy(new Error('no answer')))
    socket.on('data', (bytes) => (received += bytes.toString('latin1')))
    socket.on('error', reject)
    socket.on('close', () => resolve(received))
  })
  return { status: Number(answer.split(' ', 2)[1]), answer }
}

const json = { 'content-type': 'application/json' }
const digest = 'sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'

/** What a page would like to have done: each changes or reads something. */
const wishes: readonly (readonly [head: string, headers: Record<string, string>, body: string])[] = [
  ['POST /api/v2.0/projects', json, '{"project_name":"forged"}'],
  ['POST /api/v2.0/users', json, '{"username":"eve","password":"Passw0rd1","email":"e@e.example","realname":"eve"}'],
  ['PUT /api/v2.0/users/1/password', json, '{"new_password":"Another12345"}'],
  ['PUT /api/v2.0/users/1/sysadmin', json, '{"sysadmin_flag":false}'],
  ['POST /api/v2.0/system/gc/schedule', json, '{"schedule":{"type":"Manual"}}'],
  ['DELETE /api/v2.0/projects/library', {}, ''],
  ['GET /api/v2.0/users', {}, ''],
  ['GET /api/v2.0/configurations', {}, ''],
  ['GET /v2/_catalog', {}, ''],
  [`POST /v2/library/forged/blobs/uploads/?digest=${digest}`, { 'content-length': '0' }, ''],
  ['POST /v2/library/forged/blobs/uploads/', { 'content-length': '0' }, ''],
  [`PUT /v2/library/forged/manifests/v1`, json, '{}'],
  [`DELETE /v2/library/forged/manifests/${digest}`, {}, ''],
  ['GET /c/log_out', {}, ''],
  ['GET /c/session', {}, ''],
  ['GET /service/token?service=harbor-registry&scope=registry:catalog:*', {}, ''],
]

const otherPages: readonly Record<string, string>[] = [
  { origin: 'https://evil.example' },
  { origin: 'null' },
  { origin: 'http://localhost:3000', 'sec-fetch-site': 'same-site' },
  { 'sec-fetch-site': 'cross-site' },
  { referer: 'https://evil.example/' },
]

describeControlledScenario(
  'a registry that was started open',
  (registry) => {
    const state = async () =>
      JSON.stringify(
        await Promise.all(
          ['/api/v2.0/projects', '/api/v2.0/users', '/v2/_catalog'].map(async (path) =>
            (await fetch(`${registry().url}${path}`)).json(),
          ),
        ),
      )

    test('does nothing for a page of another site, at any door', async () => {
      const before = await state()
      for (const [head, headers, body] of wishes)
        for (const page of otherPages) {
          const { status } = await ask(registry(), head, { ...headers, ...page }, body)
          expect({ head, page, status }).toEqual({ head, page, status: 403 })
        }
      expect(await state()).toBe(before)
    })

    test.each(['evil.example', 'localhost.evil.example:80', '127.0.0.1.nip.io', '203.0.113.7:8080', 'registry.local'])(
      'shows and does nothing under the name %s, which somebody may have pointed at this machine',
      async (name) => {
        const before = await state()
        for (const [head, headers, body] of wishes) {
          const { status, answer } = await ask(registry(), head, { ...headers, host: name }, body)
          expect({ head, status }).toEqual({ head, status: 421 })
          expect(answer).not.toContain('"username"')
        }
        for (const path of ['/', '/projects', '/api/version'])
          expect((await ask(registry(), `GET ${path}`, { host: name })).status).toBe(421)
        expect(await state()).toBe(before)
      },
    )

    test('serves programs, its own pages, and the names that the operator chose', async () => {
      const own = [{}, { 'sec-fetch-site': 'same-origin', origin: registry().url }, { 'sec-fetch-site': 'none' }]
      for (const headers of own) expect((await ask(registry(), 'GET /api/v2.0/users', headers)).status).toBe(200)
      for (const host of ['localhost', 'registry.lan:5000'])
        expect((await ask(registry(), 'GET /v2/', { host })).status).toBe(200)
      for (const path of ['/health', '/ready', '/metrics'])
        expect((await ask(registry(), `GET ${path}`, { host: '10.0.0.5' })).status).toBe(200)
    })
  },
  { flags: ['--open'], env: { BERTH_HOSTNAME: 'registry.lan' } },
)
