import { type Kysely, sql } from 'kysely'
import { systemClock, type Clock } from '#server/domain/clock.ts'
import type { Database, Dialect, Writer } from './database.ts'
import { migrations } from './migrations/index.ts'
import { listTables, migrationTable } from './table-catalog.ts'

/** A step of the schema's history, in code so that it can speak both dialects. Never changed once released. */
export interface Migration {
  /** `0001-foundation`: its place in the order and what it is about. */
  readonly name: string
  up(tx: Writer, dialect: Dialect): Promise<void>
  /**
   * True when versions that do not know this step cannot work on its schema. Steps that only add leave it out: running
   * servers go on, and may restart, while replicas are replaced one after another. A step that takes something away
   * waits for the release after the one that no longer needs it (ADR 0004).
   */
  readonly endsOlderVersions?: true
}

interface MigrationTables {
  /** `older_may_serve`: null in rows of versions that did not say. */
  schema_migration: { name: string; applied_at: number; older_may_serve: number | null }
}

/** Any number that no other program takes as its advisory lock. */
const advisoryLock = 7_238_116_532n

export interface MigrateOptions {
  readonly clock?: Clock
  readonly steps?: readonly Migration[]
  /**
   * Called once before a used database is changed, to copy it. An error thrown here keeps the database as it is.
   */
  readonly beforeChange?: (change: SchemaChange) => Promise<void>
}

/** The steps that a used database would get. */
export interface SchemaChange {
  readonly pending: readonly string[]
  /** Those of `pending` after which an older version cannot work on the database: they do more than add. */
  readonly takingAway: readonly string[]
  /** The newest step that it has. */
  readonly newest: string
}

/**
 * Brings the database to the newest schema, from any older one, all steps in one transaction under a lock: several
 * processes may start together, and one that dies has changed nothing. Returns the names of the steps that were applied.
 * @throws DatabaseTooNew when a newer version has migrated it further than this one can work on
 */
export async function migrate(database: Database, options: MigrateOptions = {}): Promise<string[]> {
  const { clock = systemClock, steps = migrations, beforeChange } = options
  if (beforeChange !== undefined) {
    const { applied, pending } = await database.write((tx) => findPending(database, tx, steps))
    const newest = applied.at(-1)
    if (newest !== undefined && pending.length > 0) {
      await beforeChange({ ...namesOf(pending), newest })
    }
  }
  return await database.write(async (tx) => {
    const { pending } = await findPending(database, tx, steps)
    for (const step of pending) {
      await step.up(tx, database.dialect)
      const olderMayServe = step.endsOlderVersions === true ? 0 : 1
      const record = { name: step.name, applied_at: clock.now(), older_may_serve: olderMayServe }
      await asMigrationTables(tx).insertInto('schema_migration').values(record).execute()
    }
    return pending.map((step) => step.name)
  })
}

function namesOf(pending: readonly Migration[]): Pick<SchemaChange, 'pending' | 'takingAway'> {
  const takingAway = pending.filter(({ endsOlderVersions }) => endsOlderVersions === true)
  return { pending: pending.map(({ name }) => name), takingAway: takingAway.map(({ name }) => name) }
}

/**
 * The steps still to be applied.
 * @throws DatabaseTooNew, RestoreUnfinished
 */
async function findPending(
  { dialect }: Database,
  tx: Writer,
  steps: readonly Migration[],
): Promise<{ applied: readonly string[]; pending: readonly Migration[] }> {
  if (dialect === 'postgres') await sql`select pg_advisory_xact_lock(${advisoryLock})`.execute(tx)
  const applied = await listApplied(tx, dialect)
  return { applied: [...applied.keys()].sort(), pending: pendingOf(applied, steps) }
}

/**
 * The steps still to be applied after those that a database has.
 * @throws DatabaseTooNew, RestoreUnfinished
 */
function pendingOf(applied: ReadonlyMap<string, number | null>, steps: readonly Migration[]): readonly Migration[] {
  const known = new Set(steps.map(({ name }) => name))
  const pending = steps.filter((step) => !applied.has(step.name))
  const unknown = [...applied.keys()].filter((name) => !known.has(name))
  const isNewer = unknown.length > 0 && pending.length === 0 && unknown.every((name) => applied.get(name) === 1)
  if (!isNewer) assertKnown([...applied.keys()], [...known])
  return pending
}

