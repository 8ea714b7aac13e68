import { sql, type RawBuilder, type Selectable, type SqlBool } from 'kysely'
import type { Database, Reader } from '../../database/database.ts'
import type { EventTable } from '../../database/schema/events.ts'
import { DomainError } from '../errors.ts'
import { eventTypes, type EventType } from '../events/event-types.ts'
import { readBoundedByKeys } from '../lists/bounded-rows.ts'
import { matching, type Condition, type ListColumns, type SortKey } from '../lists/listing.ts'
import { typesNamed, wordsOf, type AuditRecord } from './audit-records.ts'

/** A question to the audit log. */
export interface AuditQuery {
  /** Events of one project or of several; `every`: events of any project. All events when left out. */
  readonly projects?: readonly number[] | 'every' | undefined
  readonly conditions?: readonly Condition[]
  readonly sort?: readonly SortKey[]
  readonly limit: number
  /** The number of records to pass over; with `beyond`, counted from there. */
  readonly offset: number
  /** Id of the last record of the page before. A page by it costs the same, however far back it is. */
  readonly beyond?: number | undefined
}

export interface AuditPage {
  readonly rows: readonly AuditRecord[]
  /**
   * The number of records from `beyond` on. It is exact up to 100,000, as long as the search need not look further than
   * ten million records behind the page. Otherwise there are at least this many.
   */
  readonly total: number
  /** The id to go on from; undefined on the last page. */
  readonly next: number | undefined
}

/** Ids that one query compares with one condition, so that a search through 100 million rows never holds the event loop. */
const comparedAtOnce = 10_000
/** Counting of a search ends here. */
const maxCounted = 100_000
/** Ids that are searched for the total alone, once the page is full. */
const countingIds = 10_000_000
/** Transactions that overlap may give a later time to a lower id; their ids differ by less than this. */
const slack = 1_000

const columns: ListColumns = {
  id: { ref: 'event.id', type: 'number' },
  username: { ref: 'event.username', type: 'text' },
  resource: { ref: 'event.resource', type: 'text' },
  op_time: { ref: 'event.occurred_at', type: 'time' },
  operation_result: { ref: 'event.succeeded', type: 'flag' },
  client_address: { ref: 'event.client_address', type: 'text' },
}

interface Bounds {
  readonly low: number
  readonly high: number
}

/**
 * The audit log reads events by key, newest first unless `sort` says `op_time`. A page goes by ids, which rise with
 * time. Other conditions are searched window by window.
 */
export class AuditLog {
  readonly #database: Database
  readonly #hidden: () => Promise<readonly EventType[]>

  /** `disabledTypes`: names of types that an administrator has hidden, separated by commas. */
  constructor({ database, disabledTypes }: { database: Database; disabledTypes: () => Promise<string> }) {
    this.#database = database
    this.#hidden = async () => typesNamed(await disabledTypes())
  }

  /** @throws DomainError BAD_REQUEST for a condition that its column cannot have */
  async listRecords(query: AuditQuery): Promise<AuditPage> {
    const { read } = this.#database
    const hidden = await this.#hidden()
    const conditions = (query.conditions ?? []).flatMap(conditionsOf)
    const types = hidden.length === 0 ? [] : [sql<SqlBool>`event.type not in (${sql.join(hidden)})`]
    const descending = isDescending(query.sort)
    const whole = await boundsOf(read, query.conditions ?? [])
    if (whole === undefined) return { rows: [], total: 0, next: undefined }
    const one = Array.isArray(query.projects) && query.projects.length === 1
    const isSearch = conditions.length + types.length > 0 || (query.projects !== undefined && !one)
    const predicates = [...conditions, ...types, ...ofProjects(query.projects)]
    const from = startAt(whole, descending, query.beyond)
    const found = isSearch
      ? await this.#search(predicates, from, descending, query)
      : await this.#seek(predicates, from, descending, query)
    const ids = found.ids.slice(query.offset, query.offset + query.limit)
    const { rows, isCut } = await readRecords(read, ids, descending)
    const more = isCut || found.ids.length > query.offset + query.limit
    const counted = isSearch || one ? found.counted : Math.max(0, from.high - from.low + 1)
    const least = query.offset + rows.length + (more ? 1 : 0)
    return { rows, total: Math.max(counted, least), next: more ? rows.at(-1)?.id : undefined }
  }

