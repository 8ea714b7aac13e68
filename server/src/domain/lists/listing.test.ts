import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { maxKeyLength, matching, ordering, type ListColumns } from './listing.ts'

const keys = ['project_id', 'name', 'creation_time', 'oidc_user_id', 'a1_b']
const columns: ListColumns = Object.fromEntries(keys.map((key) => [key, { ref: `t.${key}`, type: 'text' as const }]))
const isKnown = (key: string): boolean => matching(columns, [{ kind: 'exact', key, value: 'x' }]).length === 1

describe('keys of conditions and orders', () => {
  test.each([
    ['ProjectID', true],
    ['projectId', true],
    ['project_id', true],
    ['Name', true],
    ['CreationTime', true],
    ['OIDCUserID', true],
    ['a1B', true],
    ['name__icontains', true],
    ['PROJECTID', false],
    ['constructor', false],
    ['__proto__', false],
    ['', false],
  ])('%p is written as a Go field or a column: %p', (key, known) => {
    expect(isKnown(key)).toBe(known)
    expect(ordering(columns, [{ key, descending: true }], [{ key: 'name', descending: false }])[0]?.direction).toBe(
      known && !key.includes('__') ? 'desc' : 'asc',
    )
  })

  test('become columns as the two expressions would make them that are too slow for long keys', () => {
    const slow = (key: string) =>
      key
        .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
        .replace(/([A-Z]+)([A-Z][a-z])/g, '$1_$2')
        .toLowerCase()
    fc.assert(
      fc.property(fc.stringMatching(/^[A-Ca-c1_]{1,24}$/), (key) => {
        const one: ListColumns = { [slow(key)]: { ref: 't.x', type: 'text' } }
        expect(matching(one, [{ kind: 'exact', key, value: 'x' }])).toHaveLength(/__(in)$/.test(key) ? 0 : 1)
      }),
    )
  })

  test('beyond their length are no column, whatever is written in them', () => {
    for (const key of ['A', 'aA', '_', 'a__', 'Aa'].map((part) => part.repeat(100_000)))
      expect(isKnown(key)).toBe(false)
    expect(isKnown('x'.repeat(maxKeyLength + 1))).toBe(false)
  })
})
