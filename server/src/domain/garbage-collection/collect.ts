import type { Database } from '../../database/database.ts'
import { lockRows } from '../../database/locking.ts'
import { faultPoint } from '../../runtime/fault-points.ts'
import type { BlobLocation, BlobSweeper } from '../../storage/blob-store.ts'
import type { Clock } from '../clock.ts'
import { trashBytes } from '../content/blob-rows.ts'
import { findHeldSince } from '../content/storage-hold.ts'

export interface CollectorOptions {
  readonly database: Database
  readonly sweeper: BlobSweeper
  readonly clock: Clock
  /** How long a condemned blob waits for somebody to push or mount it again. */
  readonly graceMs: number
  /** How long bytes without a row stay, for the reads that looked them up before. */
  readonly trashMs: number
  /** How many rows one step looks at before it lets others go on. */
  readonly batch: number
}

export interface Collected {
  /** Links without a manifest that were taken out of their repository. */
  links: number
  condemned: number
  /** Blobs whose row went. */
  blobs: number
  freedBytes: number
}

/**
 * One round of garbage collection: a blob goes `live → condemned → gone`, and its bytes after it. Every
 * step works from a queue of what changed, never from a walk of the store, in transactions of one
 * blob each, beside pushes and pulls (invariant 7). A round that dies in any place is simply gone on with.
 */
export async function collectGarbage(options: CollectorOptions): Promise<Collected> {
  const collected: Collected = { links: 0, condemned: 0, blobs: 0, freedBytes: 0 }
  await reviewLinks(options, collected)
  await removeCondemned(options, collected)
  await sweepTrash(options, collected)
  return collected
}

/** Takes links out of repositories when their lease is over and no manifest holds them. */
async function reviewLinks(options: CollectorOptions, collected: Collected): Promise<void> {
  const { database, clock, batch } = options
  const due = await database.read
    .selectFrom('link_review')
    .select(['repository_id', 'digest'])
    .where('review_after', '<=', clock.now())
    .orderBy('review_after')
    .limit(batch)
    .execute()
  for (const review of due) {
    const outcome = await database.write(async (tx) => {
      const now = clock.now()
      // Blob before link: the order in which pushes and mounts take the same locks.
      await lockRows(database, tx.selectFrom('blob').select('digest').where('digest', '=', review.digest)).execute()
      const link = await lockRows(
        database,
        tx
          .selectFrom('repository_blob')
          .select('protected_until')
          .where('repository_id', '=', review.repository_id)
          .where('digest', '=', review.digest),
      ).executeTakeFirst()
      // Asked only now, with the locks held: a push that came first is seen here.
      const used = await tx
        .selectFrom('artifact_blob')
        .select('artifact_id')
        .where('repository_id', '=', review.repository_id)
        .where('digest', '=', review.digest)
        .limit(1)
        .executeTakeFirst()
      if (link !== undefined && used === undefined && link.protected_until > now) {
        await tx
          .updateTable('link_review')
          .set({ review_after: link.protected_until })
          .where('repository_id', '=', review.repository_id)
          .where('digest', '=', review.digest)
          .execute()
        return { link: false, condemned: false }
      }
      const unlink = link !== undefined && used === undefined
      if (unlink) {
        await tx
          .deleteFrom('repository_blob')
          .where('repository_id', '=', review.repository_id)
          .where('digest', '=', review.digest)
          .execute()
      }
      await tx
        .deleteFrom('link_review')
        .where('repository_id', '=', review.repository_id)
        .where('digest', '=', review.digest)
        .execute()
      const linked = await tx
        .selectFrom('repository_blob')
        .select('digest')
        .where('digest', '=', review.digest)
        .limit(1)
        .executeTakeFirst()
      if (linked !== undefined) return { link: unlink, condemned: false }
      const condemned = await tx
        .updateTable('blob')
        .set({ state: 'condemned', condemned_at: now })
        .where('digest', '=', review.digest)
        .where('state', '=', 'live')
        .executeTakeFirst()
      return { link: unlink, condemned: condemned.numUpdatedRows > 0n }
    })
    if (outcome.link) collected.links++
    if (outcome.condemned) collected.condemned++
  }
}

/** Moves blobs that stayed condemned for the grace period from rows to trash. */
async function removeCondemned(options: CollectorOptions, collected: Collected): Promise<void> {
  const { database, clock, graceMs, batch } = options
  const due = await database.read
    .selectFrom('blob')
    .select('digest')
    .where('state', '=', 'condemned')
    .where('condemned_at', '<=', clock.now() - graceMs)
    .orderBy('condemned_at')
    .limit(batch)
    .execute()
  for (const { digest } of due) {
    const gone = await database.write(async (tx) => {
      const now = clock.now()
      const blob = await lockRows(
        database,
        tx.selectFrom('blob').select(['location', 'size', 'state', 'condemned_at']).where('digest', '=', digest),
      ).executeTakeFirst()
      // The second look: somebody may have pushed or mounted it since.
      if (blob?.state !== 'condemned' || (blob.condemned_at ?? now) > now - graceMs) return false
      const linked = await tx
        .selectFrom('repository_blob')
        .select('digest')
        .where('digest', '=', digest)
        .limit(1)
        .executeTakeFirst()
      if (linked !== undefined) {
        await tx.updateTable('blob').set({ state: 'live', condemned_at: null }).where('digest', '=', digest).execute()
        return false
      }
      await trashBytes(tx, { location: blob.location, digest, size: blob.size }, now)
      await tx.deleteFrom('blob').where('digest', '=', digest).execute()
      return true
    })
    if (gone) collected.blobs++
  }
}

/**
 * Deletes bytes no row points to. Their location is never given out again, so this needs no lock: a push of
 * the same digest lies elsewhere. Bytes first, row last: a crash in between only deletes nothing again.
 */
async function sweepTrash(options: CollectorOptions, collected: Collected): Promise<void> {
  const { database, sweeper, clock, trashMs, batch } = options
  const now = clock.now()
  const trashedBy = Math.min(now - trashMs, await findHeldSince(database, now))
  const due = await database.read
    .selectFrom('blob_trash')
    .select(['location', 'size'])
    .where('trashed_at', '<=', trashedBy)
    .orderBy('trashed_at')
    .limit(batch)
    .execute()
  if (due.length === 0) return
  const locations = due.map((row) => row.location)
  // Rows before bytes, also through a power loss: an acknowledged write makes durable what was read above.
  await database.write(() => Promise.resolve())
  await sweeper.delete(locations as BlobLocation[])
  faultPoint('trash-after-delete')
  for (let start = 0; start < locations.length; start += 500) {
    await database.write(async (tx) => {
      await tx
        .deleteFrom('blob_trash')
        .where('location', 'in', locations.slice(start, start + 500))
        .execute()
    })
  }
  for (const row of due) collected.freedBytes += row.size
}
