import type { Database, Writer } from '../../database/database.ts'
import type { Clock } from '../clock.ts'
import { DomainError } from '../errors.ts'
import type { EventCursor, EventStart } from './event-cursor.ts'
import { findHead, giveAllPositions, lockHead, type EventLogHead } from './event-log-head.ts'
import type { EventLog, LoggedEvent, MissedEvents } from './event-log.ts'
import type { EventType } from './event-types.ts'

/** How far a consumer is. */
export interface ConsumerStanding {
  readonly name: string
  /** Everything up to here is done. */
  readonly cursor: EventCursor
  /** Events that it has not had, also those of types that it does not want. */
  readonly behind: number
}

export interface ConsumerBatch {
  readonly events: readonly LoggedEvent[]
  /** To be acknowledged when all of them are done. */
  readonly through: number
  readonly more: boolean
  /** There when the log dropped what the consumer had not had: it has to look at the state itself. */
  readonly missed: MissedEvents | undefined
}

/** Each holds events back, and is a line of the metrics. */
const maxConsumers = 100

function positionIn({ epoch, lastPosition, prunedPosition }: EventLogHead, since: EventStart): number {
  if (since === 'now') return lastPosition
  if (since === 'oldest') return prunedPosition
  if (since.epoch === epoch && since.position <= lastPosition) return since.position
  throw new DomainError('CURSOR_EXPIRED', 'this cursor is of another log: begin with oldest or now')
}

/**
 * Consumers with a name and a position of their own in the log, such as webhooks or a sink. The log keeps events that
 * they have not had, within its bounds. A consumer acknowledges in the transaction of its work: each event is done at
 * least once, and exactly once where the work is rows.
 */
export class EventConsumers {
  readonly #database: Database
  readonly #clock: Clock
  readonly #log: EventLog

  constructor({ database, clock, log }: { database: Database; clock: Clock; log: EventLog }) {
    this.#database = database
    this.#clock = clock
    this.#log = log
  }

  /** Registers the name, if it is not yet: from now on, or from the oldest event that is there. */
  async ensureConsumer(name: string, from: 'now' | 'oldest'): Promise<void> {
    if (from === 'now') await giveAllPositions(this.#database)
    await this.#database.write(async (tx) => {
      const { lastPosition, prunedPosition } = await lockHead(this.#database, tx)
      const now = this.#clock.now()
      const position = from === 'now' ? lastPosition : prunedPosition
      await tx
        .insertInto('event_consumer')
        .values({ name, position, created_at: now, updated_at: now })
        .onConflict((conflict) => conflict.column('name').doNothing())
        .execute()
    })
  }

  /**
   * The next events for the consumer; the same again until it acknowledges.
   * @throws DomainError CONSUMER_UNKNOWN
   */
  async readFor(
    name: string,
    { limit, types }: { readonly limit: number; readonly types?: readonly EventType[] },
  ): Promise<ConsumerBatch> {
    const position = await this.#positionOf(name)
    const epoch = (await findHead(this.#database.read))?.epoch ?? ''
    const page = await this.#log.read({ since: { epoch, position }, limit, types })
    return { events: page.events, through: page.next.position, more: page.more, missed: page.missed }
  }

  /** Remembers that everything up to there is done; never goes back. */
  async acknowledge(tx: Writer, name: string, through: number): Promise<void> {
    await tx
      .updateTable('event_consumer')
      .set({ position: through, updated_at: this.#clock.now() })
      .where('name', '=', name)
      .where('position', '<', through)
      .execute()
  }

  /**
   * Registers the name at a place of the log, or moves it on to there; never back.
   * @throws DomainError CURSOR_EXPIRED for a cursor of another log, CONFLICT when there are too many consumers
   */
  async moveConsumer(name: string, since: EventStart): Promise<ConsumerStanding> {
    await giveAllPositions(this.#database)
    await this.#database.write(async (tx) => {
      const head = await lockHead(this.#database, tx)
      const position = positionIn(head, since)
      const now = this.#clock.now()
      await tx
        .insertInto('event_consumer')
        .values({ name, position, created_at: now, updated_at: now })
        .onConflict((conflict) =>
          conflict
            .column('name')
            .doUpdateSet({ position, updated_at: now })
            .where('event_consumer.position', '<', position),
        )
        .execute()
      const { count } = await tx
        .selectFrom('event_consumer')
        .select((eb) => eb.fn.countAll<number | string>().as('count'))
        .executeTakeFirstOrThrow()
      if (Number(count) > maxConsumers)
        throw new DomainError('CONFLICT', `${maxConsumers} consumers of events have names: delete one that is not used`)
    })
    return (await this.listStandings()).find((standing) => standing.name === name)!
  }

  /** The log keeps nothing for it any more. */
  async forgetConsumer(name: string): Promise<void> {
    await this.#database.write(async (tx) => {
      await tx.deleteFrom('event_consumer').where('name', '=', name).execute()
    })
  }

  async listStandings(): Promise<readonly ConsumerStanding[]> {
    const { read } = this.#database
    const head = await findHead(read)
    const rows = await read.selectFrom('event_consumer').select(['name', 'position']).orderBy('name').execute()
    if (rows.length === 0) return []
    const { waiting } = await read
      .selectFrom('event_log')
      .select((eb) => eb.fn.countAll<number | string>().as('waiting'))
      .where('position', 'is', null)
      .executeTakeFirstOrThrow()
    const last = (head?.lastPosition ?? 0) + Number(waiting)
    const epoch = head?.epoch ?? ''
    return rows.map(({ name, position }) => ({
      name,
      cursor: { epoch, position },
      behind: Math.max(0, last - position),
    }))
  }

  async #positionOf(name: string): Promise<number> {
    const row = await this.#database.read
      .selectFrom('event_consumer')
      .select('position')
      .where('name', '=', name)
      .executeTakeFirst()
    if (row === undefined) throw new DomainError('CONSUMER_UNKNOWN', `no consumer of events is called ${name}`)
    return Number(row.position)
  }
}
