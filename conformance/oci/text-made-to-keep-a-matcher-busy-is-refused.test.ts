import { expect, test } from 'bun:test'
import { describeScenario } from '../harness/scenario.ts'
import { V2Client, type V2Request } from '../harness/v2-client.ts'

/** Nearly as long as the head of a request may be. */
const long = 14_000

/** The head of the request was too long for anybody to look at the text. */
const notLookedAt = [414, 431]

/** Each goes on matching its grammar, or begins to match it anew, at every character, and fails at the last. */
const texts: readonly string[] = [
  `${'a'.repeat(long)}!`,
  `${'a-'.repeat(long / 2)}!`,
  `${'a--'.repeat(long / 3)}!`,
  `${'-'.repeat(long)}!`,
  `a${'_'.repeat(long)}`,
  `${'a/'.repeat(long / 2)}!`,
  `${'a__a.a-'.repeat(long / 7)}!`,
  `${'0.'.repeat(long / 2)}!`,
  `a${'/'.repeat(long)}`,
  `${':'.repeat(long)}`,
  `${'a:'.repeat(long / 2)}!`,
  `${','.repeat(long)}`,
  `${'+'.repeat(long)}!`,
]

/** Every place where a client's text meets a grammar. */
const places: Readonly<Record<string, (text: string) => [path: string, request?: V2Request]>> = {
  name: (text) => [`/v2/${text}/manifests/v1`],
  'name below a project': (text) => [`/v2/library/${text}/tags/list`],
  tag: (text) => [`/v2/library/app/manifests/${text}`],
  digest: (text) => [`/v2/library/app/blobs/sha256:${text}`],
  'algorithm of a digest': (text) => [`/v2/library/app/blobs/${text}:aa`],
  'id of an upload': (text) => [`/v2/library/app/blobs/uploads/${text}`],
  'tag in a query': (text) => [`/v2/library/app/manifests/v1?tag=${text}`, { method: 'PUT', body: '{}' }],
  'size of a page': (text) => [`/v2/library/app/tags/list?n=${text}`],
  'end of a page': (text) => [`/v2/library/app/tags/list?last=${text}`],
  'place of a chunk': (text) => [
    `/v2/library/app/blobs/uploads/${crypto.randomUUID()}`,
    { method: 'PATCH', headers: { 'content-range': text }, body: 'x' },
  ],
  'kind of a manifest': (text) => [
    '/v2/library/app/manifests/v1',
    { method: 'PUT', headers: { 'content-type': text }, body: '{"schemaVersion":2}' },
  ],
  'version that a client has': (text) => ['/v2/library/app/manifests/v1', { headers: { 'if-none-match': text } }],
  credentials: (text) => ['/v2/', { headers: { authorization: `Basic ${text}` } }],
  'name and password': (text) => ['/v2/', { headers: { authorization: `Basic ${btoa(text).slice(0, long)}` } }],
  'access token': (text) => ['/v2/', { headers: { authorization: `Bearer ${text}` } }],
  'kind of credentials': (text) => ['/v2/', { headers: { authorization: text } }],
  scope: (text) => [`/service/token?service=harbor-registry&scope=${text}`],
  'name in a scope': (text) => [`/service/token?service=harbor-registry&scope=repository:${text}:pull`],
  'actions in a scope': (text) => [`/service/token?service=harbor-registry&scope=repository:library/app:${text}`],
}

describeScenario('text made to keep a matcher busy', (registry) => {
  test.each(Object.entries(places))('is refused as %s', async (place, requestOf) => {
    const client = new V2Client(registry())
    for (const text of texts) {
      const { status } = await client.request(...requestOf(text))
      const shown = `${place}: ${text.slice(0, 12)}…`
      expect({ shown, status, refused: status >= 400 && status < 500 && !notLookedAt.includes(status) }).toEqual({
        shown,
        status,
        refused: true,
      })
    }
  })

  test('is no repository to mount from: an upload begins, as after any mount that cannot be', async () => {
    const client = new V2Client(registry())
    const repository = registry().newRepository()
    for (const text of texts) {
      const query = `mount=sha256:${'a'.repeat(64)}&from=${text}`
      const { status } = await client.request(`/v2/${repository}/blobs/uploads/?${query}`, { method: 'POST' })
      expect({ text: text.slice(0, 12), status }).toEqual({ text: text.slice(0, 12), status: 202 })
    }
  })

  test('begins no repository and no session', async () => {
    const { status } = await new V2Client(registry()).request('/v2/library/app/tags/list')
    expect(status).toBe(404)
  })
})
