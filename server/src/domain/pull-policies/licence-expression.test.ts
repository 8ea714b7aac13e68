import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { findDenied, readDenied } from './licence-expression.ts'

const deniedOf = (text: string, ...denied: readonly string[]) =>
  findDenied(
    text,
    denied.map((each) => readDenied(each)!),
  )
const isDenied = (text: string, ...denied: readonly string[]) => deniedOf(text, ...denied).denied.length > 0

test.each([
  ['GPL-3.0-only', 'GPL-3.0-only', true],
  ['gpl-3.0-ONLY', 'GPL-3.0-only', true],
  ['GPL-3.0', 'GPL-3.0-only', true],
  ['GPL-3.0', 'GPL-3.0-or-later', true],
  ['GPL-3.0-only', 'GPL-3.0', true],
  ['GPL-3.0+', 'GPL-3.0', true],
  ['GPL-3.0+', 'GPL-3.0-or-later', true],
  ['GPL-3.0+', 'GPL-3.0-only', false],
  ['GPL-3+', 'GPL-3.0-or-later', true],
  ['GPLv3+', 'GPL-3.0-or-later', true],
  ['GPL', 'GPL-3.0-only', true],
  ['GPL-2.0-only', 'GPL-3.0-only', false],
  ['LGPL-3.0-only', 'GPL-3.0-only', false],
  ['AGPL-3.0-only', 'GPL-3.0-only', false],
  ['LGPL-2.1', 'LGPL-2.1-or-later', true],
  ['Expat', 'MIT', true],
  ['EPL-1.0+', 'EPL-1.0', true],
  ['MIT-0', 'MIT', false],
  ['MIT AND GPL-3.0-only', 'GPL-3.0-only', true],
  ['MIT OR GPL-3.0-only', 'GPL-3.0-only', false],
  ['MIT or GPL-3.0-only', 'MIT', false],
  ['MIT OR BSD-3-Clause AND GPL-3.0-only', 'GPL-3.0-only', false],
  ['(MIT OR BSD-3-Clause) AND GPL-3.0-only', 'GPL-3.0-only', true],
  ['(GPL-3.0-only OR AGPL-3.0-only)', 'GPL-3.0-only', false],
  ['GPL-3.0, MIT', 'GPL-3.0-only', true],
  ['MIT/GPL-3.0', 'GPL-3.0-only', true],
  ['MIT;GPL-3.0', 'GPL-3.0-only', true],
  ['GPL-2.0-only WITH Classpath-exception-2.0', 'GPL-2.0-only', true],
  ['GPL-2.0-only WITH Classpath-exception-2.0', 'GPL-2.0-only WITH Classpath-exception-2.0', true],
  ['GPL-2.0-only', 'GPL-2.0-only WITH Classpath-exception-2.0', false],
  ['LicenseRef-Acme-1', 'LicenseRef-acme-1', true],
])('%p with %p denied: %p', (text, denied, expected) => {
  expect([deniedOf(text, denied).isRead, isDenied(text, denied)]).toEqual([true, expected])
})

test('a choice is denied when all of it is', () => {
  expect(deniedOf('GPL-3.0-only OR AGPL-3.0-only', 'GPL-3.0', 'AGPL-3.0').denied).toEqual([
    'GPL-3.0-only',
    'AGPL-3.0-only',
  ])
})

test.each([
  'BSD License',
  'GPL (>= 2)',
  'MIT AND',
  'OR MIT',
  '(MIT',
  'MIT)',
  'MIT WITH',
  'MIT WITH (a)',
  '',
  'MIT ,',
  '許可',
])('%p is not read, and that is said', (text) => {
  expect(deniedOf(text, 'MIT-0').isRead).toBe(false)
})

test('brackets in brackets and lengths without end are not read', () => {
  for (const text of [`${'('.repeat(40)}MIT${')'.repeat(40)}`, `${'MIT AND '.repeat(1_000)}MIT`])
    expect(deniedOf(text, 'MIT-0').isRead).toBe(false)
})

test('what is not read is looked through for denied names', () => {
  expect(deniedOf('either MIT or the GPL-3.0 (see LICENSE)', 'GPL-3.0-only')).toEqual({
    denied: ['GPL-3.0'],
    isRead: false,
  })
})

const ids = fc.constantFrom('MIT', 'Apache-2.0', 'BSD-3-Clause', 'GPL-2.0-only', 'GPL-3.0+', 'LGPL-2.1', 'EPL-2.0')
interface Written {
  readonly text: string
  readonly isDenied: (denied: string) => boolean
}
const { expression } = fc.letrec<{ expression: Written }>((tie) => ({
  expression: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    ids.map((id): Written => ({ text: id, isDenied: (denied) => id === denied })),
    fc
      .tuple(tie('expression'), tie('expression'), fc.constantFrom('AND', 'OR', 'and', 'or'))
      .map(([one, other, by]): Written => ({
        text: `(${one.text}) ${by}  (${other.text})`,
        isDenied: (denied) =>
          by.toLowerCase() === 'or'
            ? one.isDenied(denied) && other.isDenied(denied)
            : one.isDenied(denied) || other.isDenied(denied),
      })),
  ),
}))

test('an expression of any shape is denied as its operators say', () => {
  fc.assert(
    fc.property(expression, ids, ({ text, isDenied: expected }, denied) => {
      fc.pre(text.length < 2_000 && !text.includes('('.repeat(33)))
      const found = deniedOf(text, denied)
      expect([found.isRead, found.denied.length > 0]).toEqual([true, expected(denied)])
    }),
  )
})

test('no text makes it throw, and a denied id that stands alone in it is never missed', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (text) => {
      deniedOf(text, 'GPL-3.0-only')
      expect(
        isDenied(`${text.replace(/\bor\b/gi, '').replace(/[A-Za-z0-9.+:_-]/g, ' ')} GPL-3.0-only`, 'GPL-3.0-only'),
      ).toBe(true)
    }),
  )
})
