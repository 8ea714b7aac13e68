import { sql } from 'kysely'
import type { Reader, Writer } from '../../database/database.ts'
import type { SecretPlace } from '../secrets/envelope.ts'
import { placeIn, type SealedColumn } from '../secrets/sealed-column.ts'

/** A stored value of a column with secrets. */
export interface SealedRow {
  readonly key: string
  readonly value: string
}

/** One secret of a row: the value, or a part of it. */
export interface SealedPart {
  /** Undefined for the whole value. */
  readonly name: string | undefined
  readonly place: SecretPlace
  readonly stored: string
}

/** Rows with a secret, in the order of their keys, behind the given one. */
export async function listSealedRows(
  reader: Reader,
  { table, column, key, keys }: SealedColumn,
  { after, limit }: { readonly after: string | undefined; readonly limit: number },
): Promise<readonly SealedRow[]> {
  const [from, value, id] = [sql.table(table), sql.ref(column), sql.ref(key)]
  const named = keys === undefined ? sql`` : sql`and ${id} in (${sql.join([...keys])})`
  const behind = after === undefined ? sql`` : sql`and ${id} > ${keyValue(after)}`
  const { rows } = await sql<{ key: string | number; value: string }>`
    select ${id} as key, ${value} as value from ${from}
    where ${value} is not null and ${value} <> '' ${named} ${behind} order by ${id} limit ${limit}`.execute(reader)
  return rows.map((row) => ({ key: String(row.key), value: row.value }))
}

/** All of them, page by page. */
export async function* walkSealedRows(reader: Reader, column: SealedColumn, limit = 500): AsyncGenerator<SealedRow> {
  let after: string | undefined
  for (;;) {
    const rows = await listSealedRows(reader, column, { after, limit })
    yield* rows
    if (rows.length < limit) return
    after = rows.at(-1)!.key
  }
}

/** Puts a value in the place of the one that was read, unless it has become another one since. The noun's own form of it stays. */
export async function replaceValue(
  tx: Writer,
  { table, column, key }: SealedColumn,
  { key: row, value }: SealedRow,
  next: string,
): Promise<void> {
  const [into, at, id] = [sql.table(table), sql.ref(column), sql.ref(key)]
  await sql`update ${into} set ${at} = ${next} where ${id} = ${keyValue(row)} and ${at} = ${value}`.execute(tx)
}

export async function deleteRow(tx: Writer, { table, column, key }: SealedColumn, row: SealedRow): Promise<void> {
  await sql`delete from ${sql.table(table)}
    where ${sql.ref(key)} = ${keyValue(row.key)} and ${sql.ref(column)} = ${row.value}`.execute(tx)
}

/** Ids are numbers in some tables and text in others. */
const keyValue = (key: string): string | number => (/^\d{1,15}$/.test(key) ? Number(key) : key)

/** The secrets of a row. */
export function partsOf(column: SealedColumn, { key, value }: SealedRow): readonly SealedPart[] {
  if (column.parts === undefined) return [{ name: undefined, place: placeIn(column, key), stored: value }]
  return [...column.parts.read(value)]
    .filter(([, stored]) => stored !== '')
    .map(([name, stored]) => ({ name, place: placeIn(column, key, name), stored }))
}

/** The value of a row with other secrets in it. */
export function withParts(column: SealedColumn, { value }: SealedRow, changed: ReadonlyMap<string, string>): string {
  return column.parts === undefined ? (changed.get('') ?? value) : column.parts.write(value, changed)
}
