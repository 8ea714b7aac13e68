import { expect, test } from 'bun:test'
import { createUniqueImage } from '../harness/image.ts'
import { sendRaw } from '../harness/raw-request.ts'
import { describeScenario } from '../harness/scenario.ts'
import { expectStatus, V2Client } from '../harness/v2-client.ts'

const requests = 4_000

/** The same choices in every run (mulberry32), so that what fails once fails again. */
function choices(seed: number): <T>(from: readonly T[]) => T {
  let state = seed
  return (from) => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return from[((mixed ^ (mixed >>> 14)) >>> 0) % from.length]!
  }
}

const methods = ['GET', 'HEAD', 'PUT', 'POST', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND']
const oddities = [
  '',
  '%20',
  '0',
  '-1',
  '%',
  '%00',
  '%0a',
  '%25',
  '%ff',
  '..',
  '.',
  '*',
  '"',
  '\\',
  '😀',
  'null',
  '__proto__',
  'constructor',
  'a'.repeat(300),
  '9'.repeat(400),
  '%ED%A0%80',
  "'",
  '(',
  '[',
  '{}',
  '$1',
  '?',
  '#',
  '&',
  '=',
  ';',
]
const headerNames = [
  'range',
  'content-range',
  'if-none-match',
  'content-type',
  'content-encoding',
  'accept',
  'cookie',
  'x-request-id',
  'x-forwarded-for',
  'x-forwarded-host',
  'origin',
  'user-agent',
  'if-match',
  'x-harbor-csrf-token',
  'content-digest',
]
const headerOddities = [
  '',
  '0',
  'bytes=0-',
  'bytes=-',
  '0-0',
  '1-0',
  '*',
  '"',
  'application/json',
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.oci.image.manifest.v1+json',
  'gzip',
  'sid=x; sid=y',
  'a'.repeat(3_000),
  '\u00ff',
  '{}',
  'null',
  '9'.repeat(400),
]
const bodies = [
  '',
  '{}',
  '[]',
  'null',
  '{',
  '"',
  '0',
  '{"schemaVersion":2}',
  '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]}',
  '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[{}]}',
  '\u0000',
  'a'.repeat(70_000),
]

describeScenario('requests put together at random', (registry) => {
  test.each([1, 2, 3])(
    'are answered, none with an error of ours (round %i)',
    async (seed) => {
      const client = new V2Client(registry())
      const [repository, image] = [registry().newRepository(), createUniqueImage()]
      await client.pushImage(repository, image, 'v1')
      const upload = new URL(await client.startUpload(repository), registry().url).pathname.split('/').at(-1) ?? ''
      const { digest } = image.descriptor
      const pick = choices(seed)
      const word = () =>
        pick([...oddities, 'v1', digest, upload, repository, 'library', 'app', `sha512:${'a'.repeat(128)}`])
      const authorization = `authorization: Basic ${btoa(`${registry().username}:${registry().password}`)}`
      const statuses = new Set<number>()
      const failed: string[] = []
      for (let at = 0; at < requests; at += 1) {
        const resource = pick([
          'manifests',
          'blobs',
          'blobs/uploads',
          'tags',
          'tags/list',
          'referrers',
          '_catalog',
          word(),
        ])
        const path = pick([
          `/v2/${repository}/${resource}/${word()}`,
          `/v2/${repository}/${resource}/${word()}`,
          `/v2/${word()}/${resource}/${word()}`,
          `/v2/${word()}/${word()}/${resource}`,
          `/v2/${resource}`,
          `/service/token`,
          `/${word()}/${word()}`,
        ])
        const parameter = () =>
          `${pick(['n', 'last', 'artifactType', 'digest', 'mount', 'from', 'tag', 'digest-algorithm', 'ns', 'service', 'scope', 'account', word()])}=${pick([word(), word(), `repository:${word()}:${word()}`, 'harbor-registry'])}`
        const query = pick([
          '',
          `?${parameter()}`,
          `?${parameter()}&${parameter()}`,
          `?service=harbor-registry&${parameter()}`,
        ])
        const method = pick(methods)
        const body = method === 'GET' || method === 'HEAD' ? '' : pick(bodies)
        const headers = [
          `content-type: ${pick(headerOddities)}`,
          `${pick(headerNames)}: ${pick(headerOddities)}`,
          `content-length: ${Buffer.byteLength(body)}`,
        ].join('\r\n')
        // Libraries tidy up what they send: these requests are written by hand.
        const status = await sendRaw(
          registry(),
          `${method} ${path}${query} HTTP/1.1\r\nhost: ${registry().host}\r\n${authorization}\r\n${headers}\r\n` +
            `connection: close\r\n\r\n${body}`,
        )
        statuses.add(status)
        if (status >= 500) failed.push(`${status} ${method} ${path}${query} ${headers}`)
      }
      expect(failed).toEqual([])
      // They do reach what they are meant for.
      expect([...statuses]).toEqual(expect.arrayContaining([200, 202, 400, 404, 405]))
      await expectStatus(await client.request('/v2/'), 200)
    },
    60_000,
  )
})
