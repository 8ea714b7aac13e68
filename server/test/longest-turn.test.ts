import { expect, test } from 'bun:test'
import { longestTurn } from './longest-turn.ts'

const keepBusy = (ms: number) => {
  const spent = () => {
    const { user, system } = process.threadCpuUsage()
    return (user + system) / 1_000
  }
  const began = spent()
  while (spent() - began < ms);
}

test('the longest turn of some work is that of its longest piece, wherever it stands', async () => {
  const rest = () => new Promise((resolve) => setImmediate(resolve))
  const pieces = async (...ms: readonly number[]) => {
    for (const piece of ms) {
      keepBusy(piece)
      await rest()
    }
  }
  for (const ms of [[80], [1, 80], [80, 1], [1, 80, 1]]) {
    const longest = (await longestTurn(() => pieces(...ms))).ms
    expect(longest).toBeGreaterThanOrEqual(80)
    expect(longest).toBeLessThan(160)
  }
  expect((await longestTurn(() => pieces(...Array.from({ length: 40 }, () => 4)))).ms).toBeLessThan(80)
})
