import { afterAll, beforeAll, expect, test } from 'bun:test'
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWK } from 'jose'
import { createCertificate, type CertificateFiles } from '../harness/private-authority.ts'
import { withoutRequestId } from '../harness/request-id.ts'
import { addAccount, addProject, describeControlledScenario } from '../harness/scenario.ts'
import { createTemporaryFolder } from '../harness/temporary-folder.ts'
import { ApiClient, basicOf } from './contract-client.ts'
import { dockerToken, mayPull } from './login.ts'

/** Signs tokens as a CI service or a cluster does, and publishes its keys as OpenID Connect Discovery asks. */
class IssuerForTest {
  readonly #server: Bun.Server<undefined>
  #keys: { readonly kid: string; readonly key: CryptoKey; readonly jwk: JWK }[] = []
  away = false
  /** Paths that were asked for. */
  readonly asked: string[] = []
  keysAt: string | undefined

  constructor({ certificateFile, privateKeyFile }: CertificateFiles) {
    this.#server = Bun.serve({
      port: 0,
      hostname: '127.0.0.1',
      tls: { cert: Bun.file(certificateFile), key: Bun.file(privateKeyFile) },
      fetch: (request) => {
        this.asked.push(new URL(request.url).pathname)
        if (this.away) return new Response('away', { status: 503 })
        const { pathname } = new URL(request.url)
        if (pathname === '/.well-known/openid-configuration')
          return Response.json({ issuer: this.url, jwks_uri: this.keysAt ?? `${this.url}/keys` })
        return Response.json({ keys: this.#keys.map(({ jwk, kid }) => ({ ...jwk, kid, use: 'sig' })) })
      },
    })
  }

  get url(): string {
    return `https://127.0.0.1:${this.#server.port}`
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
    let certificate: CertificateFiles
    let authority: string
    const owned = new AsyncDisposableStack()
    beforeAll(async () => {
      const folder = owned.use(await createTemporaryFolder())
      certificate = await createCertificate(folder.path)
      authority = await Bun.file(certificate.authorityFile).text()
      issuer = new IssuerForTest(certificate)
      await issuer.rotate()
    })
    afterAll(async () => {
      issuer?.stop()
      await owned.disposeAsync()
    })

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
            ca_certificate: authority,
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
      const other = new IssuerForTest(certificate)
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
      // After five the address has to wait for this robot, so each is tried with the next half.
      const { trust: trustNext, pull: pullNext } = await compose()
      await trustNext()
      for (const [at, token] of wrong.entries())
        await expect((at % 2 === 0 ? pull : pullNext)(token)).rejects.toThrow('401')
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
      const away = new IssuerForTest(certificate)
      await away.rotate()
      const { trust, pull } = await compose()
      await trust({ issuer: away.url })
      away.away = true
      expect(pull(await away.sign(claims))).rejects.toThrow('503')
      away.stop()
    })

    test.each([
      [{ issuer: 'file:///etc/passwd' }],
      [{ issuer: 'http://token.example.org' }],
      [{ issuer: 'https://u:p@token.example.org' }],
      [{ issuer: 'https://token.example.org/internal?cmd=restart#' }],
      [{ claims: { sub: '**' } }],
      [{ claims: { iss: '**' } }],
      [{ claims: { iss: '**', sub: '?*', aud: 'berth' } }],
      [{ claims: { sub: '{b,c}{b,c}{b,c}{b,c}{b,c}{b,c}{b,c}x' } }],
      [{ audience: '' }],
      [{ claims: {} }],
      [{ claims: { ref: '[a' } }],
      [{ ca_certificate: 'none' }],
    ])('%j is no rule', async (rule) => {
      const { trust } = await compose()
      expect((await trust(rule)).status).toBe(400)
    })

    test('a rule of somebody who is no system administrator never leads into a private network or this machine', async () => {
      const mallory = await addAccount(registry())
      const project = await addProject(registry(), [{ username: mallory.username, role: 'project-admin' }])
      const made = await new ApiClient(registry(), mallory).call<{ id: number; name: string }>('POST /robots', {
        body: {
          name: 'ci',
          level: 'project',
          duration: 1,
          permissions: [{ kind: 'project', namespace: project, access: [{ resource: 'repository', action: 'pull' }] }],
        },
      })
      expect(made.status).toBe(201)
      const inner = new IssuerForTest(certificate)
      await inner.rotate()
      const issuers = [
        inner.url,
        inner.url.replace('127.0.0.1', 'localhost'),
        'https://10.255.255.1',
        'https://[fd00::1]',
      ]
      for (const each of issuers) {
        const body = { issuer: each, audience: 'berth', claims: { repository: 'org/*' }, ca_certificate: authority }
        const rule = await new ApiClient(registry(), mallory).call('POST /robots/{robot_id}/trust-rules', {
          params: { robot_id: made.body.id },
          body,
        })
        expect(rule.status).toBe(201)
        const answer = await fetch(`${registry().url}/v2/`, {
          headers: {
            authorization: basicOf({ username: made.body.name, password: await inner.sign(claims, { issuer: each }) }),
          },
        })
        expect(answer.status).toBe(503)
        // One sentence for all, that tells nothing of what is there.
        const { errors } = (await answer.json()) as { errors: { message: string }[] }
        expect(withoutRequestId(errors[0]!.message)).toBe(
          'the issuer of this token cannot be asked; the log of the registry says why',
        )
      }
      expect(inner.asked).toEqual([])
      // Written in the background.
      while (!(await registry().control.said()).includes('no address of the internet')) await Bun.sleep(20)
      inner.stop()
    })

    test('an issuer cannot send the registry for its keys to another place than an HTTPS address', async () => {
      const sly = new IssuerForTest(certificate)
      await sly.rotate()
      const inner = Bun.serve({ port: 0, hostname: '127.0.0.1', fetch: () => Response.json({ keys: [] }) })
      for (const address of [
        `http://127.0.0.1:${inner.port}/x`,
        `${sly.url.replace('//', '//u:p@')}/keys`,
        'file:///etc/passwd',
      ]) {
        sly.keysAt = address
        const { trust, pull } = await compose()
        await trust({ issuer: sly.url, audience: `for ${address}` })
        await expect(pull(await sly.sign(claims, { audience: `for ${address}` }))).rejects.toThrow('503')
      }
      expect(sly.asked).not.toContain('/keys')
      await inner.stop(true)
      sly.stop()
    })

    test('many rules and a token with thousands of values keep nobody waiting, and fail like any wrong secret', async () => {
      const { trust, pull } = await compose()
      for (let at = 0; at < 20; at += 1) await trust({ claims: { groups: `${'*a'.repeat(60)}${at}` } })
      const groups = Array.from({ length: 180 }, () => 'a'.repeat(40))
      const token = await issuer.sign({ ...claims, groups })
      await expect(pull(token)).rejects.toThrow('401')
      const after = await compose()
      await after.trust()
      expect(await after.pull(await issuer.sign(claims))).toBe(true)
    })
  },
  { env: { BERTH_OUTBOUND_ALLOW_LOCAL: 'true' } },
)
