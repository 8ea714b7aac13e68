import { setTimeout as sleep } from 'node:timers/promises'

const maxRestMs = 50

/**
 * Does a piece of work that nobody waits for and then rests for as long as it took: requests have half of the
 * thread, whatever the work is, and the disk and the database too.
 */
export async function thenRest<T>(work: () => Promise<T>): Promise<T> {
  const began = performance.now()
  const result = await work()
  await sleep(Math.min(maxRestMs, performance.now() - began))
  return result
}
