/**
 * Does the work and says how long the event loop was kept from others at the most, in milliseconds of the processor:
 * what another process on the machine does meanwhile does not count.
 */
export async function longestTurn<T>(work: () => Promise<T>): Promise<{ readonly ms: number; readonly result: T }> {
  let longest = 0
  let isOver = false
  let before = process.threadCpuUsage()
  const look = () => {
    const { user, system } = process.threadCpuUsage(before)
    longest = Math.max(longest, (user + system) / 1_000)
    before = process.threadCpuUsage()
    if (!isOver) setImmediate(look)
  }
  setImmediate(look)
  // What comes before the first turn counts too: the work begins in a turn of its own.
  await new Promise((resolve) => setImmediate(resolve))
  try {
    const result = await work()
    await new Promise((resolve) => setImmediate(resolve))
    return { ms: longest, result }
  } finally {
    isOver = true
  }
}
