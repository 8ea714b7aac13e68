import { expect, test } from 'bun:test'
import { parseExpression } from './expression.ts'

test.each([
  ['(?i)^team-', 'Team-A', true],
  ['^team-', 'Team-A', false],
  ['(?i)(?s)^a.b$', 'A\nB', true],
  ['(?im)^b$', 'a\nB', true],
  ['x(?:y)', 'xy', true],
])('flags stand in front of an expression as in Go: %s', (text, name, matches) => {
  expect(parseExpression(text).test(name)).toBe(matches)
})

test.each(['(?i', '(?U)a', '(', 'a(?i)b'])('what JavaScript has no word for is refused: %s', (text) => {
  expect(() => parseExpression(text)).toThrow(SyntaxError)
})
