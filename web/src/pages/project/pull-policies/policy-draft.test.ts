import { expect, test } from 'bun:test'
import type { Condition } from './policy-api.ts'
import { draftOf, emptyDraft, licencesIn, policyOf, wrongFields } from './policy-draft.ts'

const conditions: readonly Condition[] = [
  { kind: 'scanned' },
  { kind: 'scanned', max_age_days: 7, complete: true },
  { kind: 'vulnerabilities' },
  { kind: 'vulnerabilities', severity: 'high', known_exploited: true, min_epss: 0.07, fixable: true, grace_days: 14 },
  { kind: 'signed' },
  { kind: 'signed', method: 'cosign', signers: ['release', 'qa'], match: 'all' },
  { kind: 'licences', denied: ['AGPL-3.0-only', 'SSPL-1.0'] },
  { kind: 'age', max_days: 90 },
  { kind: 'size', max_bytes: 2 * 1024 ** 3 },
  { kind: 'size', max_bytes: 1_500_000_001 },
]

test.each(conditions)('a policy that is opened and saved says the same: %j', (condition) => {
  const policy = { name: 'ours', mode: 'warn', repositories: 'api/**', tags: 'v*', condition } as const
  expect(policyOf(draftOf(policy))).toEqual(policy)
  expect([...wrongFields(draftOf(policy))]).toEqual([])
})

test('fields of another kind are not sent', () => {
  const draft = { ...emptyDraft, name: 'old', kind: 'age', maxDays: '3', denied: 'MIT', signers: ['release'] } as const
  expect(policyOf({ ...draft, signers: ['release'] }).condition).toEqual({ kind: 'age', max_days: 3 })
})

test('what cannot be sent is said at its field', () => {
  const wrong = (draft: Partial<typeof emptyDraft>) => [...wrongFields({ ...emptyDraft, name: 'ours', ...draft })]
  expect(wrong({ name: ' ' })).toEqual([['name', 'required']])
  expect(wrong({ name: '漏洞' })).toEqual([['name', 'name']])
  expect(wrong({ graceDays: '0' })).toEqual([['graceDays', 'number']])
  expect(wrong({ minEpss: '101' })).toEqual([['minEpss', 'number']])
  expect(wrong({ minEpss: 'many' })).toEqual([['minEpss', 'number']])
  expect(wrong({ kind: 'licences' })).toEqual([['denied', 'required']])
  expect(wrong({ kind: 'age' })).toEqual([['maxDays', 'number']])
  expect(wrong({ kind: 'size', maxSize: 'huge' })).toEqual([['maxSize', 'size']])
})

test('licences may be set apart by commas of either script, and by blanks', () => {
  expect(licencesIn(' MIT，AGPL-3.0-only; SSPL-1.0 MIT')).toEqual(['MIT', 'AGPL-3.0-only', 'SSPL-1.0'])
})
