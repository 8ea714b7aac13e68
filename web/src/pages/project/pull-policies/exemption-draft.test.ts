import { expect, test } from 'bun:test'
import { dayAfter, wishIn } from './exemption-draft.ts'

test('a day so many days from today is one of the reader’s calendar', () => {
  expect(dayAfter(0, new Date(2026, 11, 31, 23, 59))).toBe('2026-12-31')
  expect(dayAfter(1, new Date(2026, 11, 31, 0, 0))).toBe('2027-01-01')
})

test('an address fills in texts of the form and nothing else', () => {
  const digest = `sha256:${'0'.repeat(64)}`
  expect(
    wishIn({ exempt: true, policy: 'ours', digest, reason: 'soon', lastDay: '2099-01-01', repositories: ['x'] }),
  ).toEqual({
    ...{ exempt: true, policy: 'ours', digest, reason: 'soon' },
  })
  expect(wishIn({ exempt: true, reason: 42 })).toEqual({ exempt: true, reason: '42' })
  expect(wishIn({ policy: 'ours' })).toEqual({})
  expect(wishIn({ exempt: true, reason: 'x'.repeat(5_000) }).reason?.length).toBe(1_024)
})
