import { type Kysely, sql } from 'kysely'
import { systemClock, type Clock } from '#server/domain/clock.ts'
import type { Database, Dialect, Writer } from './database.ts'
import { migrations } from './migrations/index.ts'

/** A step of the schema's history, in code so that it can speak both dialects. Never changed once released. */
export interface Migration {
  /** `0001-foundation`: its place in the order and what it is about. */
  readonly name: string
  up(tx: Writer, dialect: Dialect): Promise<void>
}

interface MigrationTables {
  schema_migration: { name: string; applied_at: number }
}

/** Any number that no other program takes as its advisory lock. */
const advisoryLock = 7_238_116_532n

/**
 * Brings the database to the newest schema, all steps in one transaction under a lock, so that several
 * processes may start together. Returns the names of the steps that were applied.
 * @throws DatabaseTooNew when a newer version of the program has migrated it further
 */
export async function migrate(
  database: Database,
  options: { clock?: Clock; steps?: readonly Migration[] } = {},
): Promise<string[]> {
  const { clock = systemClock, steps = migrations } = options
  return database.write(async (tx) => {
    if (database.dialect === 'postgres') await sql`select pg_advisory_xact_lock(${advisoryLock})`.execute(tx)
    const applied = await listApplied(tx)
    const unknown = [...applied].filter((name) => !steps.some((step) => step.name === name))
    if (unknown.length > 0) throw new DatabaseTooNew(unknown)
    const pending = steps.filter((step) => !applied.has(step.name))
    for (const step of pending) {
      await step.up(tx, database.dialect)
      const record = { name: step.name, applied_at: clock.now() }
      await asMigrationTables(tx).insertInto('schema_migration').values(record).execute()
    }
    return pending.map((step) => step.name)
  })
}

async function listApplied(tx: Writer): Promise<Set<string>> {
  await sql`create table if not exists schema_migration (
    name text not null primary key,
    applied_at bigint not null
  )`.execute(tx)
  const rows = await asMigrationTables(tx).selectFrom('schema_migration').select('name').execute()
  return new Set(rows.map((row) => row.name))
}

const asMigrationTables = (tx: Writer) => tx as unknown as Kysely<MigrationTables>

/** The database has steps this version does not know; writing to it could destroy what it does not understand. */
export class DatabaseTooNew extends Error {
  override readonly name = 'DatabaseTooNew'
  constructor(steps: readonly string[]) {
    super(`the database was migrated by a newer version of Berth (${steps.join(', ')}): start that version or newer`)
  }
}
