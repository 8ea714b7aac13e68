import { expect, test } from 'bun:test'
import { Throttle } from './throttle.ts'

async function* pieces(count: number, bytes: number): AsyncGenerator<Uint8Array> {
  for (let piece = 0; piece < count; piece++) yield new Uint8Array(bytes)
}

/** Its sleeps move its clock. */
function throttleForTest(kilobits: number) {
  let now = 0
  const sleep = async (ms: number) => void (now += ms)
  return { throttle: new Throttle(kilobits, () => now, sleep), elapsedMs: () => now }
}

const drain = async (throttle: Throttle, bytes: AsyncIterable<Uint8Array>) => {
  let received = 0
  for await (const piece of throttle.through(bytes, new AbortController().signal)) received += piece.byteLength
  return received
}

test('a kilobit a second is 128 bytes, beyond the first second', async () => {
  const { throttle, elapsedMs } = throttleForTest(8)
  expect(await drain(throttle, pieces(10, 1_024))).toBe(10_240)
  expect(elapsedMs()).toBe(9_000)
})

test('several streams share the speed', async () => {
  const { throttle, elapsedMs } = throttleForTest(8)
  await Promise.all([drain(throttle, pieces(5, 1_024)), drain(throttle, pieces(5, 1_024))])
  expect(elapsedMs()).toBeGreaterThanOrEqual(9_000)
})

test('no speed is no limit', async () => {
  const { throttle, elapsedMs } = throttleForTest(0)
  await drain(throttle, pieces(1_000, 100_000))
  expect(elapsedMs()).toBe(0)
})
