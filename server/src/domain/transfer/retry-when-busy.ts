import { setTimeout as sleep } from 'node:timers/promises'
import { DatabaseBusy } from '../../database/database.ts'

const pausesMs = [200, 1_000, 3_000, 10_000]

/** A registry that serves beside the import comes first: work that the database had no room for is tried again. */
export async function retryWhenBusy<T>(work: () => Promise<T>): Promise<T> {
  for (const pause of pausesMs) {
    try {
      return await work()
    } catch (error) {
      if (!(error instanceof DatabaseBusy)) throw error
      await sleep(pause)
    }
  }
  return await work()
}
