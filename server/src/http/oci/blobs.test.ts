import { expect, test } from 'bun:test'
import { parseDigest } from '#contract/digest.ts'
import { counterOf } from '../counted-body.ts'
import { getBlobEndpoint } from './blobs.ts'
import type { OciRequest, OciServices } from './oci-request.ts'

const digest = parseDigest(`sha256:${'3f'.repeat(32)}`)
const bytes = new TextEncoder().encode('0123456789')

const blob = {
  digest,
  sizeBytes: bytes.length,
  redirect: async () => undefined,
  open: async ({ start = 0, end = bytes.length - 1 } = {}) => new Blob([bytes.slice(start, end + 1)]),
}

async function getRange(range: string): Promise<Response> {
  const services = { admit: async () => ({}), blobs: { getBlob: async () => blob } } as unknown as OciServices
  const request = new Request('http://registry.test/', { headers: { range } })
  return await getBlobEndpoint(services, { request, reference: digest } as Partial<OciRequest> as OciRequest)
}

test('several parts are counted on their way, since their length is not announced', async () => {
  const answer = await getRange('bytes=0-0,2-3')
  expect(answer.headers.get('content-length')).toBeNull()
  const counted = counterOf(answer)
  expect(counted?.()).toBe(0)
  const { byteLength } = await answer.arrayBuffer()
  expect(byteLength).toBeGreaterThan(3)
  expect(counted?.()).toBe(byteLength)
})

test('one part is announced, and the listener sends it by itself', async () => {
  const answer = await getRange('bytes=2-3')
  expect([answer.headers.get('content-length'), counterOf(answer)]).toEqual(['2', undefined])
})
