import { expect, test } from 'bun:test'
import { describeScenario } from '../harness/scenario.ts'
import { errorCodesOf, expectStatus, V2Client } from '../harness/v2-client.ts'

const text = '0123456789'

/** RFC 9110 §14: a range that cannot be read is none; several, which could multiply an answer, are none either. */
const whole = [
  'bytes',
  'bytes=',
  'bytes=-',
  'bytes=a-b',
  'bytes=1.5-2',
  'bytes=0x1-2',
  'bytes=--1',
  'bytes=-1-2',
  'bits=0-1',
  'BYTES 0-1',
  'bytes=0-0,2-2',
  `bytes=${'0-9,'.repeat(1500)}0-9`,
  `bytes=${'0-,'.repeat(4000)}-`,
  `bytes=${' '.repeat(8000)}x`,
]
const parts: readonly (readonly [range: string, part: string, contentRange: string])[] = [
  ['bytes=0-0', '0', 'bytes 0-0/10'],
  ['bytes=3-5', '345', 'bytes 3-5/10'],
  ['bytes=7-', '789', 'bytes 7-9/10'],
  ['bytes=-3', '789', 'bytes 7-9/10'],
  ['bytes=-99999999999999999999999999', text, 'bytes 0-9/10'],
  ['bytes=5-99999999999999999999999999', '56789', 'bytes 5-9/10'],
  [`bytes=0-${'9'.repeat(4000)}`, text, 'bytes 0-9/10'],
]
const beyond = ['bytes=10-', 'bytes=10-20', 'bytes=-0', 'bytes=9223372036854775808-', `bytes=${'9'.repeat(4000)}-`]

describeScenario('a range of a blob', (registry) => {
  const setUp = async () => {
    const client = new V2Client(registry())
    const repository = registry().newRepository()
    const { digest } = await client.pushBlob(repository, new TextEncoder().encode(text))
    return async (range: string) => await client.request(`/v2/${repository}/blobs/${digest}`, { headers: { range } })
  }

  test('that is none, or several, gives the blob once', async () => {
    const ask = await setUp()
    for (const range of whole) {
      const response = await ask(range)
      expect([range.slice(0, 40), response.status, await response.text()]).toEqual([range.slice(0, 40), 200, text])
      expect(response.headers.get('content-length')).toBe('10')
    }
  })

  test('gives its bytes, and no more than there are', async () => {
    const ask = await setUp()
    for (const [range, part, contentRange] of parts) {
      const response = await ask(range)
      const told = [range, response.status, await response.text(), response.headers.get('content-range')]
      expect(told).toEqual([range, 206, part, contentRange])
    }
  })

  test('behind its end is refused with its size', async () => {
    const ask = await setUp()
    for (const range of beyond) {
      const response = await expectStatus(await ask(range), 416)
      expect(response.headers.get('content-range')).toBe('bytes */10')
      expect(await errorCodesOf(response)).toEqual(['SIZE_INVALID'])
    }
  })
})
