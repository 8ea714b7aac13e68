import { expect, test } from 'bun:test'
import { connect } from 'node:net'
import { describeControlledScenario, type ControlledRegistry } from '../harness/scenario.ts'
import { expectStatus, V2Client } from '../harness/v2-client.ts'

const spoofed = {
  'x-forwarded-host': 'evil.example',
  'x-forwarded-proto': 'https',
  'x-forwarded-for': '203.0.113.9',
  forwarded: 'for=203.0.113.9;host=evil.example;proto=https',
  'x-real-ip': '203.0.113.9',
  'x-original-url': '/metrics',
  'x-rewrite-url': '/metrics',
}

const realmOf = (response: Response): string | undefined =>
  /realm="([^"]*)"/.exec(response.headers.get('www-authenticate') ?? '')?.[1]

const askAsNobody = async (registry: ControlledRegistry, headers: Record<string, string>) =>
  await expectStatus(await new V2Client(registry, 'anonymous').request('/v2/', { headers }), 401)

/** How many wrong passwords in a row are answered before the registry wants a pause. */
const guesses = async (registry: ControlledRegistry, forwardedFor: (at: number) => string): Promise<number> => {
  const client = new V2Client(registry, { username: `ghost-${crypto.randomUUID()}`, password: 'Wrong12345' })
  for (let at = 0; at < 30; at += 1) {
    const response = await client.request('/v2/', { headers: { 'x-forwarded-for': forwardedFor(at) } })
    if (response.status === 429) return at
    await expectStatus(response, 401)
  }
  return Number.POSITIVE_INFINITY
}

describeControlledScenario('a registry that stands behind no proxy', (registry) => {
  test('tells its own address, whatever a client says about proxies', async () => {
    expect(realmOf(await askAsNobody(registry(), spoofed))).toBe(`${registry().url}/service/token`)
  })

  test('tells places of uploads and blobs without a host', async () => {
    const client = new V2Client(registry())
    const response = await client.request(`/v2/${registry().newRepository()}/blobs/uploads/`, {
      method: 'POST',
      headers: spoofed,
    })
    expect((await expectStatus(response, 202)).headers.get('location')).toStartWith('/v2/')
  })

  test('counts wrong passwords by the address that the client has, not by those it invents', async () => {
    expect(await guesses(registry(), (at) => `203.0.113.${at}`)).toBeLessThan(30)
  })

  test('takes neither another host from a request line nor several from the headers', async () => {
    const { hostname, port } = new URL(registry().url)
    const ask = async (head: string): Promise<string> =>
      await new Promise((resolve, reject) => {
        const socket = connect(Number(port), hostname, () => socket.write(`${head}\r\nconnection: close\r\n\r\n`))
        let received = ''
        socket.setTimeout(10_000, () => socket.destroy(new Error('no answer')))
        socket.on('data', (bytes) => (received += bytes.toString('latin1')))
        socket.on('error', reject)
        socket.on('close', () => resolve(received))
      })
    const refused = [
      `GET /v2/ HTTP/1.1\r\nhost: ${registry().host}\r\nhost: evil.example`,
      `GET /v2/ HTTP/1.1\r\nhost: evil.example/"`,
      `GET /v2/ HTTP/1.1\r\nhost: user@evil.example`,
      `GET /v2/ HTTP/1.1\r\nx-none: 1`,
    ]
    for (const head of refused)
      expect({ head, answer: (await ask(head)).slice(0, 12) }).toEqual({ head, answer: 'HTTP/1.1 400' })
    const absolute = await ask(`GET http://evil.example/v2/ HTTP/1.1\r\nhost: ${registry().host}`)
    expect(absolute).toStartWith('HTTP/1.1 401')
    expect(absolute).toContain(`realm="${registry().url}/service/token"`)
  })
})

describeControlledScenario(
  'a registry behind a proxy',
  (registry) => {
    test('tells the address that the proxy has', async () => {
      const headers = { 'x-forwarded-host': 'registry.example:8443', 'x-forwarded-proto': 'https' }
      expect(realmOf(await askAsNobody(registry(), headers))).toBe('https://registry.example:8443/service/token')
    })

    test('tells the address that the first of several proxies has', async () => {
      const headers = { 'x-forwarded-host': 'registry.example, inner.example', 'x-forwarded-proto': 'https, http' }
      expect(realmOf(await askAsNobody(registry(), headers))).toBe('https://registry.example/service/token')
    })

    test('tells its own where the proxy passes on nonsense', async () => {
      for (const host of ['evil.example/path', 'a"b', 'user@evil.example', ', b', 'evil.example:99999999', ' ']) {
        const realm = realmOf(await askAsNobody(registry(), { 'x-forwarded-host': host }))
        expect({ host, realm }).toEqual({ host, realm: `${registry().url}/service/token` })
      }
    })

    test('counts wrong passwords by the last address that the proxy did not write about itself', async () => {
      expect(await guesses(registry(), (at) => `203.0.113.${at}, 198.51.100.7, 127.0.0.1`)).toBeLessThan(30)
      expect(await guesses(registry(), (at) => `198.51.100.${at}`)).toBe(Number.POSITIVE_INFINITY)
    })
  },
  { env: { BERTH_TRUSTED_PROXIES: '127.0.0.1' } },
)

describeControlledScenario(
  'a registry that knows its address',
  (registry) => {
    test('tells no other, even where a trusted proxy says another', async () => {
      expect(realmOf(await askAsNobody(registry(), spoofed))).toBe('https://registry.example/service/token')
    })
  },
  { env: { BERTH_TRUSTED_PROXIES: '127.0.0.1', BERTH_EXTERNAL_URL: 'https://registry.example' } },
)
