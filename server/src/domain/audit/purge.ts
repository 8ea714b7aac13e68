import type { Database, Reader, Writer } from '../../database/database.ts'
import type { AuditChain } from './chain/audit-chain.ts'
import type { EventType } from '../events/event-types.ts'

/** The scope of a purge: records of these types from before that moment (ms). */
export interface PurgeScope {
  readonly before: number
  /** All when left out. */
  readonly types?: readonly EventType[]
}

/** Ids from `low` to below `high`. */
export interface PurgeRange {
  readonly low: number
  readonly high: number
}

/** Ids looked at in one transaction, so that writers can go on beside a purge of years. */
const windowSize = 5_000
const placesPerStatement = 500

/** The ids that records from before the moment are among; undefined when there are none. */
export async function findPurgeRange(
  database: Database,
  { before }: Pick<PurgeScope, 'before'>,
): Promise<PurgeRange | undefined> {
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

/**
 * Forgets the records in scope in one window, and has the chain say so. What is not sealed yet stays. Returns their number.
 */
export async function purgeRecords(
  tx: Writer,
  chain: Pick<AuditChain, 'purge'>,
  scope: PurgeScope,
  window: PurgeRange,
): Promise<number> {
  if (scope.types !== undefined && scope.types.length === 0) return 0
  const found = await inScope(tx, scope, window)
    .select('sequence')
    .where('sequence', 'is not', null)
    .orderBy('sequence')
    .execute()
  const sequences = found.map(({ sequence }) => Number(sequence))
  await chain.purge(tx, sequences, scope.before)
  for (let at = 0; at < sequences.length; at += placesPerStatement)
    await tx
      .deleteFrom('event')
      .where('sequence', 'in', sequences.slice(at, at + placesPerStatement))
      .execute()
  return sequences.length
}

function inScope(reader: Reader, { before, types }: PurgeScope, { low, high }: PurgeRange) {
  const query = reader
    .selectFrom('event')
    .where('id', '>=', low)
    .where('id', '<', high)
    .where('occurred_at', '<', before)
  return types === undefined ? query : query.where('type', 'in', types)
}

/**
 * Forgets records of every type from before `before` (ms), window by window. Returns how many went.
 */
export async function expireRecords(database: Database, chain: AuditChain, before: number): Promise<number> {
  const range = await findPurgeRange(database, { before })
  if (range === undefined) return 0
  await chain.seal()
  let expired = 0
  for (let from = range.low; ;) {
    const window = purgeWindow(range, from)
    if (window === undefined) return expired
    expired += await database.write((tx) => purgeRecords(tx, chain, { before }, window), 'relaxed')
    from = window.high
  }
}

/** How many records a purge would forget in one window. */
export async function countPurgeable(reader: Reader, scope: PurgeScope, window: PurgeRange): Promise<number> {
  if (scope.types?.length === 0) return 0
  const { count } = await inScope(reader, scope, window)
    .select((eb) => eb.fn.countAll<number | string>().as('count'))
    .executeTakeFirstOrThrow()
  return Number(count)
}
