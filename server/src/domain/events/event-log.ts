import { sql } from 'kysely'
import type { Database } from '../../database/database.ts'
import type { EventCursor, EventStart } from './event-cursor.ts'
import { findHead, giveAllPositions, hasWaiting, type EventLogHead } from './event-log-head.ts'
import type { EventType } from './event-types.ts'

/** An event as consumers get it. */
export interface LoggedEvent {
  readonly cursor: EventCursor
  readonly type: string
  readonly occurredAt: number
  /** `user:3`, `robot:7`, `system:retention`. */
  readonly actor: string
  readonly username: string
  readonly projectId: number | undefined
  readonly resource: string
  readonly succeeded: boolean
  readonly clientAddress: string
  readonly fields: Readonly<Record<string, unknown>>
}

export interface EventQuery {
  readonly since: EventStart
  readonly limit: number
  /** All types when left out. */
  readonly types?: readonly EventType[] | undefined
  /** Events of these projects; `every`: of any project. All events when left out. */
  readonly projects?: readonly number[] | 'every' | undefined
}

/** Why a reader cannot have everything behind its cursor. */
export type MissedEvents =
  /** They were dropped: it stayed away for longer, or for more events, than the log is kept. */
  | { readonly reason: 'dropped'; readonly count: number }
  /** The cursor is of another log: before a restore, or of another registry. */
  | { readonly reason: 'other-log' }

export interface EventPage {
  readonly events: readonly LoggedEvent[]
  /** Where to go on. Behind the last event, or further when the rest was looked at and not asked for. */
  readonly next: EventCursor
  /** Whether there is more behind `next` already. */
  readonly more: boolean
  /** There when events are missing before the first one of the page. Never silent: readers decide what to do. */
  readonly missed: MissedEvents | undefined
}

/** Text of fields in one page; a page ends behind the event that makes it more. */
const maxPageCharacters = 1 << 20
/** Positions that one query looks through, however rare what it is asked for. */
const windowSize = 2_000

/**
 * The log of events for consumers, in an order in which nothing ever appears before what a reader has passed. Readers
 * keep a cursor and get each event at least once.
 */
export class EventLog {
  readonly #database: Database
  /** Positions up to here are known to be on disk. */
  #durablePosition = 0

  constructor({ database }: { database: Database }) {
    this.#database = database
  }

  async read(query: EventQuery): Promise<EventPage> {
    const head = await this.#currentHead()
    const { after, missed } = startOf(query.since, head)
    const { rows, last, pruned } = await this.#rows(query, after)
    // Events dropped during this read are missing like those dropped before.
    const lost = pruned > after && query.since !== 'oldest' ? dropped(pruned - after) : undefined
    const fitting = rowsThatFit(rows)
    const events = fitting.map((row) => eventOf(row, head.epoch))
    const looked = Math.max(Math.min(after + windowSize, last), pruned, after)
    const isFull = events.length === query.limit || fitting.length < rows.length
    const position = isFull ? events.at(-1)!.cursor.position : looked
    await this.#makeDurable(position)
    return { events, next: { epoch: head.epoch, position }, more: position < last, missed: missed ?? lost }
  }

  /** The head, once every event committed before has its position. */
  async #currentHead(): Promise<EventLogHead> {
    const { read } = this.#database
    const head = await findHead(read)
    if (head !== undefined && !(await hasWaiting(read))) return head
    this.#durablePosition = await giveAllPositions(this.#database)
    return (await findHead(read))!
  }

  /** One statement, and so one moment: the rows, and what the head says of them. */
  async #rows({ types, projects, limit }: EventQuery, after: number) {
    const { read } = this.#database
    let wanted = read
      .selectFrom('event_log')
      .selectAll()
      .where('position', '>', after)
      .where('position', '<=', after + windowSize)
      .orderBy('position')
      .limit(limit)
    if (types !== undefined) wanted = types.length === 0 ? wanted.where(nothing) : wanted.where('type', 'in', types)
    if (projects === 'every') wanted = wanted.where('project_id', 'is not', null)
    else if (projects !== undefined)
      wanted = projects.length === 0 ? wanted.where(nothing) : wanted.where('project_id', 'in', projects)
    const found = await read
      .selectFrom('event_log_head as head')
      .leftJoin(wanted.as('log'), (join) => join.onTrue())
      .selectAll('log')
      .select(['head.last_position', 'head.pruned_position'])
      .orderBy('log.position')
      .execute()
    const [first] = found
    return {
      rows: found.filter((row): row is typeof row & Row => row.position !== null),
      last: Number(first?.last_position ?? 0),
      pruned: Number(first?.pruned_position ?? 0),
    }
  }

  /** On SQLite a commit can be read before it is on disk (docs/adr/0001); a consumer acts on what it reads. */
  async #makeDurable(position: number): Promise<void> {
    if (position <= this.#durablePosition) return
    await this.#database.write(async () => {}, 'durable')
    this.#durablePosition = position
  }
}

const nothing = sql<boolean>`1 = 0`

interface Row {
  readonly position: number
  readonly type: string
  readonly occurred_at: number
  readonly actor: string
  readonly username: string
  readonly project_id: number | null
  readonly resource: string
  readonly payload: string
  readonly client_address: string
  readonly succeeded: number
}

function rowsThatFit(rows: readonly Row[]): readonly Row[] {
  let characters = 0
  const end = rows.findIndex(({ payload }) => (characters += payload.length) > maxPageCharacters)
  return end === -1 ? rows : rows.slice(0, end + 1)
}

function startOf(since: EventStart, head: EventLogHead): { after: number; missed: MissedEvents | undefined } {
  const { epoch, lastPosition, prunedPosition } = head
  if (since === 'oldest') return { after: prunedPosition, missed: undefined }
  if (since === 'now') return { after: lastPosition, missed: undefined }
  if (since.epoch !== epoch || since.position > lastPosition)
    return { after: prunedPosition, missed: { reason: 'other-log' } }
  return { after: since.position, missed: undefined }
}

const dropped = (count: number): MissedEvents => ({ reason: 'dropped', count })

function eventOf(row: Row, epoch: string): LoggedEvent {
  return {
    cursor: { epoch, position: Number(row.position) },
    type: row.type,
    occurredAt: Number(row.occurred_at),
    actor: row.actor,
    username: row.username,
    projectId: row.project_id ?? undefined,
    resource: row.resource,
    succeeded: row.succeeded === 1,
    clientAddress: row.client_address,
    fields: JSON.parse(row.payload) as Record<string, unknown>,
  }
}
