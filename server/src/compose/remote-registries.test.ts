import { afterAll, beforeAll, expect, test } from 'bun:test'
import { ScriptedRegistry } from '../clients/registry/scripted-registry-for-test.ts'
import type { Config } from '../config/config.ts'
import { composeProbeRegistry } from './remote-registries.ts'

let registry: ScriptedRegistry
let tokens: ScriptedRegistry
beforeAll(async () => {
  registry = await ScriptedRegistry.start()
  tokens = await ScriptedRegistry.start()
})
afterAll(async () => {
  await registry[Symbol.asyncDispose]()
  await tokens[Symbol.asyncDispose]()
})

const credential = { accessKey: 'ada', accessSecret: 'secret' }
const probe = async (given: Omit<Config['outbound'], 'privateIssuers'>): Promise<string | undefined> =>
  await composeProbeRegistry({ outbound: { ...given, privateIssuers: [] } } as Partial<Config> as Config)({
    ...{ url: registry.url, credential, insecure: false, authority: undefined, tokenHosts: [] },
  })

test('a probe says in a sentence what is wrong, or nothing', async () => {
  const open = { allowLocal: true, tokenHosts: [] }
  registry.answers(() => ({ status: 200 }))
  expect(await probe(open)).toBeUndefined()
  registry.answers(() => ({ status: 404 }))
  expect(await probe(open)).toContain('answered 404')
  // A person waits: nothing is tried again.
  registry.answers(() => ({ status: 503 }))
  expect(await probe(open)).toContain('answered 503')
  expect(registry.seen.length).toBe(1)
})

test('outbound.token_hosts lets a token service elsewhere have the credential', async () => {
  registry.answers(({ headers }) =>
    headers.authorization === 'Bearer t'
      ? { status: 200 }
      : { status: 401, headers: { 'www-authenticate': `Bearer realm="${tokens.url}/token"` } },
  )
  tokens.answers(() => ({ status: 200, body: '{"token":"t"}' }))
  expect(await probe({ allowLocal: true, tokenHosts: [] })).toContain(`add ${tokens.host} to outbound.token_hosts`)
  expect(tokens.seen).toEqual([])
  expect(await probe({ allowLocal: true, tokenHosts: [tokens.host] })).toBeUndefined()
})

test('outbound.allow_local decides whether this machine is called', async () => {
  registry.answers(() => ({ status: 200 }))
  expect(await probe({ allowLocal: false, tokenHosts: [] })).toContain('outbound.allow_local')
  expect(registry.seen).toEqual([])
})
