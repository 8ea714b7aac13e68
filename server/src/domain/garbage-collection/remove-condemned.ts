import type { Writer } from '../../database/database.ts'
import { lockRows } from '../../database/locking.ts'
import { faultPoint } from '../../runtime/fault-points.ts'
import { doomBytes } from '../content/blob-rows.ts'
import type { Collected, CollectorOptions } from './collect.ts'
import { isHeld } from './unlink-reviewed.ts'
import { workThrough } from './work-through.ts'

/** Moves blobs that stayed condemned for the grace period from rows to bytes that wait to be deleted. */
export async function removeCondemned(options: CollectorOptions, collected: Collected): Promise<number> {
  const { database, clock, graceMs, batch } = options
  const due = await database.read
    .selectFrom('blob')
    .select('digest')
    .where('state', '=', 'condemned')
    .where('condemned_at', '<=', clock.now() - graceMs)
    .orderBy('condemned_at')
    .limit(batch)
    .execute()
  await workThrough(due, options, async (group) => {
    const removed = await database.write(async (tx) => {
      const gone: { readonly digest: string; readonly size: number }[] = []
      for (const digest of group.map((row) => row.digest).toSorted()) {
        const size = await remove(options, tx, digest)
        if (size !== undefined) gone.push({ digest, size })
      }
      faultPoint('gc-remove-before-commit')
      return gone
    }, 'relaxed')
    collected.blobs += removed.length
    for (const { digest, size } of removed) {
      collected.blobBytes += size
      options.onGone?.('blob', digest)
    }
  })
  return due.length
}

/** Returns the size of the blob when it went. */
async function remove(
  { database, clock, graceMs }: CollectorOptions,
  tx: Writer,
  digest: string,
): Promise<number | undefined> {
  const now = clock.now()
  const blob = await lockRows(
    database,
    tx.selectFrom('blob').select(['location', 'size', 'state', 'condemned_at']).where('digest', '=', digest),
  ).executeTakeFirst()
  // The second look: a push, mount or restore may have come since.
  if (blob?.state !== 'condemned' || (blob.condemned_at ?? now) > now - graceMs) return undefined
  if (await isHeld(tx, digest)) {
    await tx.updateTable('blob').set({ state: 'live', condemned_at: null }).where('digest', '=', digest).execute()
    return undefined
  }
  await doomBytes(tx, { location: blob.location, digest, size: blob.size }, now)
  await tx.deleteFrom('blob').where('digest', '=', digest).execute()
  return blob.size
}
