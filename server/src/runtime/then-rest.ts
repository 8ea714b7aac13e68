import { setTimeout as sleep } from 'node:timers/promises'

const maxRestMs = 50

/**
 * Runs background work and then rests for as long as the work took. So requests keep half of the thread, the database
 * and the disk, however much work there is.
 */
export async function thenRest<T>(work: () => Promise<T>): Promise<T> {
  const began = performance.now()
  const result = await work()
  await sleep(Math.min(maxRestMs, performance.now() - began))
  return result
}
