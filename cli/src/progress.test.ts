import { expect, test } from 'bun:test'
import { formatDuration, showProgress } from './progress.ts'

function watched(isTerminal: boolean) {
  let at = 0
  const written: string[] = []
  const show = showProgress('blobs', { isTerminal, write: (text) => void written.push(text), now: () => at })
  return { written, show, pass: (ms: number) => void (at += ms) }
}

test('a terminal shows bytes, rate and time left, in one line', () => {
  const { written, show, pass } = watched(true)
  pass(10_000)
  show({ count: 1, total: 4, bytes: 50e6, totalBytes: 200e6 })
  pass(100)
  show({ count: 2, total: 4, bytes: 60e6, totalBytes: 200e6 })
  pass(30_000)
  show({ count: 4, total: 4, bytes: 200e6, totalBytes: 200e6 })
  expect(written).toHaveLength(2)
  expect(written[0]).toBe('\rblobs: 1 of 4, 50.0 MB of 200.0 MB, 5.0 MB/s, 30 s left')
  expect(written[1]).toStartWith('\rblobs: 4 of 4, 200.0 MB of 200.0 MB')
  expect(written[1]).toEndWith('\n')
})

test('elsewhere there is a line now and then', () => {
  const { written, show, pass } = watched(false)
  for (let count = 1; count <= 100; count++) {
    pass(1_000)
    show({ count, total: 100, bytes: count * 1e6 })
  }
  expect(written).toHaveLength(3)
  expect(written[0]).toBe('blobs: 30 of 100, 30.0 MB, 1.0 MB/s, 1 min 10 s left\n')
})

test.each([
  [0.42, '0.4 s'],
  [59.6, '1 min 0 s'],
  [125, '2 min 5 s'],
  [7_260, '2 h 1 min'],
])('%d seconds are %s', (seconds, text) => {
  expect(formatDuration(seconds)).toBe(text)
})
