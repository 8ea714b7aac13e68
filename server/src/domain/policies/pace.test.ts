import { expect, test } from 'bun:test'
import { Pace } from './pace.ts'

test('work that somebody waits for ends when it is too much altogether, however often it rested', async () => {
  const pace = new Pace({ max: 2_500_000 })
  expect(pace.isDue(1_000_000)).toBe(true)
  await pace.rest()
  expect(pace.isDue(499_999)).toBe(false)
  expect(() => pace.isDue(1_000_002)).toThrow(/too much work/)
})

test('work that nobody waits for only rests', async () => {
  const pace = new Pace()
  for (let turn = 0; turn < 100; turn++) {
    expect(pace.isDue(1_000_000)).toBe(true)
    await pace.rest()
  }
})
