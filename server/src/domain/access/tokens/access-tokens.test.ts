import { secretsForTest } from '#server-test/secrets.ts'
import { expect, test } from 'bun:test'
import { createHmac } from 'node:crypto'
import { exportJWK, exportSPKI, generateKeyPair, SignJWT, type JWTPayload } from 'jose'
import { composeAccessForTest, type ManualClock, system, type AccessForTest } from '../../../../test/access.ts'
import { describeEachDatabase } from '../../../../test/databases.ts'
import { AccessTokens } from './access-tokens.ts'
import { SigningKeys, type SigningKey } from './signing-keys.ts'
import { Events } from '../../events/events.ts'

const access = [{ type: 'repository', name: 'p/app', actions: ['pull'] }]
const account = { id: 7, username: 'ada', admin: false, disabled: false, version: 42 }

function claims(clock: ManualClock, changes: JWTPayload = {}): JWTPayload {
  const now = Math.floor(clock.now() / 1000)
  return {
    iss: 'harbor-token-issuer',
    sub: 'ada',
    aud: 'harbor-registry',
    iat: now,
    nbf: now,
    exp: now + 1800,
    access,
    berth: { issuedAt: clock.now(), account: { id: 7, version: 42 } },
    ...changes,
  }
}

async function sign(key: SigningKey, payload: JWTPayload, header: Record<string, unknown> = {}): Promise<string> {
  return await new SignJWT(payload)
    .setProtectedHeader({ alg: key.algorithm, kid: key.kid, typ: 'JWT', ...header } as { alg: string })
    .sign(key.privateKey)
}

class CountingKeys extends SigningKeys {
  asked = 0
  override async findKey(kid: string): Promise<SigningKey | undefined> {
    this.asked += 1
    return await super.findKey(kid)
  }
}

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')
const decode = (part: string | undefined): Record<string, unknown> =>
  JSON.parse(Buffer.from(part ?? '', 'base64url').toString('utf8')) as Record<string, unknown>

