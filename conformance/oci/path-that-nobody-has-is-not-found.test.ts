import { expect, test } from 'bun:test'
import { describeScenario } from '../harness/scenario.ts'
import { sendRaw } from '../harness/raw-request.ts'
import { errorCodesOf, V2Client } from '../harness/v2-client.ts'

const paths = [
  'nope',
  '_catalog/',
  '_oci/ext/discover',
  'library/app/_oci/artifacts/referrers',
  'library/app/_trust/tuf/root.json',
  'library/app/tags/list/',
  'library/app/tags',
  'library/app/manifests/',
  'library/app/blobs/',
  'library/app/referrers/',
  'library/app/manifests/v1/',
  'library/app/blobs/uploads//',
  'library/app//tags/list',
  'library//app/tags/list',
  '/_catalog',
  '/',
  'tags/list',
  'manifests/v1',
]

describeScenario('a path under /v2 that nobody has', (registry) => {
  test('is not found, whoever asks and however', async () => {
    for (const client of [new V2Client(registry()), new V2Client(registry(), 'anonymous')]) {
      for (const path of paths) {
        for (const method of ['GET', 'POST', 'PUT', 'DELETE']) {
          const response = await client.request(`/v2/${path}`, { method })
          const told = { method, path, status: response.status, codes: await errorCodesOf(response) }
          expect(told).toEqual({ method, path, status: 404, codes: ['UNSUPPORTED'] })
        }
      }
    }
  })

  test('is not found in front of /v2 either', async () => {
    expect(
      await sendRaw(registry(), `GET //v2/ HTTP/1.1\r\nhost: ${registry().host}\r\nconnection: close\r\n\r\n`),
    ).toBe(404)
  })
})
