import { expect, test } from 'bun:test'
import { warningsOf } from './manifests.ts'

test('every sentence is a warning of its own, without what would end it or break the header', () => {
  expect(warningsOf([])).toEqual({})
  expect(warningsOf(['the policy "a" holds this back', '许可\r\nx: y'])).toEqual({
    warning: `299 - "the policy 'a' holds this back", 299 - "????x: y"`,
  })
})

test('more than a header has room for is cut, and the first sentences are told all the same', () => {
  const { warning = '' } = warningsOf([
    `first ${'a'.repeat(5_000)}`,
    ...Array.from({ length: 9 }, () => 'b'.repeat(900)),
  ])
  expect(warning.length).toBeLessThanOrEqual(4_096)
  expect(warning.startsWith('299 - "first aaa')).toBe(true)
  expect(warning.endsWith('b"')).toBe(true)
})
