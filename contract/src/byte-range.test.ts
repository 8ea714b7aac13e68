import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { parseContentRange, parseRangeHeader } from './byte-range.ts'

const whole = { kind: 'whole' } as const
const unsatisfiable = { kind: 'unsatisfiable' } as const
const part = (start: number, end: number) => ({ kind: 'part', start, end }) as const

describe('range of a download', () => {
  test.each([
    [null, whole],
    ['bytes=0-499', part(0, 499)],
    ['bytes=500-', part(500, 999)],
    ['bytes=-500', part(500, 999)],
    ['bytes=-5000', part(0, 999)],
    ['bytes=999-999', part(999, 999)],
    ['bytes=0-99999999999999999999999', part(0, 999)],
    ['bytes=200-5000', part(200, 999)],
    ['BYTES = 1-2', part(1, 2)],
    ['bytes=1000-', unsatisfiable],
    ['bytes=1000-2000', unsatisfiable],
    ['bytes=99999999999999999999999-', unsatisfiable],
    ['bytes=500-0', unsatisfiable],
    ['bytes=-0', unsatisfiable],
    [
      'bytes=0-1,5-6',
      {
        kind: 'parts',
        parts: [
          { start: 0, end: 1 },
          { start: 5, end: 6 },
        ],
      },
    ],
    [
      'bytes= 0-1 , 998-, 2000-3000',
      {
        kind: 'parts',
        parts: [
          { start: 0, end: 1 },
          { start: 998, end: 999 },
        ],
      },
    ],
    [
      'bytes=0-1,-1',
      {
        kind: 'parts',
        parts: [
          { start: 0, end: 1 },
          { start: 999, end: 999 },
        ],
      },
    ],
    ['bytes=0-1,2000-', part(0, 1)],
    ['bytes=1000-,2000-', unsatisfiable],
    ['bytes=5-6,0-1', whole],
    ['bytes=0-5,5-6', whole],
    ['bytes=0-9,0-9', whole],
    ['bytes=0-1,x', whole],
    ['bytes=0-1,', whole],
    ['bytes=0-1,-', whole],
    [`bytes=${Array.from({ length: 513 }, (_, number) => `${number}-${number}`).join()}`, whole],
    ['bytes=', whole],
    ['bytes=-', whole],
    ['bytes=a-b', whole],
    ['bytes=1.5-2', whole],
    ['bytes=--5', whole],
    ['items=0-5', whole],
    ['0-5', whole],
  ] as const)('%p of 1000 bytes', (header, expected) => {
    expect(parseRangeHeader(header, 1000)).toEqual(expected)
  })

  test('nothing has no parts', () => {
    expect(parseRangeHeader('bytes=0-', 0)).toEqual(unsatisfiable)
    expect(parseRangeHeader('bytes=0-0', 0)).toEqual(unsatisfiable)
    expect(parseRangeHeader('bytes=-1', 0)).toEqual(whole)
    expect(parseRangeHeader(null, 0)).toEqual(whole)
  })

  test('several parts ascend within the bytes, and are together no more than they', () => {
    const spec = fc.tuple(fc.option(fc.nat(60), { nil: '' }), fc.option(fc.nat(60), { nil: '' }))
    fc.assert(
      fc.property(fc.array(spec, { minLength: 2, maxLength: 6 }), fc.nat(50), (specs, size) => {
        const range = parseRangeHeader(`bytes=${specs.map(([from, to]) => `${from}-${to}`).join()}`, size)
        if (range.kind !== 'parts') return
        let last = -1
        for (const { start, end } of range.parts) {
          expect(start).toBeGreaterThan(last)
          expect(end).toBeGreaterThanOrEqual(start)
          last = end
        }
        expect(last).toBeLessThan(size)
      }),
    )
  })

  test('a part always lies within the bytes', () => {
    const end = fc.option(fc.nat(), { nil: '' })
    fc.assert(
      fc.property(end, end, fc.nat(), (first, last, size) => {
        const range = parseRangeHeader(`bytes=${first}-${last}`, size)
        if (range.kind !== 'part') return
        expect(range.start).toBeGreaterThanOrEqual(0)
        expect(range.start).toBeLessThanOrEqual(range.end)
        expect(range.end).toBeLessThan(size)
      }),
    )
  })
})

describe('place of a chunk', () => {
  test.each([
    ['0-0', { start: 0, end: 0 }],
    ['0-1023', { start: 0, end: 1023 }],
    [' 5-9 ', { start: 5, end: 9 }],
    ['bytes 5-9/*', { start: 5, end: 9 }],
    ['bytes 5-9/100', { start: 5, end: 9 }],
    ['bytes=5-9', { start: 5, end: 9 }],
  ])('%p is understood', (header, expected) => {
    expect(parseContentRange(header)).toEqual(expected)
  })

  test.each([
    '',
    '-',
    '5',
    '5-',
    '-5',
    '9-5',
    'a-b',
    '0-9999999999999999',
    '0x1-0x2',
    '1-2,3-4',
    'items 1-2/3',
    '1e3-2e3',
  ])('%p is refused', (header) => {
    expect(parseContentRange(header)).toBeUndefined()
  })
})
