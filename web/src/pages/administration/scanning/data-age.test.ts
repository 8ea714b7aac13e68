import { expect, test } from 'bun:test'
import { ageOf } from './data-age.ts'

const now = Date.parse('2026-03-31T12:00:00Z')

test('an import is due after a week, and data of more than a month is not relied on', () => {
  const ages = ['2026-03-31T00:00:00Z', '2026-03-24T00:00:00Z', '2026-03-23T00:00:00Z', '2026-02-01T00:00:00Z']
  expect(ages.map((time) => ageOf(time, now).age)).toEqual(['fresh', 'fresh', 'due', 'outdated'])
  expect(ageOf('2026-03-21T00:00:00Z', now).days).toBe(10)
})

test('data that says nothing of its time is of unknown age, not fresh', () => {
  expect(ageOf('', now).age).toBe('unknown')
  expect(ageOf('1970-01-01T00:00:00.000Z', now).age).toBe('unknown')
})

test('a clock that is behind makes no negative age', () => {
  expect(ageOf('2026-04-02T00:00:00Z', now)).toEqual({ age: 'fresh', days: 0 })
})
