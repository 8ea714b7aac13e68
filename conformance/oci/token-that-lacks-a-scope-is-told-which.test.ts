import { expect, test } from 'bun:test'

import { addAccount, describeControlledScenario } from '../harness/scenario.ts'
import { expectStatus, V2Client } from '../harness/v2-client.ts'

const nothing = `sha256:${'0'.repeat(64)}`

/** Docker token specification, RFC 6750 §3.1: a client fetches what the answer names, and comes back. */
describeControlledScenario('a token that lacks a scope', (registry) => {
  const challengeOf = (response: Response): Record<string, string> =>
    Object.fromEntries(
      [...(response.headers.get('www-authenticate') ?? '').matchAll(/(\w+)="([^"]*)"/g)].map(([, key, value]) => [
        key,
        value,
      ]),
    )
  const ask = async (method: string, path: string, token: string): Promise<Response> =>
    await new V2Client(registry(), 'anonymous').request(path, { method, headers: { authorization: `Bearer ${token}` } })

  test('is told which, for whatever it is used', async () => {
    const client = new V2Client(registry())
    const repository = registry().newRepository()
    await client.pushBlob(repository, new TextEncoder().encode('x'))
    const none = await client.fetchToken()
    for (const [method, path, scope] of [
      ['GET', '/v2/_catalog', 'registry:catalog:*'],
      ['GET', '/v2/_catalog?n=1', 'registry:catalog:*'],
      ['GET', `/v2/${repository}/tags/list`, `repository:${repository}:pull`],
      ['HEAD', `/v2/${repository}/manifests/v1`, `repository:${repository}:pull`],
      ['POST', `/v2/${repository}/blobs/uploads/`, `repository:${repository}:pull,push`],
      ['DELETE', `/v2/${repository}/manifests/${nothing}`, `repository:${repository}:delete`],
    ] as const) {
      const refused = await ask(method, path, none)
      expect([method, path, refused.status, challengeOf(refused)]).toEqual([
        method,
        path,
        401,
        { realm: expect.any(String), service: 'harbor-registry', scope, error: 'insufficient_scope' },
      ])
      const again = await ask(method, path, await client.fetchToken(scope))
      expect([method, path, again.status === 401]).toEqual([method, path, false])
    }
  })

  test('of the list of all repositories lists them once it has the scope, with others beside it', async () => {
    const client = new V2Client(registry())
    const repository = registry().newRepository()
    await client.pushBlob(repository, new TextEncoder().encode('x'))
    const token = await client.fetchToken('registry:catalog:*', `repository:${repository}:pull`)
    const list = (await (await expectStatus(await ask('GET', '/v2/_catalog', token), 200)).json()) as {
      repositories: string[]
    }
    expect(list.repositories).toBeArray()
  })

  test('is told apart from one that is none', async () => {
    for (const path of ['/v2/_catalog', '/v2/library/app/tags/list', '/v2/']) {
      const refused = await expectStatus(await ask('GET', path, 'a.b.c'), 401)
      expect(challengeOf(refused)['error']).toBe('invalid_token')
    }
  })

  test('is not asked to come back where the account itself may not', async () => {
    const stranger = new V2Client(registry(), await addAccount(registry()))
    await expectStatus(await ask('GET', '/v2/_catalog', await stranger.fetchToken()), 403)
  })
})