describeEachDatabase('access tokens', (open) => {
  async function compose(): Promise<AccessForTest & { key: SigningKey }> {
    const composed = composeAccessForTest(await open())
    return { ...composed, key: await composed.keys.getCurrentKey() }
  }

  test('a token comes back as it was issued', async () => {
    const { tokens, clock } = await compose()
    const { token, issuedAt, lifetimeSeconds } = await tokens.issueToken(account, access)
    expect({ issuedAt, lifetimeSeconds }).toEqual({ issuedAt: clock.now(), lifetimeSeconds: 1800 })
    expect(await tokens.verifyToken(token)).toEqual({ account: { id: 7, version: 42 }, access, issuedAt })
  })

  test('a token of somebody without an account names none', async () => {
    const { tokens } = await compose()
    const { token } = await tokens.issueToken(undefined, access)
    expect(await tokens.verifyToken(token)).toMatchObject({ account: undefined, access })
  })

  test('the header names the key by its thumbprint, the claims are what registries expect', async () => {
    const { tokens, key } = await compose()
    const [header, payload] = (await tokens.issueToken(account, access)).token
      .split('.')
      .map((part, index) => (index < 2 ? decode(part) : {}))
    expect(header).toEqual({ alg: 'ES256', kid: key.kid, typ: 'JWT' })
    expect(key.kid).toMatch(/^[A-Za-z0-9_-]{43}$/)
    expect(payload).toMatchObject({ iss: 'harbor-token-issuer', aud: 'harbor-registry', sub: 'ada', access })
    expect(JSON.stringify(payload)).not.toContain('password')
  })

  test('another process verifies what this one signed', async () => {
    const { tokens, database, clock } = await compose()
    const other = composeAccessForTest(database, { clock })
    expect(await other.tokens.verifyToken((await tokens.issueToken(account, access)).token)).toMatchObject({ access })
  })

  test('a token made by hand with our key and right claims is accepted, so the refusals below mean something', async () => {
    const { tokens, key, clock } = await compose()
    expect(await tokens.verifyToken(await sign(key, claims(clock)))).toMatchObject({ access })
  })

  const wrongClaims: [string, (clock: ManualClock) => JWTPayload][] = [
    ['another issuer', (clock) => claims(clock, { iss: 'other' })],
    ['another audience', (clock) => claims(clock, { aud: 'other-registry' })],
    ['an audience list without us', (clock) => claims(clock, { aud: ['a', 'b'] })],
    ['an expiry more than 60 s ago', (clock) => claims(clock, { exp: Math.floor(clock.now() / 1000) - 61 })],
    ['a beginning more than 60 s ahead', (clock) => claims(clock, { nbf: Math.floor(clock.now() / 1000) + 61 })],
    ['an issue time more than 60 s ahead', (clock) => claims(clock, { iat: Math.floor(clock.now() / 1000) + 61 })],
    ['an expiry that is no number', (clock) => claims(clock, { exp: 'never' as unknown as number })],
    ['access that is no list', (clock) => claims(clock, { access: '*' })],
    [
      'access with actions that are no list',
      (clock) => claims(clock, { access: [{ type: 'repository', name: 'p/app', actions: '*' }] }),
    ],
    [
      'an account that is no number',
      (clock) => claims(clock, { berth: { issuedAt: 1, account: { id: '7', version: 42 } } }),
    ],
    ...(['iss', 'aud', 'exp', 'nbf', 'iat', 'sub', 'access', 'berth'] as const).map(
      (name): [string, (clock: ManualClock) => JWTPayload] => [
        `no ${name}`,
        (clock) => {
          const { [name]: _, ...rest } = claims(clock)
          return rest
        },
      ],
    ),
  ]
  test.each(wrongClaims)('a token with %s is refused', async (_, payload) => {
    const { tokens, key, clock } = await compose()
    expect(await tokens.verifyToken(await sign(key, payload(clock)))).toBeUndefined()
  })

  test('clocks may differ by 60 s', async () => {
    const { tokens, key, clock } = await compose()
    const now = Math.floor(clock.now() / 1000)
    expect(await tokens.verifyToken(await sign(key, claims(clock, { exp: now - 59 })))).toBeDefined()
    expect(await tokens.verifyToken(await sign(key, claims(clock, { nbf: now + 59, iat: now + 59 })))).toBeDefined()
  })

  test('a token with algorithm none is refused', async () => {
    const { tokens, key, clock } = await compose()
    for (const alg of ['none', 'None', 'NONE', '']) {
      const unsigned = `${encode({ alg, kid: key.kid, typ: 'JWT' })}.${encode(claims(clock))}.`
      expect(await tokens.verifyToken(unsigned)).toBeUndefined()
    }
  })

  test('a token signed by HMAC with our public key as the secret is refused', async () => {
    const { tokens, key, clock } = await compose()
    const secrets = [await exportSPKI(key.publicKey), JSON.stringify(await exportJWK(key.publicKey)), '']
    for (const secret of secrets) {
      const signed = `${encode({ alg: 'HS256', kid: key.kid, typ: 'JWT' })}.${encode(claims(clock))}`
      const token = `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`
      expect(await tokens.verifyToken(token)).toBeUndefined()
    }
  })

  test('a key that the token brings along (jwk, jku, x5u, x5c) is not believed', async () => {
    const { tokens, key, clock } = await compose()
    const attacker = await generateKeyPair('ES256', { extractable: true })
    const jwk = await exportJWK(attacker.publicKey)
    const forged: SigningKey = { ...key, privateKey: attacker.privateKey }
    for (const header of [
      { jwk },
      { jwk: { ...jwk, kid: key.kid } },
      { jku: 'http://127.0.0.1:9/keys.json' },
      { x5u: 'http://127.0.0.1:9/chain.pem' },
      { x5c: ['MIIB'] },
      {},
    ]) {
      expect(await tokens.verifyToken(await sign(forged, claims(clock), header))).toBeUndefined()
    }
  })

  test('a key id that is no exact one of ours is refused, whatever it looks like', async () => {
    const { tokens, key, clock } = await compose()
    const kids = [
      '../../etc/passwd',
      "' or '1'='1",
      '%',
      `${key.kid} `,
      key.kid.slice(0, 42),
      `${key.kid}A`,
      '',
      'A'.repeat(43),
      7,
      null,
      ['x'],
    ]
    for (const kid of kids) {
      expect(await tokens.verifyToken(await sign(key, claims(clock), { kid }))).toBeUndefined()
    }
  })

  test('a header extension that must be understood and is not is refused', async () => {
    const { tokens, key, clock } = await compose()
    const token = await sign(key, claims(clock))
    const [, payload, signature] = token.split('.')
    const header = encode({ alg: 'ES256', kid: key.kid, typ: 'JWT', crit: ['b64'], b64: false })
    expect(await tokens.verifyToken(`${header}.${payload}.${signature}`)).toBeUndefined()
  })

  test('changing what a token says, or its signature, voids it', async () => {
    const { tokens, clock } = await compose()
    const { token } = await tokens.issueToken(account, access)
    const [header, payload, signature = ''] = token.split('.')
    const wider = { ...decode(payload), access: [{ type: 'repository', name: 'p/*', actions: ['pull', 'push'] }] }
    const flipped = (signature.startsWith('A') ? 'B' : 'A') + signature.slice(1)
    for (const changed of [
      `${header}.${encode(wider)}.${signature}`,
      `${header}.${encode(claims(clock))}.${signature}`,
      `${header}.${payload}.${flipped}`,
      `${header}.${payload}.`,
      `${header}.${payload}`,
    ]) {
      expect(await tokens.verifyToken(changed)).toBeUndefined()
    }
  })

  test('a token of another registry, of the same name, is refused', async () => {
    const { tokens, clock } = await compose()
    const foreign = composeAccessForTest(await open(), { clock })
    expect(await tokens.verifyToken((await foreign.tokens.issueToken(account, access)).token)).toBeUndefined()
  })

  test('what is no token is refused and never an error', async () => {
    const { tokens } = await compose()
    for (const text of [
      '',
      '.',
      '..',
      '...',
      'a.b.c',
      'x'.repeat(20_000),
      '\u0000',
      'eyJhbGciOiJFUzI1NiJ9..',
      `${encode([])}.${encode(1)}.x`,
      `${encode(null)}.x.x`,
    ]) {
      expect(await tokens.verifyToken(text)).toBeUndefined()
    }
  })

  test('a verified token is not verified again, and expires on time all the same', async () => {
    const { database, clock } = await compose()
    const keys = new CountingKeys({
      database,
      clock,
      events: new Events({ clock }),
      secrets: secretsForTest(database),
      tokenLifetimeSeconds: async () => 90,
    })
    const tokens = new AccessTokens({
      keys,
      clock,
      issuer: 'harbor-token-issuer',
      service: 'harbor-registry',
      lifetimeSeconds: async () => 90,
    })
    const { token } = await tokens.issueToken(account, access)
    for (let round = 0; round < 10; round += 1) expect(await tokens.verifyToken(token)).toBeDefined()
    expect(keys.asked).toBe(1)
    clock.advance(149_000)
    expect(await tokens.verifyToken(token)).toBeDefined()
    clock.advance(1_000)
    expect(await tokens.verifyToken(token)).toBeUndefined()
  })
})

