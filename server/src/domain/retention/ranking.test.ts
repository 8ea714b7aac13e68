import { expect, test } from 'bun:test'
import { Ranking, type Unit } from './ranking.ts'

test('the latest are found out of many more than are held, whatever order they come in', () => {
  const units: Unit[] = Array.from({ length: 20_000 }, (_, at) => ({
    pushedAt: (at * 7_919) % 5_000,
    pulledAt: undefined,
    order: at,
  }))
  const ranking = new Ranking(700, ({ pushedAt }) => pushedAt)
  for (const unit of units) ranking.add(unit)
  const sorted = units.toSorted((one, other) => other.pushedAt - one.pushedAt || other.order - one.order)
  expect(sorted.slice(0, 700).map((unit) => ranking.placeOf(unit))).toEqual(
    Array.from({ length: 700 }, (_, at) => at + 1),
  )
  expect(sorted.slice(700).every((unit) => ranking.placeOf(unit) === 701)).toBe(true)
})

test('what comes later than everything that was ranked is first', () => {
  const ranking = new Ranking(2, ({ pushedAt }) => pushedAt)
  for (const pushedAt of [1, 2, 3]) ranking.add({ pushedAt, pulledAt: undefined, order: 1 })
  expect(ranking.placeOf({ pushedAt: 4, pulledAt: undefined, order: 1 })).toBe(1)
})

test('of none, nothing is among the latest', () => {
  const ranking = new Ranking(0, ({ pushedAt }) => pushedAt)
  const unit = { pushedAt: 1, pulledAt: undefined, order: 1 }
  ranking.add(unit)
  expect(ranking.placeOf(unit)).toBeGreaterThan(ranking.capacity)
})
