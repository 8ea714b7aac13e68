import type { Dialect, Snapshot } from './database.ts'

/** The kind of a column's values, in words that both databases understand. */
export type ColumnKind = 'integer' | 'text' | 'bytes'

export interface TableShape {
  readonly name: string
  readonly columns: readonly { readonly name: string; readonly kind: ColumnKind }[]
  /** Tables that its rows refer to, itself among them if so. */
  readonly refersTo: readonly string[]
  /** The column that numbers rows, and the highest number it ever gave. */
  readonly numbered: { readonly column: string; readonly last: number } | undefined
}

/** The record of migrations is no table like the others. */
export const migrationTable = 'schema_migration'

/** The tables, as the database itself lists them, so that a database of an older version is understood too. */
export async function listTables(
  snapshot: Snapshot,
  dialect: Dialect,
  options: { readonly withMigrations?: boolean } = {},
): Promise<TableShape[]> {
  const tables = dialect === 'sqlite' ? await listSqliteTables(snapshot) : await listPostgresTables(snapshot)
  return options.withMigrations === true ? tables : tables.filter(({ name }) => name !== migrationTable)
}

/**
 * Each table after those that it refers to, so that rows can be put in one table after the other.
 * @throws Error when tables refer to each other in a circle
 */
export function inOrderOfReference(tables: readonly TableShape[]): TableShape[] {
  const ordered: TableShape[] = []
  const waiting = new Map(tables.map((table) => [table.name, table]))
  while (waiting.size > 0) {
    const ready = [...waiting.values()].filter(({ name, refersTo }) =>
      refersTo.every((other) => other === name || !waiting.has(other)),
    )
    if (ready.length === 0) throw new Error(`tables refer to each other in a circle: ${[...waiting.keys()].join(', ')}`)
    for (const table of ready) {
      ordered.push(table)
      waiting.delete(table.name)
    }
  }
  return ordered
}

async function all<Row>(rows: AsyncIterable<readonly Row[]>): Promise<Row[]> {
  const found: Row[] = []
  for await (const piece of rows) found.push(...piece)
  return found
}

async function listSqliteTables(snapshot: Snapshot): Promise<TableShape[]> {
  const names = await all(
    snapshot.rows<{ name: string }>(
      `select name from sqlite_master where type = 'table' and name not like 'sqlite\\_%' escape '\\' order by name`,
    ),
  )
  const sequences = await all(
    snapshot.rows<{ name: string }>(`select name from sqlite_master where name = 'sqlite_sequence'`),
  )
  const last = new Map<string, number>()
  if (sequences.length > 0) {
    const rows = await all(snapshot.rows<{ name: string; seq: number }>('select name, seq from sqlite_sequence'))
    for (const { name, seq } of rows) last.set(name, seq)
  }
  const shapes: TableShape[] = []
  for (const { name } of names) {
    const columns = await all(
      snapshot.rows<{ name: string; type: string; pk: number }>('select name, type, pk from pragma_table_info(?)', [
        name,
      ]),
    )
    const refersTo = await all(
      snapshot.rows<{ table: string }>('select distinct "table" from pragma_foreign_key_list(?)', [name]),
    )
    const text = await all(snapshot.rows<{ sql: string }>('select sql from sqlite_master where name = ?', [name]))
    const column = /autoincrement/i.test(text[0]?.sql ?? '') ? columns.find(({ pk }) => pk === 1)?.name : undefined
    shapes.push({
      name,
      columns: columns.map((each) => ({ name: each.name, kind: kindOf(name, each.name, each.type) })),
      refersTo: refersTo.map(({ table }) => table),
      numbered: column === undefined ? undefined : { column, last: last.get(name) ?? 0 },
    })
  }
  return shapes
}

async function listPostgresTables(snapshot: Snapshot): Promise<TableShape[]> {
  const columns = await all(
    snapshot.rows<{ table_name: string; column_name: string; data_type: string; is_identity: 'YES' | 'NO' }>(
      `select c.table_name, c.column_name, c.data_type, c.is_identity
      from information_schema.columns c
      join information_schema.tables t on t.table_schema = c.table_schema and t.table_name = c.table_name
      where c.table_schema = current_schema() and t.table_type = 'BASE TABLE' and c.is_generated = 'NEVER'
      order by c.table_name collate "C", c.ordinal_position`,
    ),
  )
  const references = await all(
    snapshot.rows<{ from_table: string; to_table: string }>(
      `select distinct f.relname::text as from_table, t.relname::text as to_table
      from pg_constraint c join pg_class f on f.oid = c.conrelid join pg_class t on t.oid = c.confrelid
      where c.contype = 'f' and c.connamespace = current_schema()::regnamespace`,
    ),
  )
  const shapes: TableShape[] = []
  for (const name of new Set(columns.map(({ table_name }) => table_name))) {
    const own = columns.filter(({ table_name }) => table_name === name)
    const identity = own.find(({ is_identity }) => is_identity === 'YES')?.column_name
    shapes.push({
      name,
      columns: own.map((each) => ({
        name: each.column_name,
        kind: kindOf(name, each.column_name, each.data_type),
      })),
      refersTo: references.filter(({ from_table }) => from_table === name).map(({ to_table }) => to_table),
      numbered:
        identity === undefined ? undefined : { column: identity, last: await lastNumber(snapshot, name, identity) },
    })
  }
  return shapes
}

async function lastNumber(snapshot: Snapshot, table: string, column: string): Promise<number> {
  const [sequence] = await all(
    snapshot.rows<{ name: string }>('select pg_get_serial_sequence(quote_ident(?), ?) as name', [table, column]),
  )
  const [row] = await all(
    snapshot.rows<{ last: number }>(
      `select case when is_called then last_value else 0 end as last from ${sequence!.name}`,
    ),
  )
  return row!.last
}

const kinds: Readonly<Record<string, ColumnKind>> = {
  integer: 'integer',
  bigint: 'integer',
  smallint: 'integer',
  text: 'text',
  blob: 'bytes',
  bytea: 'bytes',
}

function kindOf(table: string, column: string, type: string): ColumnKind {
  const kind = kinds[type.toLowerCase()]
  if (kind === undefined)
    throw new Error(`${table}.${column} has a type that cannot be moved between databases: ${type}`)
  return kind
}