export interface SchemaState {
  /** The newest step that the database has; undefined: no version of Berth has been here. */
  readonly newest: string | undefined
  readonly pending: readonly string[]
  /** As `SchemaChange` has them. */
  readonly takingAway: readonly string[]
}

/** Asked of the catalog: other tables may be anybody's. */
const countOfMigrationTables: Readonly<Record<Dialect, string>> = {
  sqlite: `select count(*) as tables from sqlite_master where type = 'table' and name = '${migrationTable}'`,
  postgres: `select count(*) as tables from information_schema.tables
    where table_name = '${migrationTable}' and table_schema = current_schema()`,
}

/**
 * How far the schema is, by reading alone.
 * @throws DatabaseTooNew when this version cannot work on it, RestoreUnfinished
 */
export async function readSchemaState(
  database: Database,
  steps: readonly Migration[] = migrations,
): Promise<SchemaState> {
  const applied = await database.snapshot(async (snapshot) => {
    const found = new Map<string, number | null>()
    for await (const [row] of snapshot.rows<{ tables: number | string }>(countOfMigrationTables[database.dialect])) {
      if (Number(row?.tables) === 0) return found
    }
    type Row = { name: string; older_may_serve?: number | null }
    for await (const rows of snapshot.rows<Row>('select * from schema_migration')) {
      for (const { name, older_may_serve: olderMayServe = null } of rows) found.set(name, olderMayServe)
    }
    return found
  })
  const pending = pendingOf(applied, steps)
  return { newest: [...applied.keys()].sort().at(-1), ...namesOf(pending) }
}

/** @throws DatabaseTooOld when only a migration would make the database one of this version */
export function assertMigrated({ newest, pending }: Pick<SchemaState, 'newest' | 'pending'>): void {
  if (pending.length > 0) throw new DatabaseTooOld(pending, newest)
}

/**
 * The steps that the database has behind it. @throws DatabaseTooNew, DatabaseTooOld when they are not exactly those of
 * this version
 */
export async function listMigrations(database: Database): Promise<string[]> {
  const known = migrations.map(({ name }) => name)
  const applied: string[] = []
  const { dialect } = database
  await database.snapshot(async (snapshot) => {
    const tables = await listTables(snapshot, dialect, { withMigrations: true })
    if (!tables.some(({ name }) => name === migrationTable)) return
    for await (const rows of snapshot.rows<{ name: string }>('select name from schema_migration')) {
      applied.push(...rows.map(({ name }) => name))
    }
  })
  assertKnown(applied, known)
  const missing = known.filter((name) => !applied.includes(name))
  if (missing.length > 0) throw new DatabaseTooOld(missing, applied.sort().at(-1))
  return known
}

/** Each step with whether versions that do not know it may serve. */
async function listApplied(tx: Writer, dialect: Dialect): Promise<Map<string, number | null>> {
  if (dialect === 'postgres') await assertNotHarbors(tx)
  await sql`create table if not exists schema_migration (
    name text not null primary key,
    applied_at bigint not null,
    older_may_serve smallint
  )`.execute(tx)
  // Asked first, because altering a table waits for every reader of it.
  const { rows: columns } = await (
    dialect === 'sqlite'
      ? sql`select 1 from pragma_table_info('schema_migration') where name = 'older_may_serve'`
      : sql`select 1 from information_schema.columns where table_schema = current_schema()
          and table_name = 'schema_migration' and column_name = 'older_may_serve'`
  ).execute(tx)
  if (columns.length === 0) await sql`alter table schema_migration add column older_may_serve smallint`.execute(tx)
  const rows = await asMigrationTables(tx).selectFrom('schema_migration').select(['name', 'older_may_serve']).execute()
  return new Map(rows.map((row) => [row.name, row.older_may_serve]))
}

