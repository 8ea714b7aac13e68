import { afterAll, beforeAll, expect, test } from 'bun:test'
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWK } from 'jose'
import { addProject, describeControlledScenario } from '../harness/scenario.ts'
import { ApiClient } from './contract-client.ts'
import { dockerToken, mayPull } from './login.ts'

/** Signs tokens as a CI service or a cluster does, and publishes its keys as OpenID Connect Discovery asks. */
class IssuerForTest {
  readonly #server: Bun.Server<undefined>
  #keys: { readonly kid: string; readonly key: CryptoKey; readonly jwk: JWK }[] = []
  away = false

  constructor() {
    this.#server = Bun.serve({
      port: 0,
      hostname: '127.0.0.1',
      fetch: (request) => {
        if (this.away) return new Response('away', { status: 503 })
        const { pathname } = new URL(request.url)
        if (pathname === '/.well-known/openid-configuration')
          return Response.json({ issuer: this.url, jwks_uri: `${this.url}/keys` })
        return Response.json({ keys: this.#keys.map(({ jwk, kid }) => ({ ...jwk, kid, use: 'sig' })) })
      },
    })
  }

  get url(): string {
    return `http://127.0.0.1:${this.#server.port}`
  }

  async rotate(): Promise<void> {
    const { publicKey, privateKey } = await generateKeyPair('RS256', { extractable: true })
    this.#keys = [{ kid: crypto.randomUUID(), key: privateKey, jwk: await exportJWK(publicKey) }]
  }

  async sign(claims: object, { audience = 'berth', lifetime = '5m', issuer = this.url } = {}): Promise<string> {
    const [current] = this.#keys
    return await new SignJWT({ ...claims })
      .setProtectedHeader({ alg: 'RS256', kid: current!.kid })
      .setIssuer(issuer)
      .setSubject('repo:org/app:ref:refs/heads/main')
      .setAudience(audience)
      .setIssuedAt()
      .setExpirationTime(lifetime)
      .sign(current!.key)
  }

  stop(): void {
    void this.#server.stop(true)
  }
}

describeControlledScenario(
  'tokens of CI services and clusters',
  (registry) => {
    let issuer: IssuerForTest
    beforeAll(async () => {
      issuer = new IssuerForTest()
      await issuer.rotate()
    })
    afterAll(() => issuer?.stop())

    const admin = () => new ApiClient(registry())
    const claims = { repository: 'org/app', ref: 'refs/heads/main' }
    const compose = async () => {
      const project = await addProject(registry())
      const access = [{ resource: 'repository', action: 'pull' }]
      const made = await admin().call<{ id: number; name: string }>('POST /robots', {
        body: {
          name: `ci-${crypto.randomUUID().slice(0, 8)}`,
          level: 'system',
          duration: 1,
          permissions: [{ kind: 'project', namespace: project, access }],
        },
      })
      const params = { robot_id: made.body.id }
      const trust = async (rule: object = {}) =>
        await admin().call('POST /robots/{robot_id}/trust-rules', {
          params,
          body: {
            issuer: issuer.url,
            audience: 'berth',
            claims: { repository: 'org/*', ref: 'refs/heads/**' },
            ...rule,
          },
        })
      const pull = async (password: string) => {
        const scope = `repository:${project}/app:pull,push`
        const token = await dockerToken(registry(), { username: made.body.name, password }, scope)
        return await mayPull(registry(), token, `${project}/app`)
      }
      return { project, params, trust, pull }
    }

    test('a token that a rule trusts stands for the robot’s secret, and gives what the robot may', async () => {
      const { trust, pull } = await compose()
      expect((await trust()).status).toBe(201)
      expect(await pull(await issuer.sign(claims))).toBe(true)
    })

    test('no other token does: claims, audience, issuer, time and signature must all be right', async () => {
      const { trust, pull } = await compose()
      await trust()
      const good = await issuer.sign(claims)
      const other = new IssuerForTest()
      await other.rotate()
      const wrong = [
        await issuer.sign({ ...claims, repository: 'evil/app' }),
        await issuer.sign({ repository: 'org/app' }),
        await issuer.sign(claims, { audience: 'somebody-else' }),
        await issuer.sign(claims, { lifetime: '-5m' }),
        await other.sign(claims),
        await other.sign(claims, { issuer: issuer.url }),
        `${good.slice(0, -8)}AAAAAAAA`,
        `${Buffer.from('{"alg":"none"}').toString('base64url')}.${good.split('.')[1]}.AAAAAAAAAAAA`,
      ]
      for (const token of wrong) expect(pull(token)).rejects.toThrow('401')
      other.stop()
      expect(await pull(good)).toBe(true)
    })

    test('a token is good for the robots whose rules trust it, and no longer than there is such a rule', async () => {
      const [one, other] = [await compose(), await compose()]
      const made = await one.trust()
      const token = await issuer.sign(claims)
      expect(other.pull(token)).rejects.toThrow('401')
      expect(await one.pull(token)).toBe(true)
      const id = Number(/\/(\d+)$/.exec(made.headers.get('location')!)![1])
      const listed = await admin().call<object[]>('GET /robots/{robot_id}/trust-rules', one)
      expect(listed.body).toEqual([expect.objectContaining({ id, issuer: issuer.url, audience: 'berth' })])
      const params = { ...one.params, rule_id: id }
      expect((await admin().call('DELETE /robots/{robot_id}/trust-rules/{rule_id}', { params })).status).toBe(200)
      expect(one.pull(token)).rejects.toThrow('401')
    })

    test('an issuer that is away lets nobody in and tells nobody that they are wrong', async () => {
      const away = new IssuerForTest()
      await away.rotate()
      const { trust, pull } = await compose()
      await trust({ issuer: away.url })
      away.away = true
      expect(pull(await away.sign(claims))).rejects.toThrow('503')
      away.stop()
    })

    test.each([
      [{ issuer: 'file:///etc/passwd' }],
      [{ audience: '' }],
      [{ claims: {} }],
      [{ claims: { ref: '[a' } }],
      [{ ca_certificate: 'none' }],
    ])('%j is no rule', async (rule) => {
      const { trust } = await compose()
      expect((await trust(rule)).status).toBe(400)
    })
  },
  { env: { BERTH_OUTBOUND_ALLOW_LOCAL: 'true' } },
)
