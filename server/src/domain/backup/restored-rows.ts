import { sql } from 'kysely'
import type { Database, Snapshot, Writer } from '../../database/database.ts'
import { markRestoring, migrate, migrationsNamed, restoredBackupOf, unmarkRestoring } from '../../database/migrate.ts'
import { inOrderOfReference, listTables, migrationTable, type TableShape } from '../../database/table-catalog.ts'
import type { Clock } from '../clock.ts'
import type { Backup, BackupTable } from './backup-format.ts'
import type { Value } from './table-files.ts'

/** Fewer than either database allows. */
const valuesPerStatement = 20_000
const rowsPerStatement = 500

/** Whether nothing was ever stored there: no tables, or only empty ones. */
export async function isEmptyDatabase(database: Database): Promise<boolean> {
  return await database.snapshot(async (snapshot) => {
    for (const { name } of await listTables(snapshot, database.dialect)) if (await hasRows(snapshot, name)) return false
    return true
  })
}

async function hasRows(snapshot: Snapshot, table: string): Promise<boolean> {
  for await (const _ of snapshot.rows(`select 1 from "${table}" limit 1`)) return true
  return false
}

/** Makes the tables as they were when the backup was made, empty. From here on no server starts on the database. */
export async function beginRestore(database: Database, backup: Backup, clock: Clock): Promise<void> {
  const old = await tablesOf(database, { withMigrations: true })
  await database.write(async (tx) => {
    for (const { name } of old.toReversed()) await sql`drop table ${sql.table(name)}`.execute(tx)
  })
  await migrate(database, { clock, steps: migrationsNamed(backup.migrations) })
  const tables = await tablesOf(database)
  await database.write(async (tx) => {
    // Rows that migrations put there are in the backup too.
    await deleteRows(tx, tables)
    await markRestoring(tx, backup.id, clock.now())
  })
}

export async function deleteRows(tx: Writer, tables: readonly { readonly name: string }[]): Promise<void> {
  for (const { name } of tables.toReversed()) await sql`delete from ${sql.table(name)}`.execute(tx)
}

export async function endRestore(database: Database, backup: Backup): Promise<void> {
  await database.write((tx) => unmarkRestoring(tx, backup.id))
}

async function tablesOf(database: Database, options: { withMigrations?: boolean } = {}): Promise<TableShape[]> {
  return await database.snapshot(async (snapshot) =>
    inOrderOfReference(await listTables(snapshot, database.dialect, options)),
  )
}

/** Which of the digests have a row already. */
export async function knownDigests(database: Database, digests: readonly string[]): Promise<ReadonlySet<string>> {
  const rows = await database.read.selectFrom('blob').select('digest').where('digest', 'in', digests).execute()
  return new Set(rows.map(({ digest }) => digest))
}

export async function insertRows(database: Database, table: BackupTable, rows: readonly Value[][]): Promise<void> {
  if (rows.length === 0) return
  await database.write(async (tx) => await insertInto(tx, table, rows))
}

export async function insertInto(tx: Writer, table: BackupTable, rows: readonly Value[][]): Promise<void> {
  const { name, columns } = table
  const names = sql.join(columns.map((column) => sql.ref(column.name)))
  const most = Math.min(rowsPerStatement, Math.max(1, Math.floor(valuesPerStatement / columns.length)))
  for (let start = 0; start < rows.length; start += most) {
    const values = rows.slice(start, start + most).map((row) => sql`(${sql.join(row)})`)
    await sql`insert into ${sql.table(name)} (${names}) values ${sql.join(values)}`.execute(tx)
  }
}

/** Ids are never given twice, also those of rows that are gone. */
export async function setNumbers(database: Database, tables: readonly BackupTable[]): Promise<void> {
  await database.write(async (tx) => {
    for (const { name, numbered } of tables) {
      if (numbered === undefined || numbered.last < 1) continue
      if (database.dialect === 'postgres') {
        await sql`select setval(pg_get_serial_sequence(quote_ident(${name}), ${numbered.column}), ${numbered.last}::bigint)`.execute(
          tx,
        )
      } else {
        await sql`delete from sqlite_sequence where name = ${name}`.execute(tx)
        await sql`insert into sqlite_sequence (name, seq) values (${name}, ${numbered.last})`.execute(tx)
      }
    }
  })
}

/** The backup whose restore into this database was begun and not finished. */
export async function findUnfinishedRestore(database: Database): Promise<string | undefined> {
  return await database.snapshot(async (snapshot) => {
    const tables = await listTables(snapshot, database.dialect, { withMigrations: true })
    if (!tables.some(({ name }) => name === migrationTable)) return undefined
    for await (const rows of snapshot.rows<{ name: string }>(`select name from ${migrationTable}`)) {
      const unfinished = rows.map(({ name }) => restoredBackupOf(name)).find((id) => id !== undefined)
      if (unfinished !== undefined) return unfinished
    }
    return undefined
  })
}
