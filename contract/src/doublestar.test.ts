import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { parseDoublestar } from './doublestar.ts'

describe('patterns of rules', () => {
  test.each([
    ['**', ['', 'a', 'a/b', 'a/b/c'], []],
    ['*', ['', 'a', 'abc'], ['a/b']],
    ['v*', ['v', 'v1', 'v1.2'], ['1v', 'v/1']],
    ['v?.?', ['v1.2'], ['v12', 'v1/2', 'v1.23']],
    ['{prod,stage}-*', ['prod-1', 'stage-'], ['prod', 'test-1']],
    ['{a,b{c,d}}', ['a', 'bc', 'bd'], ['b', 'bcd']],
    ['[a-c]x', ['ax', 'cx'], ['dx', 'x']],
    ['[^a-c]x', ['dx'], ['ax', '/x']],
    ['[]a]', [']', 'a'], ['b']],
    ['a/**', ['a/', 'a/b', 'a/b/c'], ['a', 'ab', 'b/a']],
    ['**/a', ['a', 'x/a', 'x/y/a'], ['xa', 'a/x']],
    ['a/**/b', ['a/b', 'a/x/b', 'a/x/y/b'], ['ab', 'a/xb', 'a/b/c']],
    ['a**b', ['ab', 'axb'], ['a/b']],
    ['**/**/a', ['a', 'x/y/a'], ['b']],
    ['a\\*b', ['a*b'], ['axb']],
    ['{,a}b', ['b', 'ab'], ['a']],
    ['release-**', ['release-', 'release-1'], ['release-1/2']],
    ['', [''], ['a']],
  ] as const)('%p', (pattern, matching, others) => {
    const matches = parseDoublestar(pattern)
    expect(matching.filter((name) => !matches(name))).toEqual([])
    expect(others.filter((name) => matches(name))).toEqual([])
  })

  const manyLongAlternatives = `{a,b}`.repeat(7) + 'x'.repeat(30)
  test.each(['[a', '{a', 'a\\', '[z-a]', '{a,b}'.repeat(9), 'x'.repeat(1_025), manyLongAlternatives])(
    '%p is refused',
    (pattern) => {
      expect(() => parseDoublestar(pattern)).toThrow(/is no pattern/)
    },
  )

  test('a name without special characters matches itself and nothing else', () => {
    const name = fc.stringMatching(/^[a-z0-9._/-]{0,30}$/)
    fc.assert(
      fc.property(name, name, (one, other) => {
        expect(parseDoublestar(one)(other)).toBe(one === other)
      }),
    )
  })

  test('matches what a regular expression that says the same matches', () => {
    const piece = fc.constantFrom('a', 'b', '/', '*', '?', '[ab]', '-')
    const pattern = fc.array(piece, { maxLength: 8 }).map((pieces) => pieces.join('').replaceAll(/\*+/g, '*'))
    const name = fc.array(fc.constantFrom('a', 'b', '/', '-'), { maxLength: 10 }).map((parts) => parts.join(''))
    fc.assert(
      fc.property(pattern, name, (text, subject) => {
        const expression = text.replaceAll('*', '[^/]*').replaceAll('?', '[^/]')
        expect(parseDoublestar(text)(subject)).toBe(new RegExp(`^${expression}$`).test(subject))
      }),
    )
  })

  test('matches the same wherever in a long pattern a star, a directory or an alternative stands', () => {
    for (let length = 0; length <= 70; length++) {
      const before = `${'x'.repeat(length)}/`
      const matches = parseDoublestar(`${before}**/*-{b,cc}`)
      expect(['-b', 'a-cc', 'a/-b', 'a/b/c-cc'].filter((name) => !matches(before + name))).toEqual([])
      expect(['a-c', 'a/', 'b', '', 'a-b/', 'a-ccc'].filter((name) => matches(before + name))).toEqual([])
      expect(matches(`x${before}-b`)).toBe(false)
    }
  })

  test('a class costs as much as it has ranges: many of them are refused as long patterns are', () => {
    const manyRanges = `{b,c}{b,c}{b,c}[${'ad'.repeat(200)}]`
    expect(() => parseDoublestar(manyRanges)).toThrow(/alternatives have more than/)
    expect(parseDoublestar('[a-z]').steps).toBe(2)
  })

  test('takes steps in proportion to pattern and name, whatever somebody wrote', () => {
    const matches = parseDoublestar(`${'*a'.repeat(500)}b`)
    expect(matches.costPerCharacter).toBeLessThan(100)
    expect(matches('a'.repeat(500))).toBe(false)
    expect(parseDoublestar('*'.repeat(1_000))('a'.repeat(500))).toBe(true)
  })
})
