import { expect, test } from 'bun:test'
import { describeScenario } from '../harness/scenario.ts'
import { errorCodesOf, expectStatus, V2Client } from '../harness/v2-client.ts'

const text = '0123456789'

/** RFC 9110 §14: a range that cannot be read is none; several that could multiply an answer are none either. */
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
  'bytes=2-2,0-0',
  'bytes=0-2,2-3',
  'bytes=0-1,x',
  `bytes=${'0-9,'.repeat(1500)}0-9`,
  `bytes=${'0-,'.repeat(4000)}-`,
  `bytes=${' '.repeat(8000)}x`,
]
const parts: readonly (readonly [range: string, part: string, contentRange: string])[] = [
  ['bytes=0-0', '0', 'bytes 0-0/10'],
  ['bytes=3-5', '345', 'bytes 3-5/10'],
  ['bytes=7-', '789', 'bytes 7-9/10'],
  ['bytes=7-8,10-20', '78', 'bytes 7-8/10'],
  ['bytes=-3', '789', 'bytes 7-9/10'],
  ['bytes=-99999999999999999999999999', text, 'bytes 0-9/10'],
  ['bytes=5-99999999999999999999999999', '56789', 'bytes 5-9/10'],
  [`bytes=0-${'9'.repeat(4000)}`, text, 'bytes 0-9/10'],
]
const several: readonly (readonly [range: string, parts: readonly (readonly [string, string])[]])[] = [
  [
    'bytes=0-0,2-3',
    [
      ['0-0/10', '0'],
      ['2-3/10', '23'],
    ],
  ],
  [
    'bytes=1-2, 4-5 ,-1',
    [
      ['1-2/10', '12'],
      ['4-5/10', '45'],
      ['9-9/10', '9'],
    ],
  ],
  [
    'bytes=0-0,8-99,20-30',
    [
      ['0-0/10', '0'],
      ['8-9/10', '89'],
    ],
  ],
]
const beyond = [
  'bytes=10-',
  'bytes=10-,12-',
  'bytes=10-20',
  'bytes=-0',
  'bytes=9223372036854775808-',
  `bytes=${'9'.repeat(4000)}-`,
]

describeScenario('a range of a blob', (registry) => {
  const setUp = async () => {
    const client = new V2Client(registry())
    const repository = registry().newRepository()
    const { digest } = await client.pushBlob(repository, new TextEncoder().encode(text))
    return async (range: string) => await client.request(`/v2/${repository}/blobs/${digest}`, { headers: { range } })
  }

  test('that has several parts gives each of them once, in one answer', async () => {
    const ask = await setUp()
    for (const [range, parts] of several) {
      const response = await expectStatus(await ask(range), 206)
      const [, boundary] = /^multipart\/byteranges; boundary=(\S+)$/.exec(response.headers.get('content-type')!)!
      expect(response.headers.get('content-range')).toBeNull()
      const body = await response.text()
      const sections = body.split(`\r\n--${boundary}`)
      expect(sections.at(0)).toBe('')
      expect(sections.at(-1)).toBe('--\r\n')
      const told = sections.slice(1, -1).map((section) => {
        const [head = '', bytes] = section.split('\r\n\r\n')
        return [/content-range: bytes (\S+)/.exec(head)?.[1], bytes]
      })
      expect([range, told]).toEqual([range, parts as unknown as typeof told])
    }
  })

  test('that is none, or several out of order, gives the blob once', async () => {
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
