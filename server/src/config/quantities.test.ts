import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { parseDuration, parseSize } from './quantities.ts'

test.each([
  ['500ms', 500],
  ['30s', 30_000],
  ['1.5h', 5_400_000],
  ['1h30m', 5_400_000],
  ['180d', 15_552_000_000],
  ['0s', 0],
])('%s is %d ms', (text, milliseconds) => {
  expect(parseDuration(text)).toBe(milliseconds)
})

test.each([
  ['0', 0],
  ['4096', 4096],
  ['10GB', 10_000_000_000],
  ['10 GiB', 10_737_418_240],
  ['1.5MiB', 1_572_864],
  ['2tib', 2_199_023_255_552],
  ['12b', 12],
])('%s is %d bytes', (text, bytes) => {
  expect(parseSize(text)).toBe(bytes)
})

test.each(['', ' ', '10', '-1s', '1x', '1 h', 's', '1h 30m', '1hh', '1e3s', '99999999999999999d'])(
  '"%s" is no duration',
  (text) => {
    expect(parseDuration(text)).toBeUndefined()
  },
)

test.each(['', '-1', '1.5', '10G', '1KB2', 'GB', '1e9', '0x10', '99999999TB'])('"%s" is no size', (text) => {
  expect(parseSize(text)).toBeUndefined()
})

test('any text gives a whole amount or nothing, never a number that is not one', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[0-9.]{0,20}[kKMGTi]{0,3}[bBsmhd]{0,2}$/)), (text) => {
      for (const amount of [parseDuration(text), parseSize(text)]) {
        expect(amount === undefined || (Number.isSafeInteger(amount) && amount >= 0)).toBe(true)
      }
    }),
  )
})
