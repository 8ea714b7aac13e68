import { afterEach, describe, expect, test } from 'bun:test'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { OidcClient, OidcFailure } from './oidc.ts'
import { composeOutbound } from './outbound.ts'

interface Switches {
  /** What the metadata says of ways to authenticate. */
  readonly methods?: readonly string[]
  /** The one that the client is registered for. */
  readonly takes?: 'basic' | 'post' | 'none'
  readonly userInfo?: { readonly status: number; readonly type: string; readonly body: string }
}

const client = { clientId: 'berth', clientSecret: 's3cret:+/', verifyCertificate: true }
const servers: { close(): unknown }[] = []
afterEach(() => {
  for (const server of servers.splice(0)) server.close()
})

/** A provider that vouches for `ada`, whatever the code. */
async function startProvider({ methods, takes = 'basic', userInfo }: Switches) {
  const { privateKey, publicKey } = await generateKeyPair('RS256', { extractable: true })
  const jwk = { ...(await exportJWK(publicKey)), kid: 'k', alg: 'RS256', use: 'sig' }
  const asked: string[] = []
  let nonce = ''
  const server = createServer((request, response) => {
    void (async () => {
      const { pathname } = new URL(request.url ?? '/', issuer)
      const say = (status: number, body: unknown, headers = {}) => {
        response.writeHead(status, { 'content-type': 'application/json', ...headers })
        response.end(typeof body === 'string' ? body : JSON.stringify(body))
      }
      if (pathname.endsWith('openid-configuration')) return say(200, metadata())
      if (pathname === '/jwks') return say(200, { keys: [jwk] })
      if (pathname === '/me')
        return say(userInfo?.status ?? 404, userInfo?.body ?? '', { 'content-type': userInfo?.type })
      const way = wayOf(request, await textOf(request))
      asked.push(way)
      if (way !== takes)
        return say(401, { error: 'invalid_client' }, way === 'basic' ? { 'www-authenticate': 'Basic' } : {})
      const idToken = await new SignJWT({ nonce, groups: ['team-a'], email: 'ada@example.org' })
        .setProtectedHeader({ alg: 'RS256', kid: 'k' })
        .setIssuer(issuer)
        .setSubject('ada')
        .setAudience(client.clientId)
        .setIssuedAt()
        .setExpirationTime('5m')
        .sign(privateKey)
      say(200, { access_token: 'a', token_type: 'Bearer', id_token: idToken })
    })()
  })
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const metadata = () => ({
    issuer,
    authorization_endpoint: `${issuer}/auth`,
    token_endpoint: `${issuer}/token`,
    jwks_uri: `${issuer}/jwks`,
    ...(methods === undefined ? {} : { token_endpoint_auth_methods_supported: methods }),
    ...(userInfo === undefined ? {} : { userinfo_endpoint: `${issuer}/me` }),
  })
  const warnings: string[] = []
  const discovered = await OidcClient.discover(
    { ...client, endpoint: issuer },
    composeOutbound({ allowLocal: true }),
    ({ message }) => warnings.push(message),
  )
  const signIn = async () => {
    const login = await discovered.beginLogin({ redirectUri: 'http://here/callback', scope: 'openid', extra: {} })
    nonce = login.nonce
    return await discovered.finishLogin(new URL(`http://here/callback?code=c&state=${login.state}`), login)
  }
  return { signIn, asked, warnings, issuer }
}

/** How the client proved who it is; only with the right secret. */
function wayOf({ headers: { authorization } }: IncomingMessage, body: string): string {
  if (new URLSearchParams(body).get('client_secret') === client.clientSecret) return 'post'
  const pair = Buffer.from(authorization?.replace('Basic ', '') ?? '', 'base64').toString()
  return decodeURIComponent(pair) === `${client.clientId}:${client.clientSecret}` ? 'basic' : 'none'
}

async function textOf(request: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = []
  for await (const piece of request) pieces.push(piece as Buffer)
  return Buffer.concat(pieces).toString()
}

test('an endpoint that is not the issuer is refused with both names', async () => {
  const { issuer } = await startProvider({ takes: 'post' })
  const found = OidcClient.discover(
    { ...client, endpoint: `${issuer}/realm/` },
    composeOutbound({ allowLocal: true }),
    () => {},
  )
  expect(await found.catch((error: Error) => error.message)).toBe(
    `the provider at ${issuer}/realm/ calls itself ${issuer}; set oidc_endpoint to exactly that`,
  )
})

describe('a client with a secret', () => {
  test.each([
    ['the only method that the provider names', ['client_secret_basic'], 'basic', ['basic']],
    ['post where the provider names nothing else', ['client_secret_post', 'private_key_jwt'], 'post', ['post']],
    ['basic where the provider names none', undefined, 'basic', ['basic']],
    ['post when basic is refused, whatever the provider names', undefined, 'post', ['basic', 'post']],
    ['the other of two', ['client_secret_post', 'client_secret_basic'], 'post', ['basic', 'post']],
    ['none where the provider names nothing else: the secret is not sent', ['none'], 'none', ['none']],
    ['none after basic was refused', ['none', 'client_secret_basic'], 'none', ['basic', 'none']],
  ] as const)('uses %s', async (_name, methods, takes, asked) => {
    const provider = await startProvider({ takes, ...(methods === undefined ? {} : { methods }) })
    expect((await provider.signIn()).subject).toBe('ada')
    expect(provider.asked).toEqual([...asked])
    provider.asked.length = 0
    await provider.signIn()
    expect(provider.asked).toEqual([takes])
  })

  test('is refused when the provider takes neither of its ways', async () => {
    const provider = await startProvider({ methods: ['client_secret_basic'], takes: 'post' })
    expect(await provider.signIn().catch((error) => error)).toBeInstanceOf(OidcFailure)
    expect(provider.asked).toEqual(['basic'])
  })
})

describe('the user info endpoint', () => {
  const json = 'application/json'
  test.each([
    ['refuses', { status: 403, type: json, body: '{"error":"insufficient_scope"}' }],
    ['fails', { status: 500, type: json, body: '{}' }],
    ['answers with a page', { status: 200, type: 'text/html', body: '<p>sign in</p>' }],
    ['is not there', { status: 404, type: 'text/plain', body: '' }],
  ])('that %s leaves what the ID token says, and a warning', async (_name, userInfo) => {
    const provider = await startProvider({ userInfo })
    expect((await provider.signIn()).claims).toMatchObject({ groups: ['team-a'], email: 'ada@example.org' })
    expect(provider.warnings).toHaveLength(1)
  })

  test('adds to the ID token, and what it lacks stays', async () => {
    const body = JSON.stringify({ sub: 'ada', name: 'Ada', email: null })
    const provider = await startProvider({ userInfo: { status: 200, type: json, body } })
    expect((await provider.signIn()).claims).toMatchObject({
      name: 'Ada',
      groups: ['team-a'],
      email: 'ada@example.org',
    })
    expect(provider.warnings).toEqual([])
  })

  test('that speaks of somebody else ends the login', async () => {
    const provider = await startProvider({ userInfo: { status: 200, type: json, body: '{"sub":"bob"}' } })
    expect(await provider.signIn().catch((error) => error)).toBeInstanceOf(OidcFailure)
  })
})
