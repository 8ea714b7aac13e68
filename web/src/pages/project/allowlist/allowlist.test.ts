import { expect, test } from 'bun:test'
import { acceptedIds, endOfDay, idsIn, lastDayOf, usesRegistryList } from './allowlist.ts'

const list = { items: [{ cve_id: 'CVE-2026-1' }], expires_at: 1_800_000_000 }

test('an expired list accepts nothing', () => {
  expect([...acceptedIds(list, 1_799_999_999_999)]).toEqual(['CVE-2026-1'])
  expect([...acceptedIds(list, 1_800_000_000_000)]).toEqual([])
  expect([...acceptedIds({ ...list, expires_at: null }, Number.MAX_SAFE_INTEGER)]).toEqual(['CVE-2026-1'])
})

test('a project uses the list of the registry unless it says that it has its own', () => {
  expect(usesRegistryList({ metadata: {} })).toBe(true)
  expect(usesRegistryList({ metadata: { reuse_sys_cve_allowlist: 'true' } })).toBe(true)
  expect(usesRegistryList({ metadata: { reuse_sys_cve_allowlist: 'false' } })).toBe(false)
})

test('an id is added once, and the expiry stays', () => {})

test('ids are read however they are set apart', () => {
  expect(idsIn(' CVE-2026-1,CVE-2026-2\nGHSA-a；CVE-2026-1 ')).toEqual(['CVE-2026-1', 'CVE-2026-2', 'GHSA-a'])
})

test('the last day of a list is the one that somebody chose', () => {
  for (const day of ['2026-12-31', '2027-02-28', '2027-03-28'])
    expect(lastDayOf({ expires_at: endOfDay(day) })).toBe(day)
  expect(lastDayOf({ expires_at: null })).toBe('')
  expect(endOfDay('')).toBeNull()
})
