import { sql, type RawBuilder, type SqlBool } from 'kysely'
import { DomainError } from '../errors.ts'

/** One condition of a list, by the key its caller knows. */
export type Condition =
  | { readonly kind: 'exact'; readonly key: string; readonly value: string }
  | { readonly kind: 'fuzzy'; readonly key: string; readonly value: string }
  | { readonly kind: 'range'; readonly key: string; readonly from: string | undefined; readonly to: string | undefined }
  | { readonly kind: 'any'; readonly key: string; readonly values: readonly string[] }
  | { readonly kind: 'all'; readonly key: string; readonly values: readonly string[] }

export interface SortKey {
  readonly key: string
  readonly descending: boolean
}

/** The request for a list: its conditions, its order, its page. */
export interface Listing {
  readonly conditions?: readonly Condition[]
  readonly sort?: readonly SortKey[]
  readonly limit: number
  readonly offset: number
}

export interface Listed<Row> {
  readonly rows: readonly Row[]
  /** Of all pages together. */
  readonly total: number
  /** True when the page ends early because its rows have grown too large together. */
  readonly isCut?: boolean
}

/** A column that a list may be filtered and sorted by. `time`: milliseconds in the row, ISO 8601 in a condition. */
export interface ListColumn {
  /** The column, or what it is computed by. */
  readonly ref: string | RawBuilder<unknown>
  readonly type: 'text' | 'number' | 'time' | 'flag'
}

export type ListColumns = Readonly<Record<string, ListColumn>>

/** Of keys of conditions and orders: the names of columns are shorter. */
export const maxKeyLength = 64

/**
 * The conditions as SQL, one for each. Keys that the list does not know are passed over, as in Harbor; they may be
 * written as its Go fields (`ProjectID`) and with Django's suffixes (`name__icontains`).
 * @throws DomainError BAD_REQUEST for a value that its column cannot have
 */
export function matching(columns: ListColumns, conditions: readonly Condition[] = []): RawBuilder<SqlBool>[] {
  return conditions.flatMap((written) => {
    const condition = withoutSuffix(written)
    const column = findColumn(columns, condition.key)
    return column === undefined ? [] : [conditionSql(column, condition)]
  })
}

/** The order: the known keys of `sort`, or `standard`. */
export function ordering(
  columns: ListColumns,
  sort: readonly SortKey[] = [],
  standard: readonly SortKey[],
): readonly { readonly ref: RawBuilder<unknown>; readonly direction: 'asc' | 'desc' }[] {
  const known = sort.filter(({ key }) => findColumn(columns, key) !== undefined)
  return (known.length > 0 ? known : standard).map(({ key, descending }) => ({
    ref: refOf(findColumn(columns, key)!),
    direction: descending ? 'desc' : 'asc',
  }))
}

/**
 * Whether the text stands in the column, whatever the case of its letters. By `replace` and not by `like`, which takes time
 * in the product of both lengths: names and texts that are almost alike would keep the database for seconds.
 */
export function containing(ref: ListColumn['ref'], text: string): RawBuilder<SqlBool> {
  const column = sql`lower(${refOf({ ref, type: 'text' })})`
  // Nothing can be taken out of a text that is looked for nowhere.
  if (text === '') return sql<SqlBool>`${column} is not null`
  return sql<SqlBool>`replace(${column}, ${text.toLowerCase()}, '') <> ${column}`
}

const refOf = ({ ref }: ListColumn): RawBuilder<unknown> => (typeof ref === 'string' ? sql.ref(ref) : ref)

function conditionSql(column: ListColumn, condition: Condition): RawBuilder<SqlBool> {
  const ref = refOf(column)
  const bound = (text: string) => valueOf(column, condition.key, text)
  switch (condition.kind) {
    case 'exact':
      return sql<SqlBool>`${ref} = ${bound(condition.value)}`
    case 'fuzzy':
      return column.type === 'text'
        ? containing(column.ref, condition.value)
        : sql<SqlBool>`${ref} = ${bound(condition.value)}`
    case 'range': {
      const from = condition.from === undefined ? sql<SqlBool>`1 = 1` : sql<SqlBool>`${ref} >= ${bound(condition.from)}`
      const to = condition.to === undefined ? sql<SqlBool>`1 = 1` : sql<SqlBool>`${ref} <= ${bound(condition.to)}`
      return sql<SqlBool>`(${from} and ${to})`
    }
    case 'any':
      if (condition.values.length === 0) return sql<SqlBool>`1 = 0`
      return sql<SqlBool>`${ref} in (${sql.join(condition.values.map(bound))})`
    case 'all':
      throw new DomainError('BAD_REQUEST', `${condition.key} has one value: (a b) cannot be asked of it`)
  }
}

function valueOf({ type }: ListColumn, key: string, text: string): string | number {
  if (type === 'text') return text
  if (type === 'flag') {
    if (text === 'true' || text === '1') return 1
    if (text === 'false' || text === '0') return 0
  } else if (type === 'number') {
    if (/^-?\d{1,15}$/.test(text)) return Number(text)
  } else {
    const written = /(?:Z|[+-]\d\d:?\d\d)$/.test(text) ? text : `${text.replace(' ', 'T')}Z`
    const time = Date.parse(/^\d{4}-\d\d-\d\d$/.test(text) ? text : written)
    if (!Number.isNaN(time)) return time
  }
  throw new DomainError('BAD_REQUEST', `${key} cannot be ${text.slice(0, 100)}`)
}

function findColumn(columns: ListColumns, key: string): ListColumn | undefined {
  if (key.length > maxKeyLength) return undefined
  const name = snakeCase(key)
  return Object.hasOwn(columns, name) ? columns[name] : undefined
}

/** `ProjectID` → `project_id`. A word begins at a capital behind a small letter or digit, or before a small letter. */
function snakeCase(key: string): string {
  let written = ''
  for (let at = 0; at < key.length; at++) {
    const [before = '', character = '', behind = ''] = [key[at - 1], key[at], key[at + 1]]
    const begins = isCapital(character) && (/[a-z0-9]/.test(before) || (isCapital(before) && /[a-z]/.test(behind)))
    written += begins ? `_${character}` : character
  }
  return written.toLowerCase()
}

const isCapital = (character: string): boolean => /[A-Z]/.test(character)

function withoutSuffix(condition: Condition): Condition {
  if (condition.key.length > maxKeyLength) return condition
  const [, key = '', suffix = ''] = /^(.+?)__(exact|icontains|in|gte|lte|gt|lt)$/.exec(condition.key) ?? []
  if (key === '' || condition.kind !== 'exact') return key === '' ? condition : { ...condition, key }
  const { value } = condition
  switch (suffix) {
    case 'icontains':
      return { kind: 'fuzzy', key, value }
    case 'in':
      return { kind: 'any', key, values: value.split(' ') }
    case 'gte':
    case 'gt':
      return { kind: 'range', key, from: value, to: undefined }
    case 'lte':
    case 'lt':
      return { kind: 'range', key, from: undefined, to: value }
    default:
      return { kind: 'exact', key, value }
  }
}
