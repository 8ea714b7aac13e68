import { expect, test } from 'bun:test'
import { parseContentRange, parseRangeHeader } from './byte-range.ts'
import { withoutTrailing } from './trailing.ts'

test('what is cut from the end of a text is what stands there, and nothing before it', () => {
  expect(withoutTrailing('/a//b///', '/')).toBe('/a//b')
  expect(withoutTrailing('///', '/')).toBe('')
  expect(withoutTrailing('', '/')).toBe('')
  expect(withoutTrailing(`${'/'.repeat(1_000_000)}x`, '/')).toHaveLength(1_000_001)
})

test('a range of a million spaces is no range', () => {
  expect(parseRangeHeader(`bytes=${' '.repeat(1_000_000)}x`, 10)).toEqual({ kind: 'whole' })
  expect(parseContentRange(`bytes ${' '.repeat(1_000_000)}0-1`)).toBeUndefined()
})
