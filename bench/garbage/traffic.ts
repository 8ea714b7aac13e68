import type { Pusher, SmallImage } from './content.ts'

export interface Seen {
  readonly requests: number
  readonly p99Ms: number
  /** The longest wait of a pull, and of a push that ended well. */
  readonly longestPullMs: number
  readonly longestPushMs: number
  readonly failedPushes: number
}

export const warmUpMs = 1_500

/**
 * Two clients that pull at random and one that pushes, each with a pause after each, while `begin` runs: it is called
 * when they have warmed up, and only what is asked from then on counts.
 */
export async function traffic(
  pusher: Pusher,
  images: readonly SmallImage[],
  begin: () => Promise<unknown>,
): Promise<Seen> {
  const pulls: number[] = []
  let longestPushMs = 0
  let failedPushes = 0
  let ended = false
  let counts = false
  const working = (async () => {
    await Bun.sleep(warmUpMs)
    counts = true
    try {
      await begin()
    } finally {
      ended = true
    }
  })()
  const timed = async (work: () => Promise<unknown>) => {
    const started = performance.now()
    await work()
    return performance.now() - started
  }
  const pulling = Array.from({ length: 2 }, async () => {
    while (!ended) {
      const counted = counts
      const took = await timed(() => pusher.pull(images[Math.floor(Math.random() * images.length)]!))
      if (counted) pulls.push(took)
      await Bun.sleep(2)
    }
  })
  const pushing = async () => {
    for (let number = 0; !ended; number++) {
      try {
        const counted = counts
        const took = await timed(() => pusher.pushImage(`meanwhile-${number % 50}`, 2_000))
        if (counted) longestPushMs = Math.max(longestPushMs, took)
      } catch {
        failedPushes += 1
      }
      await Bun.sleep(20)
    }
  }
  await Promise.all([...pulling, pushing(), working])
  const sorted = pulls.toSorted((a, b) => a - b)
  return {
    requests: pulls.length,
    p99Ms: sorted[Math.floor(sorted.length * 0.99)] ?? 0,
    longestPullMs: sorted.at(-1) ?? 0,
    longestPushMs,
    failedPushes,
  }
}
