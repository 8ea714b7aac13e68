import { randomBytes } from 'node:crypto'
import { sql } from 'kysely'
import type { Database, Reader, Writer } from '../../database/database.ts'
import { lockRows } from '../../database/locking.ts'

/** The state of the log. */
export interface EventLogHead {
  readonly epoch: string
  readonly lastPosition: number
  /** Events up to here are gone. */
  readonly prunedPosition: number
}

/** Events that get their positions in one transaction. */
const eventsPerSequencing = 1_000

export async function findHead(reader: Reader): Promise<EventLogHead | undefined> {
  const row = await reader
    .selectFrom('event_log_head')
    .select(['epoch', 'last_position', 'pruned_position'])
    .executeTakeFirst()
  if (row === undefined) return undefined
  return { epoch: row.epoch, lastPosition: Number(row.last_position), prunedPosition: Number(row.pruned_position) }
}

/** The head under its lock: one transaction at a time gives positions or takes events away. */
export async function lockHead(database: Pick<Database, 'dialect'>, tx: Writer): Promise<EventLogHead> {
  await tx
    .insertInto('event_log_head')
    .values({ id: 1, epoch: newEpoch(), last_position: 0, pruned_position: 0 })
    .onConflict((conflict) => conflict.column('id').doNothing())
    .execute()
  await lockRows(database, tx.selectFrom('event_log_head').select('id')).execute()
  return (await findHead(tx))!
}

export async function hasWaiting(reader: Reader): Promise<boolean> {
  const row = await reader
    .selectFrom('event_log')
    .select('id')
    .where('position', 'is', null)
    .limit(1)
    .executeTakeFirst()
  return row !== undefined
}

/**
 * Gives positions to committed events that have none, the lower id first. Uncommitted events are invisible here and get
 * higher positions later, whatever their ids, so readers pass nothing over. Durable: after a power failure, a position
 * that a consumer has heard of must not be another event's.
 */
export async function giveNextPositions(
  database: Database,
): Promise<{ readonly lastPosition: number; readonly more: boolean }> {
  return await database.write(async (tx) => {
    const { lastPosition } = await lockHead(database, tx)
    const waiting = await tx
      .selectFrom('event_log')
      .select('id')
      .where('position', 'is', null)
      .orderBy('id')
      .limit(eventsPerSequencing)
      .execute()
    if (waiting.length === 0) return { lastPosition, more: false }
    const highestId = waiting.at(-1)!.id
    await sql`update event_log set position = ${lastPosition} + numbered.n
      from (
        select id, row_number() over (order by id) as n from event_log where position is null and id <= ${highestId}
      ) as numbered
      where event_log.id = numbered.id`.execute(tx)
    const { position } = await tx
      .selectFrom('event_log')
      .select((eb) => eb.fn.max('position').as('position'))
      .where('position', '>', lastPosition)
      .executeTakeFirstOrThrow()
    await tx
      .updateTable('event_log_head')
      .set({ last_position: Number(position) })
      .execute()
    return { lastPosition: Number(position), more: waiting.length === eventsPerSequencing }
  }, 'durable')
}

/** Gives positions to every event committed before the call. @returns the last position */
export async function giveAllPositions(database: Database): Promise<number> {
  for (;;) {
    const { lastPosition, more } = await giveNextPositions(database)
    if (!more) return lastPosition
  }
}

/** After a restore: positions go on, but cursors of clients are of another time. */
export async function renewEpoch(tx: Writer): Promise<void> {
  await tx.updateTable('event_log_head').set({ epoch: newEpoch() }).execute()
}

const newEpoch = (): string => randomBytes(4).toString('hex')
