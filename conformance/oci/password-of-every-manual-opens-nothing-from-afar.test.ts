import { expect, test } from 'bun:test'
import { connect } from 'node:net'
import { networkInterfaces } from 'node:os'
import { describeControlledScenario, type ControlledRegistry } from '../harness/scenario.ts'
import { skipLoudly } from '../harness/real-client.ts'
import { startRegistry } from '../harness/registry.ts'

const known = 'Harbor12345'
const basicOf = (password: string): string => `Basic ${btoa(`admin:${password}`)}`

interface Ask {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  /** Where to connect to; default: the loopback address. */
  readonly through?: string
}

/** Byte by byte, since fetch lets nobody choose the Host. */
async function ask(
  registry: ControlledRegistry,
  path: string,
  { method = 'GET', headers = {}, body = '', through }: Ask,
) {
  const { hostname, port } = new URL(registry.url)
  const all = {
    host: registry.host,
    'content-length': String(Buffer.byteLength(body)),
    ...headers,
  }
  const lines = Object.entries(all).map((each) => each.join(': '))
  const answer = await new Promise<string>((resolve, reject) => {
    const socket = connect(Number(port), through ?? hostname, () =>
      socket.write([`${method} ${path} HTTP/1.1`, ...lines, '', body].join('\r\n')),
    )
    let received = ''
    socket.setTimeout(10_000, () => socket.destroy(new Error('no answer')))
    socket.on('data', (bytes) => {
      received += bytes.toString('latin1')
      if (isWhole(received)) socket.end()
    })
    socket.on('error', reject)
    socket.on('close', () => resolve(received))
  })
  return { status: Number(answer.split(' ', 2)[1]), answer }
}

/** An answer has come to its end: the connection stays open behind it. */
function isWhole(received: string): boolean {
  const [head = '', body] = received.split('\r\n\r\n', 2)
  if (body === undefined) return false
  const length = /^content-length: (\d+)/im.exec(head)?.[1]
  return length === undefined ? received.endsWith('0\r\n\r\n') : body.length >= Number(length)
}

/** Every door that takes a password. */
const doors = ['/v2/', '/service/token?service=harbor-registry', '/api/v2.0/users/current', '/api/v2.0/users']

async function signIn(
  registry: ControlledRegistry,
  password: string,
  more: Ask,
): Promise<{ status: number; answer: string }> {
  const start = await ask(registry, '/c/session', { headers: { host: registry.host } })
  const token = /x-harbor-csrf-token: (\S+)/i.exec(start.answer)![1]!
  const cookie = /set-cookie: ([^;]+)/i.exec(start.answer)![1]!
  return await ask(registry, '/c/login', {
    ...more,
    method: 'POST',
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      'x-harbor-csrf-token': token,
      cookie,
      ...more.headers,
    },
    body: new URLSearchParams({ principal: 'admin', password }).toString(),
  })
}

const far: readonly Record<string, string>[] = [
  { 'x-forwarded-for': '203.0.113.9' },
  { 'x-forwarded-for': '127.0.0.1, 203.0.113.9' },
  { 'x-forwarded-for': '203.0.113.9, 127.0.0.1' },
  { 'x-real-ip': '203.0.113.9' },
  { forwarded: 'for=203.0.113.9' },
  { via: '1.1 edge' },
  { 'x-forwarded-proto': 'https' },
  { host: 'registry.example' },
  { host: 'evil.example:8080' },
]

async function expectKeptOut(registry: ControlledRegistry, more: Ask): Promise<void> {
  const authorization = basicOf(known)
  for (const door of doors) {
    const { status, answer } = await ask(registry, door, { ...more, headers: { authorization, ...more.headers } })
    expect({ door, more, status }).toEqual({ door, more, status: 403 })
    expect(answer).toContain('berth user set-password admin')
    expect(answer).toContain('BERTH_ADMIN_PASSWORD')
  }
  const form = await signIn(registry, known, more)
  expect({ more, status: form.status }).toEqual({ more, status: 403 })
  expect(form.answer).not.toContain('set-cookie: sid=')
}