/** Harbor's tables have names of ours (`project`, `artifact`, `tag`): where they are, ours cannot be. @throws DatabaseIsHarbors */
async function assertNotHarbors(tx: Writer): Promise<void> {
  const { rows } = await sql<{ name: string }>`select table_name as name from information_schema.tables
    where table_schema = current_schema() and table_name in ('harbor_user', 'harbor_label')`.execute(tx)
  if (rows.length > 0) throw new DatabaseIsHarbors()
}

function assertKnown(applied: readonly string[], known: readonly string[]): void {
  const unfinished = applied.map(restoredBackupOf).find((backup) => backup !== undefined)
  if (unfinished !== undefined) throw new RestoreUnfinished(unfinished)
  const unknown = applied.filter((name) => !known.includes(name))
  if (unknown.length > 0) throw new DatabaseTooNew(unknown)
}

/** The steps with these names, in their order. @throws DatabaseTooNew */
export function migrationsNamed(names: readonly string[]): Migration[] {
  assertKnown(
    names,
    migrations.map(({ name }) => name),
  )
  return migrations.filter(({ name }) => names.includes(name))
}

/** Stands among the steps, with the backup's id behind it, while rows are put into an empty database. */
const restoringStep = 'restoring '

export function restoredBackupOf(step: string): string | undefined {
  return step.startsWith(restoringStep) ? step.slice(restoringStep.length) : undefined
}

export async function markRestoring(tx: Writer, backup: string, now: number): Promise<void> {
  const record = { name: `${restoringStep}${backup}`, applied_at: now, older_may_serve: 0 }
  await asMigrationTables(tx).insertInto('schema_migration').values(record).execute()
}

export async function unmarkRestoring(tx: Writer, backup: string): Promise<void> {
  await asMigrationTables(tx).deleteFrom('schema_migration').where('name', '=', `${restoringStep}${backup}`).execute()
}

const asMigrationTables = (tx: Writer) => tx as unknown as Kysely<MigrationTables>

/** The database has steps this version does not know; writing to it could destroy what it does not understand. */
export class DatabaseTooNew extends Error {
  override readonly name = 'DatabaseTooNew'
  constructor(steps: readonly string[]) {
    super(`the database was migrated by a newer version of Berth (${steps.join(', ')}): start that version or newer`)
  }
}

/** The database that a Harbor works with. Nothing was changed in it. */
export class DatabaseIsHarbors extends Error {
  override readonly name = 'DatabaseIsHarbors'
  constructor() {
    super(
      'the database holds the tables of a Harbor, and was left as it is: give Berth an empty database of its own (database.url), then move in with `berth import harbor`; berth docs moving-in shows how',
    )
  }
}

/** A step takes something away, and there is no copy to go back to. Nothing was changed. */
export class DatabaseNotSaved extends Error {
  override readonly name = 'DatabaseNotSaved'
  constructor(takingAway: readonly string[], newest: string, isSqlite: boolean) {
    super(
      `the steps ${takingAway.join(', ')} take something away, versions before this one cannot go back behind them, and ` +
        (isSqlite ? 'database.copy_before_migration is off' : 'Berth cannot copy a PostgreSQL database by itself') +
        `: take a backup with the version that runs on ${newest} (berth backup --to …, or pg_dump), ` +
        'then say that you have it: berth migrate --i-have-a-backup',
    )
  }
}

/** The program is newer than the database, and a server of this version must migrate it first. */
export class DatabaseTooOld extends Error {
  override readonly name = 'DatabaseTooOld'
  constructor(missing: readonly string[], newest: string | undefined) {
    super(
      `the database is at ${newest ?? 'no version'}, and this version of Berth works on ${missing.at(-1)}: ` +
        'see what changes (berth migrate --dry-run) and start it first (berth serve), or use the version that runs on it',
    )
  }
}

/** Some of the rows of a backup are there, others are not: nothing may be served from that. */
export class RestoreUnfinished extends Error {
  override readonly name = 'RestoreUnfinished'
  readonly backup: string
  constructor(backup: string) {
    super(`the restore of backup ${backup} into this database was not finished: run it again (berth restore --from …)`)
    this.backup = backup
  }
}
