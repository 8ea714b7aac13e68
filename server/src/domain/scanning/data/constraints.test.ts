import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import type { AffectedRange } from '../advisories.ts'
import type { PackageKind } from '../inventory.ts'
import { parseConstraint } from './constraints.ts'

describe('ranges of advisories', () => {
  const cases: readonly (readonly [PackageKind, string, readonly AffectedRange[]])[] = [
    ['npm', '<4.17.12', [{ fixed: '4.17.12' }]],
    ['npm', '< 3.0.0', [{ fixed: '3.0.0' }]],
    [
      'npm',
      '>=1.0.0 <1.2.3 || =2.0.0',
      [
        { introduced: '1.0.0', fixed: '1.2.3' },
        { introduced: '2.0.0', lastAffected: '2.0.0' },
      ],
    ],
    ['npm', '1.0.0 - 1.4.2', [{ introduced: '1.0.0', lastAffected: '1.4.2' }]],
    ['npm', '*', [{}]],
    ['npm', '1.x', [{ introduced: '1', fixed: '2' }]],
    ['npm', '^1.2.3', [{ introduced: '1.2.3', fixed: '2' }]],
    ['npm', '^0.2.3', [{ introduced: '0.2.3', fixed: '0.3' }]],
    ['npm', '~1.2.3', [{ introduced: '1.2.3', fixed: '1.3' }]],
    ['gem', '~> 4.2.9', [{ introduced: '4.2.9', fixed: '4.3' }]],
    ['gem', '~> 4.2', [{ introduced: '4.2', fixed: '5' }]],
    ['gem', '>= 3.0.0, <= 3.2.22.4', [{ introduced: '3.0.0', lastAffected: '3.2.22.4' }]],
    ['maven', '[2.9.0,2.9.10.7)', [{ introduced: '2.9.0', fixed: '2.9.10.7' }]],
    ['maven', '(,1.0]', [{ lastAffected: '1.0' }]],
    ['maven', '[1.5]', [{ introduced: '1.5', lastAffected: '1.5' }]],
    ['pypi', '>1.0', [{ after: '1.0' }]],
    ['pypi', '3.0.0', [{ introduced: '3.0.0', lastAffected: '3.0.0' }]],
  ]
  test.each(cases)('%s: %s', (kind, text, ranges) => {
    expect(parseConstraint(text, kind)).toEqual(ranges)
  })

  test.each(['!=1.0', '>=', 'a b c >', '[1,2', '>= 1 and < 2'])('%s is refused, not guessed', (text) => {
    expect(parseConstraint(text, 'npm')).toBeUndefined()
  })

  test('any text is either read or refused', () => {
    fc.assert(fc.property(fc.string({ maxLength: 60 }), (text) => void parseConstraint(text, 'npm')))
  })

  test('a long text takes no longer than a line', () => {
    const start = performance.now()
    for (const text of [' '.repeat(9_999), '<'.repeat(9_999), '1,'.repeat(4_999), 'x.'.repeat(4_999)])
      parseConstraint(text, 'npm')
    expect(performance.now() - start).toBeLessThan(5_000)
  })
})
