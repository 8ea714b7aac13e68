import { describe, expect, test } from 'bun:test'
import { parseLast, parsePageSize, parseTypeFilter } from './paging.ts'

const sizes = { fallback: 100, max: 1000 }
const invalid = expect.objectContaining({ name: 'ContractError', code: 'PAGE_INVALID' })

function outcome<T>(act: () => T): T | unknown {
  try {
    return act()
  } catch (thrown) {
    return thrown
  }
}

describe('page size', () => {
  test('0 is a size of its own, not the fallback', () => {
    expect(parsePageSize('0', sizes)).toBe(0)
    expect(parsePageSize(null, sizes)).toBe(100)
    expect(parsePageSize('', sizes)).toBe(100)
    expect(parsePageSize('7', sizes)).toBe(7)
  })

  test('however much is asked for, no more than the maximum is given', () => {
    for (const text of ['1001', '1000000000', '9223372036854775808', '9'.repeat(400)]) {
      expect(parsePageSize(text, sizes)).toBe(1000)
    }
  })

  test('what is not a whole number from 0 on is refused', () => {
    for (const text of ['-1', '1e308', 'NaN', 'Infinity', '1.5', ' 1', '0x10', '1\n', '１', '+1']) {
      expect(outcome(() => parsePageSize(text, sizes))).toEqual(invalid)
    }
  })
})

describe.each([
  ['last entry of the page before', parseLast],
  ['type that a list is filtered by', parseTypeFilter],
])('%s', (_, parse) => {
  test('up to 1024 characters pass as they are', () => {
    expect(parse(null)).toBeUndefined()
    expect(parse('')).toBeUndefined()
    expect(parse('v1.0')).toBe('v1.0')
    expect(parse('a'.repeat(1024))).toBe('a'.repeat(1024))
  })

  test('a megabyte, control characters and half characters are refused', () => {
    for (const text of ['a'.repeat(1025), 'a'.repeat(1_000_000), 'a\u0000', 'a\r\nb', '\ud800']) {
      expect(outcome(() => parse(text))).toEqual(invalid)
    }
  })
})
