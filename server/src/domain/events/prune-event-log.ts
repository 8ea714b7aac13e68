import type { Database, Writer } from '../../database/database.ts'
import { giveAllPositions, hasWaiting, lockHead } from './event-log-head.ts'

/** The bounds of the log. */
export interface EventLogBounds {
  /** Every event stays for so long, for readers without a name. */
  readonly replayMs: number
  /** An event goes after this, also when a consumer has not had it. */
  readonly maxAgeMs: number
  /** Of more events than this the oldest go, also when a consumer has not had them. */
  readonly maxEvents: number
}

/**
 * Takes events out of the log, the oldest first and without holes, at most `batch` of them: those that every registered
 * consumer has had and that are older than `replayMs`, and those beyond the bounds. Readers that missed some are told
 * when they come. Returns their number; fewer than `batch` mean that the rest stays.
 */
export async function pruneEventLog(
  database: Database,
  now: number,
  bounds: EventLogBounds,
  batch: number,
): Promise<number> {
  if (await hasWaiting(database.read)) await giveAllPositions(database)
  return await database.write(async (tx) => {
    const { lastPosition, prunedPosition } = await lockHead(database, tx)
    const had = (await slowestPosition(tx)) ?? lastPosition
    const first = await tx
      .selectFrom('event_log')
      .select(['position', 'occurred_at'])
      .where('position', '>', prunedPosition)
      .orderBy('position')
      .limit(batch)
      .execute()
    const stays = first.findIndex(({ position, occurred_at: at }) => {
      const isBeyond = Number(position) <= lastPosition - bounds.maxEvents || at < now - bounds.maxAgeMs
      return !isBeyond && !(Number(position) <= had && at < now - bounds.replayMs)
    })
    const going = stays === -1 ? first : first.slice(0, stays)
    const last = going.at(-1)?.position
    if (last === undefined || last === null) return 0
    await tx.deleteFrom('event_log').where('position', '<=', last).execute()
    await tx.updateTable('event_log_head').set({ pruned_position: last }).execute()
    return going.length
  }, 'relaxed')
}

async function slowestPosition(tx: Writer): Promise<number | undefined> {
  const row = await tx.selectFrom('event_consumer').select('position').orderBy('position').limit(1).executeTakeFirst()
  return row === undefined ? undefined : Number(row.position)
}