describeEachDatabase('signing keys', (open) => {
  test('a key is made at first need, once, and found by other processes', async () => {
    const { keys, database, clock } = composeAccessForTest(await open())
    const made = await Promise.all([keys.getCurrentKey(), keys.getCurrentKey(), keys.getCurrentKey()])
    expect(new Set(made.map(({ kid }) => kid)).size).toBe(1)
    const other = composeAccessForTest(database, { clock })
    expect((await other.keys.getCurrentKey()).kid).toBe(made[0]!.kid)
    const events = await database.read.selectFrom('event').select('type').execute()
    expect(events).toEqual([{ type: 'rotate_signing_key' }])
  })

  test('after a rotation the new key signs and tokens of the old one live out their time', async () => {
    const { keys, tokens, clock } = composeAccessForTest(await open())
    const old = (await keys.getCurrentKey()).kid
    const { token } = await tokens.issueToken(account, access)
    const kid = await keys.rotateSigningKey(system)
    expect(kid).not.toBe(old)
    expect((await keys.getCurrentKey()).kid).toBe(kid)
    expect(await tokens.verifyToken(token)).toBeDefined()
    expect(await keys.findKey(old)).toBeDefined()
    clock.advance(1800_000 + 5 * 60_000 + 1)
    expect(await keys.findKey(old)).toBeUndefined()
    expect(await tokens.verifyToken(token)).toBeUndefined()
  })

  test('a key that another process made is found at once enough', async () => {
    const { keys, database, clock } = composeAccessForTest(await open())
    const other = composeAccessForTest(database, { clock })
    await keys.getCurrentKey()
    await other.keys.getCurrentKey()
    const kid = await keys.rotateSigningKey(system)
    clock.advance(250)
    expect(await other.keys.findKey(kid)).toBeDefined()
    clock.advance(60_000)
    expect((await other.keys.getCurrentKey()).kid).toBe(kid)
  })

  test('an old key is replaced by itself', async () => {
    const { keys, clock } = composeAccessForTest(await open())
    const { kid } = await keys.getCurrentKey()
    clock.advance(89 * 86_400_000)
    expect((await keys.getCurrentKey()).kid).toBe(kid)
    clock.advance(86_400_000)
    expect((await keys.getCurrentKey()).kid).not.toBe(kid)
  })

  test('long retired keys are deleted with the next rotation', async () => {
    const { keys, clock, database } = composeAccessForTest(await open())
    const { kid } = await keys.getCurrentKey()
    await keys.rotateSigningKey(system)
    clock.advance(86_400_000)
    await keys.rotateSigningKey(system)
    const kids = await database.read.selectFrom('signing_key').select('kid').execute()
    expect(kids.length).toBe(2)
    expect(kids.some((row) => row.kid === kid)).toBe(false)
  })

  test('a key that was removed by hand stops verifying within a minute', async () => {
    const { keys, tokens, clock, database } = composeAccessForTest(await open())
    const { token } = await tokens.issueToken(account, access)
    expect(await tokens.verifyToken(token)).toBeDefined()
    await database.write(async (tx) => {
      await tx.deleteFrom('signing_key').execute()
    })
    clock.advance(60_000)
    expect(await tokens.verifyToken(token)).toBeUndefined()
    expect((await keys.getCurrentKey()).kid).toBeDefined()
  })

  test('a flood of invented key ids does not reach the database each time', async () => {
    const { keys, database, clock } = composeAccessForTest(await open())
    await keys.getCurrentKey()
    let reads = 0
    const counting = {
      ...database,
      get read() {
        reads += 1
        return database.read
      },
    } as typeof database
    const watched = new SigningKeys({
      database: counting,
      clock,
      events: new Events({ clock }),
      secrets: secretsForTest(database),
      tokenLifetimeSeconds: async () => 1800,
    })
    await Promise.all(Array.from({ length: 100 }, (_, index) => watched.findKey(`kid${index}`)))
    // The keys, and the one that they are sealed with.
    expect(reads).toBe(2)
  })
})
