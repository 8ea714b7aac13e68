import { expect, test } from 'bun:test'
import { ClockWatch } from './clock-watch.ts'

test('a clock that is set is noticed once, forwards and back, and one that only goes on is not', () => {
  let [now, monotonic] = [1_000_000, 0]
  const watch = new ClockWatch({ clock: { now: () => now }, monotonic: () => monotonic })
  const pass = (ms: number, step = 0) => {
    now += ms + step
    monotonic += ms
    return watch.look()
  }
  expect([pass(2_000), pass(3_600_000), pass(2_000, 900)]).toEqual([undefined, undefined, undefined])
  expect([pass(2_000, 60_000), pass(2_000)]).toEqual([60, undefined])
  expect([pass(2_000, -3_600_000), pass(2_000)]).toEqual([-3_600, undefined])
})
