import type { Writer } from '../../database/database.ts'
import { lockRows } from '../../database/locking.ts'
import { faultPoint } from '../../runtime/fault-points.ts'
import type { Collected, CollectorOptions } from './collect.ts'
import { workThrough } from './work-through.ts'

interface Review {
  readonly repository_id: number
  readonly digest: string
}

/**
 * Takes links out of repositories when their lease is over and no manifest holds them, and condemns blobs that neither
 * a repository nor the trash holds. Losing this to a power failure costs another look: it need not be durable.
 */
export async function unlinkReviewed(options: CollectorOptions, collected: Collected): Promise<number> {
  const { database, clock, batch } = options
  const due = await database.read
    .selectFrom('link_review')
    .select(['repository_id', 'digest'])
    .where('review_after', '<=', clock.now())
    .orderBy('review_after')
    .limit(batch)
    .execute()
  await workThrough(due, options, async (group) => {
    const outcomes = await database.write(async (tx) => {
      const done: Outcome[] = []
      for (const review of group.toSorted(byDigest)) done.push(await lookAt(options, tx, review))
      faultPoint('gc-unlink-before-commit')
      return done
    }, 'relaxed')
    for (const { unlinked, condemned } of outcomes) {
      if (unlinked) collected.links++
      if (condemned) collected.condemned++
    }
  })
  return due.length
}

/** One order for every transaction that locks blobs and links. */
const byDigest = (a: Review, b: Review): number =>
  a.digest === b.digest ? a.repository_id - b.repository_id : a.digest < b.digest ? -1 : 1

interface Outcome {
  readonly unlinked: boolean
  readonly condemned: boolean
}

async function lookAt({ database, clock }: CollectorOptions, tx: Writer, review: Review): Promise<Outcome> {
  const now = clock.now()
  // Blob before link: the order in which pushes and mounts take the same locks.
  await lockRows(database, tx.selectFrom('blob').select('digest').where('digest', '=', review.digest)).execute()
  const ofReview = { repository_id: review.repository_id, digest: review.digest }
  const link = await lockRows(
    database,
    tx
      .selectFrom('repository_blob')
      .select('protected_until')
      .where((eb) => eb.and(ofReview)),
  ).executeTakeFirst()
  // Asked only now, with the locks held: a push that came first is seen here.
  const used = await tx
    .selectFrom('artifact_blob')
    .select('artifact_id')
    .where((eb) => eb.and(ofReview))
    .limit(1)
    .executeTakeFirst()
  if (link !== undefined && used === undefined && link.protected_until > now) {
    await tx
      .updateTable('link_review')
      .set({ review_after: link.protected_until })
      .where((eb) => eb.and(ofReview))
      .execute()
    return { unlinked: false, condemned: false }
  }
  const unlinked = link !== undefined && used === undefined
  if (unlinked) {
    await tx
      .deleteFrom('repository_blob')
      .where((eb) => eb.and(ofReview))
      .execute()
  }
  await tx
    .deleteFrom('link_review')
    .where((eb) => eb.and(ofReview))
    .execute()
  if (await isHeld(tx, review.digest)) return { unlinked, condemned: false }
  const condemned = await tx
    .updateTable('blob')
    .set({ state: 'condemned', condemned_at: now })
    .where('digest', '=', review.digest)
    .where('state', '=', 'live')
    .executeTakeFirst()
  return { unlinked, condemned: condemned.numUpdatedRows > 0n }
}

/** Whether a repository links the blob, or something in the trash needs it. */
export async function isHeld(tx: Writer, digest: string): Promise<boolean> {
  const linked = await tx
    .selectFrom('repository_blob')
    .select('digest')
    .where('digest', '=', digest)
    .limit(1)
    .executeTakeFirst()
  if (linked !== undefined) return true
  const kept = await tx
    .selectFrom('trash_blob')
    .select('digest')
    .where('digest', '=', digest)
    .limit(1)
    .executeTakeFirst()
  return kept !== undefined
}