  /** Reads straight along the primary key or the index of the project. */
  async #seek(predicates: readonly RawBuilder<SqlBool>[], bounds: Bounds, descending: boolean, query: AuditQuery) {
    const ids = await idsBetween(this.#database.read, predicates, bounds, descending, query.offset + query.limit + 1)
    if (query.projects === undefined) return { ids, counted: 0 }
    const { counted } = await this.#database.read
      .selectFrom(queryBetween(this.#database.read, predicates, bounds).limit(maxCounted).as('some'))
      .select((eb) => eb.fn.countAll<number | string>().as('counted'))
      .executeTakeFirstOrThrow()
    return { ids, counted: Number(counted) }
  }

  /** Searches the log in windows, until the page is full and the total is known or would cost too much. */
  async #search(predicates: readonly RawBuilder<SqlBool>[], bounds: Bounds, descending: boolean, query: AuditQuery) {
    const wanted = query.offset + query.limit + 1
    const ids: number[] = []
    const windowSize = Math.ceil(comparedAtOnce / Math.max(1, predicates.length))
    let counted = 0
    let idsSinceFull = 0
    for (const window of windowsOf(bounds, descending, windowSize)) {
      const found = await idsBetween(this.#database.read, predicates, window, descending, windowSize)
      counted += found.length
      ids.push(...found.slice(0, Math.max(0, wanted - ids.length)))
      if (ids.length >= wanted && ((idsSinceFull += windowSize) > countingIds || counted >= maxCounted)) break
      // Requests get their turn: on SQLite a query holds the event loop.
      await new Promise((resolve) => setImmediate(resolve))
    }
    return { ids, counted }
  }
}

function ofProjects(projects: AuditQuery['projects']): RawBuilder<SqlBool>[] {
  if (projects === undefined) return []
  if (projects === 'every') return [sql<SqlBool>`event.project_id is not null`]
  if (projects.length === 0) return [sql<SqlBool>`1 = 0`]
  return [sql<SqlBool>`event.project_id in (${sql.join([...projects])})`]
}

/** `sort=op_time` lists the oldest first. Other orders would have to sort the whole log and are ignored. */
function isDescending(sort: readonly SortKey[] = []): boolean {
  const key = sort.find((entry) => ['op_time', 'optime', 'id'].includes(entry.key.toLowerCase()))
  return key === undefined || key.descending
}

function startAt({ low, high }: Bounds, descending: boolean, beyond: number | undefined): Bounds {
  if (beyond === undefined) return { low, high }
  return descending ? { low, high: Math.min(high, beyond - 1) } : { low: Math.max(low, beyond + 1), high }
}

function* windowsOf({ low, high }: Bounds, descending: boolean, windowSize: number): Generator<Bounds> {
  if (descending) {
    for (let top = high; top >= low; top -= windowSize) yield { low: Math.max(low, top - windowSize + 1), high: top }
  } else {
    for (let from = low; from <= high; from += windowSize)
      yield { low: from, high: Math.min(high, from + windowSize - 1) }
  }
}

/** The smallest and largest id that the conditions on the time leave; undefined when there is none. */
async function boundsOf(reader: Reader, conditions: readonly Condition[]): Promise<Bounds | undefined> {
  const edge = async (direction: 'asc' | 'desc', range: readonly RawBuilder<SqlBool>[]) => {
    let query = reader.selectFrom('event').select('event.id').limit(1)
    // Ordered by time when the condition is on the time, so that each query is one step into an index.
    query = range.length === 0 ? query.orderBy('event.id', direction) : query.orderBy('event.occurred_at', direction)
    for (const condition of range) query = query.where(condition)
    return (await query.executeTakeFirst())?.id
  }
  const times = matching({ op_time: columns['op_time']! }, conditions)
  const [low, high] = [await edge('asc', times), await edge('desc', times)]
  if (low === undefined || high === undefined) return undefined
  return times.length === 0 ? { low, high } : { low: low - slack, high: high + slack }
}

async function idsBetween(
  reader: Reader,
  predicates: readonly RawBuilder<SqlBool>[],
  bounds: Bounds,
  descending: boolean,
  limit: number,
): Promise<number[]> {
  const rows = await queryBetween(reader, predicates, bounds)
    .orderBy('event.id', descending ? 'desc' : 'asc')
    .limit(limit)
    .execute()
  return rows.map(({ id }) => id)
}

function queryBetween(reader: Reader, predicates: readonly RawBuilder<SqlBool>[], { low, high }: Bounds) {
  let query = reader.selectFrom('event').select('event.id').where('event.id', '>=', low).where('event.id', '<=', high)
  for (const predicate of predicates) query = query.where(predicate)
  return query
}

/** Fewer than asked for when what they carry has grown too large together: a deletion names all tags. */
async function readRecords(
  reader: Reader,
  ids: readonly number[],
  descending: boolean,
): Promise<{ readonly rows: readonly AuditRecord[]; readonly isCut: boolean }> {
  const { rows, isCut } = await readBoundedByKeys(
    ids,
    (some) =>
      reader
        .selectFrom('event')
        .selectAll()
        .where('id', 'in', some)
        .orderBy('id', descending ? 'desc' : 'asc')
        .execute(),
    ({ payload, resource }) => payload.length + resource.length,
  )
  return { rows: rows.map(recordOf), isCut: isCut && rows.at(-1)?.id !== ids.at(-1) }
}

const recordOf = (row: Selectable<EventTable>): AuditRecord => ({
  id: row.id,
  type: row.type,
  occurredAt: row.occurred_at,
  // Events older than the column `username` name their actor by its key.
  username: row.username || row.actor,
  resource: row.resource,
  clientAddress: row.client_address,
  succeeded: row.succeeded === 1,
  payload: JSON.parse(row.payload) as Record<string, unknown>,
})

/** `operation` and `resource_type` are the two halves of a type. The other keys are columns. */
function conditionsOf(condition: Condition): RawBuilder<SqlBool>[] {
  const key = condition.key.replaceAll('_', '').toLowerCase()
  if (key !== 'operation' && key !== 'resourcetype' && key !== 'eventtype') return matching(columns, [condition])
  const half = (type: EventType): string => {
    const { operation, resourceType } = wordsOf(type)
    return key === 'operation' ? operation : key === 'resourcetype' ? resourceType : `${operation}_${resourceType}`
  }
  const types = eventTypes.filter((type) => isMet(condition, half(type)))
  return [types.length === 0 ? sql<SqlBool>`1 = 0` : sql<SqlBool>`event.type in (${sql.join(types)})`]
}

function isMet(condition: Condition, text: string): boolean {
  switch (condition.kind) {
    case 'exact':
      return text === condition.value
    case 'fuzzy':
      return text.includes(condition.value.toLowerCase())
    case 'any':
      return condition.values.includes(text)
    default:
      throw new DomainError('BAD_REQUEST', `${condition.key} is a word: k=v, k=~v or k={a b}`)
  }
}
