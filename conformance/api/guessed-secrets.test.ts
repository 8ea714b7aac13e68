import { expect, test } from 'bun:test'
import { withoutRequestId } from '../harness/request-id.ts'
import type { RegistryUnderTest } from '../harness/registry.ts'
import { addAccount, describeControlledScenario } from '../harness/scenario.ts'
import { ApiClient, basicOf, type Credential } from './contract-client.ts'

// Wrong secrets are counted by address: as behind a proxy, each part of a test has its own.
let addresses = 0
const newAddress = (): string => `198.51.100.${(addresses += 1)}`

interface Guess {
  readonly method?: string
  readonly authorization: string
  readonly body?: object
}

async function guess(registry: RegistryUnderTest, path: string, address: string, guessed: Guess) {
  const { method = 'GET', authorization, body } = guessed
  const answer = await fetch(`${registry.url}${path}`, {
    method,
    headers: { authorization, 'x-forwarded-for': address, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  return { status: answer.status, text: await answer.text() }
}

const jwt = ['{"alg":"RS256","kid":"k"}', '{"iss":"https://issuer.example","sub":"s"}', 'signature-of-nobody']
  .map((part) => Buffer.from(part).toString('base64url'))
  .join('.')

describeControlledScenario(
  'a door where a secret can be guessed',
  (registry) => {
    const admin = () => new ApiClient(registry())
    const idOf = async (username: string): Promise<number> => {
      const { body } = await admin().call<{ user_id: number }[]>('GET /users', { query: `username=${username}` })
      return body[0]!.user_id
    }
    const failuresOf = async (username: string): Promise<number> => {
      const query = `q=${encodeURIComponent(`username=${username}`)}&page_size=100`
      const { body } = await admin().call<{ username: string; operation_result: boolean }[]>('GET /auditlog-exts', {
        query,
      })
      return body.filter((row) => row.username === username && !row.operation_result).length
    }

    test('a change of password compares nothing for a personal token or a robot that reads accounts', async () => {
      const ada = await addAccount(registry())
      const id = await idOf(ada.username)
      const token = await new ApiClient(registry(), ada).call<{ secret: string }>('POST /users/current/tokens', {
        body: { name: 'narrow', permissions: ['tag:list'] },
      })
      expect(token.status).toBe(201)
      const robot = await admin().call<{ name: string; secret: string }>('POST /robots', {
        body: {
          name: `reader-${crypto.randomUUID().slice(0, 8)}`,
          level: 'system',
          duration: 1,
          permissions: [{ kind: 'system', namespace: '/', access: [{ resource: 'user', action: 'read' }] }],
        },
      })
      expect(robot.status).toBe(201)
      const guessers: Credential[] = [
        { username: ada.username, password: token.body.secret },
        { username: robot.body.name, password: robot.body.secret },
      ]
      for (const guesser of guessers) {
        const answers = new Set<string>()
        for (const password of ['Wrong12345', ada.password, 'weak', registry().password]) {
          const body = { new_password: password }
          const path = `/api/v2.0/users/${id}/password`
          const authorization = basicOf(guesser)
          const { status, text } = await guess(registry(), path, newAddress(), { method: 'PUT', authorization, body })
          answers.add(`${status} ${text}`)
        }
        expect([...answers]).toEqual([expect.stringMatching(/^403 /)])
      }
    }, 60_000)

    test('an owner with a session in foreign hands cannot be guessed: five old passwords, then a pause', async () => {
      const ada = await addAccount(registry())
      const path = `/api/v2.0/users/${await idOf(ada.username)}/password`
      const address = newAddress()
      const statuses = []
      for (let at = 0; at < 6; at += 1) {
        const body = { old_password: `Wrong1234${at}`, new_password: 'Another12345' }
        const authorization = basicOf(ada)
        statuses.push((await guess(registry(), path, address, { method: 'PUT', authorization, body })).status)
      }
      expect(statuses).toEqual([403, 403, 403, 403, 403, 429])
      expect(await failuresOf(ada.username)).toBe(5)
    }, 60_000)

    test('a robot that is there and one that is not refuse foreign tokens alike, to the pause and the audit row', async () => {
      const made = await admin().call<{ name: string }>('POST /robots', {
        body: {
          name: `ci-${crypto.randomUUID().slice(0, 8)}`,
          level: 'system',
          duration: 1,
          permissions: [{ kind: 'system', namespace: '/', access: [{ resource: 'user', action: 'list' }] }],
        },
      })
      for (const door of ['/v2/', '/service/token?service=harbor-registry', '/api/v2.0/users/current']) {
        const told = []
        for (const username of [made.body.name, 'robot$none', 'robot$alpha+none']) {
          const [address, before] = [newAddress(), await failuresOf(username)]
          const answers = []
          for (let at = 0; at < 6; at += 1)
            answers.push(
              await guess(registry(), door, address, { authorization: basicOf({ username, password: jwt }) }),
            )
          told.push(answers.map(({ status, text }) => ({ status, text: withoutRequestId(text) })))
          expect(answers.map(({ status }) => status)).toEqual([401, 401, 401, 401, 401, 429])
          expect((await failuresOf(username)) - before).toBe(5)
        }
        expect(told[1]).toEqual(told[0]!)
        expect(told[2]).toEqual(told[0]!)
      }
    }, 60_000)

    test.each([
      ['with a username', (secret: string) => basicOf({ username: 'ada', password: secret }), 'ada'],
      ['as a bearer', (secret: string) => `Bearer ${secret}`, 'personal token'],
    ])(
      'wrong personal tokens %s end in a pause and are in the audit log',
      async (_, authorizationOf, name) => {
        const [address, before] = [newAddress(), await failuresOf(name)]
        const statuses = []
        for (let at = 0; at < 6; at += 1) {
          const authorization = authorizationOf(`berth_pat_${String(at).repeat(43)}`)
          statuses.push((await guess(registry(), '/api/v2.0/users/current', address, { authorization })).status)
        }
        expect(statuses).toEqual([401, 401, 401, 401, 401, 429])
        expect((await failuresOf(name)) - before).toBe(5)
      },
      60_000,
    )

    test('answers of an OIDC provider that belong to no login end in a pause and are in the audit log', async () => {
      const address = newAddress()
      const statuses = []
      for (let at = 0; at < 6; at += 1) {
        const answer = await fetch(`${registry().url}/c/oidc/callback?code=c&state=${at}`, {
          headers: { 'x-forwarded-for': address, cookie: `berth_oidc=${String(at).repeat(43)}` },
          redirect: 'manual',
        })
        statuses.push(answer.status)
      }
      expect(statuses).toEqual([400, 400, 400, 400, 400, 429])
      expect(await failuresOf('login at the OIDC provider')).toBe(5)
    }, 60_000)
  },
  { env: { BERTH_TRUSTED_PROXIES: '127.0.0.1' } },
)
