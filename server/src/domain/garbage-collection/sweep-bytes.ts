import { faultPoint } from '../../runtime/fault-points.ts'
import type { BlobLocation } from '../../storage/blob-store.ts'
import { findHeldSince } from '../content/storage-hold.ts'
import type { Collected, CollectorOptions } from './collect.ts'
import { workThrough } from './work-through.ts'

/** Locations of one call to the store, and of one statement: below every limit of either. */
const perDelete = 500

/**
 * Deletes doomed bytes. Their location is never given out again, so this needs no lock: a push of the same digest lies
 * elsewhere. Bytes go first and rows last, so a crash in between only repeats a delete.
 */
export async function sweepBytes(options: CollectorOptions, collected: Collected): Promise<number> {
  const { database, sweeper, clock, lingerMs, batch } = options
  const now = clock.now()
  const doomedBy = Math.min(now - lingerMs, await findHeldSince(database, now))
  const due = await database.read
    .selectFrom('blob_trash')
    .select(['location', 'size'])
    .where('trashed_at', '<=', doomedBy)
    .orderBy('trashed_at')
    .limit(batch)
    .execute()
  if (due.length === 0) return 0
  // Rows before bytes, also through a power loss: this durable write makes the rows that were read above durable.
  await database.write(() => Promise.resolve())
  faultPoint('gc-sweep-before-delete')
  await workThrough(
    due,
    options,
    async (group) => {
      const locations = group.map((row) => row.location)
      await sweeper.delete(locations as BlobLocation[])
      faultPoint('doomed-after-delete')
      await database.write(async (tx) => {
        await tx.deleteFrom('blob_trash').where('location', 'in', locations).execute()
      }, 'relaxed')
      for (const row of group) collected.freedBytes += row.size
    },
    perDelete,
  )
  return due.length
}