for (const trusted of ['', '127.0.0.1'])
  describeControlledScenario(
    `the password of every manual, with ${trusted === '' ? 'no proxy' : 'a proxy on the same machine'} trusted`,
    (registry) => {
      test('opens every door on the machine of the registry', async () => {
        // podman, skopeo and buildah ask for the end of the connection with each request.
        for (const connection of ['keep-alive', 'close'])
          for (const door of doors) {
            const headers = { authorization: basicOf(known), connection }
            expect((await ask(registry(), door, { headers })).status).toBe(200)
          }
        for (const host of ['localhost:8080', '127.0.0.1'])
          expect((await ask(registry(), '/v2/', { headers: { authorization: basicOf(known), host } })).status).toBe(200)
        expect((await signIn(registry(), known, {})).status).toBe(200)
      })

      test('opens no door for a request with the trace of another machine', async () => {
        for (const headers of far) await expectKeptOut(registry(), { headers })
      }, 60_000)

      test('a wrong password is as wrong as ever', async () => {
        const headers = { authorization: basicOf('Wrong12345'), ...far[0] }
        expect((await ask(registry(), '/api/v2.0/users/current', { headers })).status).toBe(401)
      })

      test('a session, an access token and a personal token of the machine are worth nothing elsewhere', async () => {
        const cookie = /set-cookie: (sid=[^;]+)/i.exec((await signIn(registry(), known, {})).answer)![1]!
        const authorization = basicOf(known)
        const tokenAnswer = await ask(registry(), '/service/token?service=harbor-registry&scope=registry:catalog:*', {
          headers: { authorization },
        })
        const bearer = `Bearer ${/"token":"([^"]+)"/.exec(tokenAnswer.answer)![1]!}`
        const made = await ask(registry(), '/api/v2.0/users/current/tokens', {
          method: 'POST',
          headers: { authorization, 'content-type': 'application/json' },
          body: JSON.stringify({ name: crypto.randomUUID(), permissions: ['tag:list'] }),
        })
        const personal = /"secret":"([^"]+)"/.exec(made.answer)![1]!
        const ways = [
          ['/api/v2.0/users/current', { cookie }, 401],
          ['/v2/_catalog', { authorization: bearer }, 403],
          ['/v2/', { authorization: `Bearer ${personal}` }, 403],
          ['/v2/', { authorization: basicOf(personal) }, 403],
          ['/api/v2.0/users/current', { authorization: basicOf(personal) }, 403],
        ] as const
        for (const [path, headers, refused] of ways) {
          expect({ path, status: (await ask(registry(), path, { headers })).status }).toEqual({ path, status: 200 })
          for (const trace of far.slice(0, 3)) {
            const { status } = await ask(registry(), path, { headers: { ...headers, ...trace } })
            expect({ path, trace, status }).toEqual({ path, trace, status: refused })
          }
        }
      }, 60_000)

      test('another password opens the doors from everywhere at once', async () => {
        await registry().control.berth(['user', 'set-password', 'admin', '--password-stdin'], 'Another12345\n')
        for (const headers of far.slice(0, 3))
          for (const door of doors) {
            const { status } = await ask(registry(), door, {
              headers: { authorization: basicOf('Another12345'), ...headers },
            })
            expect({ door, status }).toEqual({ door, status: 200 })
          }
      })
    },
    { env: { BERTH_ADMIN_PASSWORD: known, ...(trusted === '' ? {} : { BERTH_TRUSTED_PROXIES: trusted }) } },
  )

const own = Object.values(networkInterfaces())
  .flatMap((addresses) => addresses ?? [])
  .find(({ family, internal }) => family === 'IPv4' && !internal)?.address

if (own === undefined) skipLoudly('a login by an address of the network', 'this machine has none')
else
  describeControlledScenario(
    'a registry that listens to the network',
    (registry) => {
      test('admits nobody by the password of every manual over it', async () => {
        await expectKeptOut(registry(), { through: own })
        await expectKeptOut(registry(), { through: own, headers: { host: `${own}:80` } })
      }, 60_000)
    },
    { env: { BERTH_ADMIN_PASSWORD: known, BERTH_HTTP_HOST: '0.0.0.0' } },
  )

test('a first start that asks for a password takes neither none nor the one of every manual', async () => {
  const env = { BERTH_REQUIRE_ADMIN_PASSWORD: 'true', BERTH_ADMIN_PASSWORD: known }
  await expect(startRegistry({ env })).rejects.toThrow('BERTH_ADMIN_PASSWORD')
  await using chosen = await startRegistry({ env: { ...env, BERTH_ADMIN_PASSWORD: 'Chosen12345' } })
  // Later starts do not need it: the account is there.
  await chosen.control?.restart('SIGTERM', { BERTH_ADMIN_PASSWORD: known })
  expect((await fetch(`${chosen.url}/v2/`, { headers: { authorization: basicOf('Chosen12345') } })).status).toBe(200)
}, 60_000)
