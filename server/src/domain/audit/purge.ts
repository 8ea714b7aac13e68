import type { Database, Reader, Writer } from '../../database/database.ts'
import type { EventType } from '../events/event-types.ts'

/** The scope of a purge: records of these types from before that moment (ms). */
export interface PurgeScope {
  readonly before: number
  readonly types: readonly EventType[]
}

/** Ids from `low` to below `high`. */
export interface PurgeRange {
  readonly low: number
  readonly high: number
}

/** Ids looked at in one transaction, so that writers can go on beside a purge of years. */
const windowSize = 5_000

/** The ids that records from before the moment are among; undefined when there are none. */
export async function findPurgeRange(database: Database, { before }: PurgeScope): Promise<PurgeRange | undefined> {
  const edge = async (direction: 'asc' | 'desc') =>
    await database.read
      .selectFrom('event')
      .select('id')
      .where('occurred_at', '<', before)
      .orderBy('occurred_at', direction)
      .orderBy('id', direction)
      .limit(1)
      .executeTakeFirst()
  const [low, high] = [await edge('asc'), await edge('desc')]
  if (low === undefined || high === undefined) return undefined
  // Ids and times rise together but for transactions that overlap.
  return { low: Math.max(1, low.id - windowSize), high: high.id + windowSize }
}

/** The next part of a range, from `from` on; undefined behind its end. */
export function purgeWindow({ high }: PurgeRange, from: number): PurgeRange | undefined {
  return from >= high ? undefined : { low: from, high: Math.min(high, from + windowSize) }
}

/** Forgets the records in scope in one window. Returns their number. */
export async function purgeRecords(tx: Writer, scope: PurgeScope, { low, high }: PurgeRange): Promise<number> {
  if (scope.types.length === 0) return 0
  const purged = await tx
    .deleteFrom('event')
    .where('id', '>=', low)
    .where('id', '<', high)
    .where('occurred_at', '<', scope.before)
    .where('type', 'in', scope.types)
    .executeTakeFirst()
  return Number(purged.numDeletedRows)
}

/** How many records a purge would forget in one window. */
export async function countPurgeable(reader: Reader, scope: PurgeScope, { low, high }: PurgeRange): Promise<number> {
  if (scope.types.length === 0) return 0
  const { count } = await reader
    .selectFrom('event')
    .select((eb) => eb.fn.countAll<number | string>().as('count'))
    .where('id', '>=', low)
    .where('id', '<', high)
    .where('occurred_at', '<', scope.before)
    .where('type', 'in', scope.types)
    .executeTakeFirstOrThrow()
  return Number(count)
}
