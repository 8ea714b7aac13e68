import { existsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Config } from '../config/config.ts'
import { copyBeforeChange } from '../database/copy-before-change.ts'
import type { Database, DatabaseCorrupt } from '../database/database.ts'
import { assertMigrated, DatabaseNotSaved, migrate, readSchemaState, type Migration } from '../database/migrate.ts'
import { composePostgresDatabase } from '../database/postgres.ts'
import { composeSqliteDatabase } from '../database/sqlite.ts'
import type { Clock } from '../domain/clock.ts'
import { scheduleWeeklyScrub } from '../domain/scrub/weekly-scrub.ts'
import { assertStoreEmpty, DatabaseLost, isBlank } from '../domain/verification/lost-database.ts'
import type { Logger } from '../logging.ts'
import { layoutKey } from '../storage/layout.ts'
import type { WorkerLink } from '../workers/worker-link.ts'
import { composeBlobStore } from './blob-store.ts'
import { composeEvents } from './events.ts'
import { placesOf } from './places.ts'

export interface ComposeDatabaseOptions {
  readonly worker?: Pick<WorkerLink, 'number'> | undefined
  /** A SQLite file is opened only if it is there. */
  readonly existing?: boolean
  /** Told once, when pages of a SQLite file turn out to be damaged. */
  readonly onDamage?: ((damage: DatabaseCorrupt) => void) | undefined
}

export function composeDatabase(config: Config, options: ComposeDatabaseOptions = {}): Database {
  const { worker, existing = false, onDamage } = options
  const { database } = config
  if (database.kind === 'sqlite') {
    const { file, acquireTimeoutMs } = database
    const part = worker === undefined ? 'alone' : worker.number === 1 ? 'first' : 'other'
    return composeSqliteDatabase({ file, acquireTimeoutMs, existing, onDamage, checkpoints: part })
  }
  return composePostgresDatabase({
    url: database.url,
    maxConnections: database.maxConnections,
    acquireTimeoutMs: database.acquireTimeoutMs,
  })
}

export interface OpenDatabaseOptions {
  readonly clock: Clock
  readonly logger?: Pick<Logger, 'info'>
  readonly worker?: Pick<WorkerLink, 'number'> | undefined
  /** Asked before a database that knows of no content is served; what it throws keeps it from being made or migrated. */
  readonly assertNew?: () => Promise<void>
  readonly onDamage?: (damage: DatabaseCorrupt) => void
  /** A person says that there is a backup, for steps that take something away where nothing is copied. */
  readonly isSaved?: boolean
  /** Other steps than those of this version, in tests. */
  readonly steps?: readonly Migration[]
}

/** Opens the database, making it if need be, and brings its schema up to date. For the server: it says what it did. */
export async function openDatabase(config: Config, options: OpenDatabaseOptions): Promise<Database> {
  const { worker, assertNew, onDamage } = options
  if (!hasDatabaseFile(config)) await assertNew?.()
  const database = composeDatabase(config, { worker, onDamage })
  try {
    if (assertNew !== undefined && (await isBlank(database))) await assertNew()
    const { isNew } = await migrateDatabase(database, config, options)
    if (isNew) await beginUpkeep(database, options.clock)
  } catch (error) {
    await database[Symbol.asyncDispose]()
    throw error
  }
  return database
}

/** Brings the schema up to date, and says what it did. @throws DatabaseNotSaved */
export async function migrateDatabase(
  database: Database,
  { database: given }: Config,
  { clock, logger, isSaved = false, steps }: OpenDatabaseOptions,
): Promise<{ readonly isNew: boolean }> {
  let startedAt: number | undefined
  const made = await migrate(database, {
    clock,
    ...(steps === undefined ? {} : { steps }),
    async beforeChange({ pending, takingAway, newest: from }) {
      startedAt = performance.now()
      const isSqlite = given.kind === 'sqlite'
      const copies = isSqlite && given.copyBeforeMigration
      if (!copies && takingAway.length > 0 && !isSaved) throw new DatabaseNotSaved(takingAway, from, isSqlite)
      const copy = copies ? await copyBeforeChange(given.file, pending) : undefined
      logger?.info({ from, to: pending.at(-1), steps: pending, copy }, 'migrating the database')
    },
  })
  const isNew = made.length > 0 && startedAt === undefined
  if (made.length === 0) return { isNew }
  if (startedAt === undefined) logger?.info({ schema: made.at(-1) }, 'a new database was made')
  else logger?.info({ schema: made.at(-1), ms: Math.round(performance.now() - startedAt) }, 'the database is migrated')
  return { isNew }
}

/** Schedules that a new registry has until a person sets others. */
async function beginUpkeep(database: Database, clock: Clock): Promise<void> {
  const services = { clock, events: composeEvents(clock) }
  await database.write((tx) => scheduleWeeklyScrub(tx, services, { kind: 'system', name: 'berth' }))
}

/**
 * Opens the database of a registry that exists, for commands beside the server: nothing is made and nothing migrated.
 * @throws RegistryAbsent, DatabaseLost, DatabaseTooOld, DatabaseTooNew, RestoreUnfinished
 */
export async function openExistingDatabase(config: Config): Promise<Database> {
  if (!hasDatabaseFile(config)) throw await absenceOf(config)
  const database = composeDatabase(config, { existing: true })
  try {
    const state = await readSchemaState(database)
    if (state.newest === undefined) throw await absenceOf(config)
    assertMigrated(state)
  } catch (error) {
    await database[Symbol.asyncDispose]()
    throw error
  }
  return database
}

/** For imports: content may come in before the first start of the server, and an older database stays as it is. */
export async function openOrBeginDatabase(config: Config, options: OpenDatabaseOptions): Promise<Database> {
  try {
    return await openExistingDatabase(config)
  } catch (error) {
    if (!(error instanceof RegistryAbsent)) throw error
    return await openDatabase(config, options)
  }
}

/** A place where nothing ever was, or one where only the database is missing. */
export async function absenceOf(config: Config): Promise<Error> {
  const { storage } = config
  // A store that is opened is also made.
  if (storage.kind === 'filesystem' && !existsSync(join(storage.folder, layoutKey))) return new RegistryAbsent(config)
  await using store = await composeBlobStore(config)
  try {
    await assertStoreEmpty(store, placesOf(config))
  } catch (error) {
    if (error instanceof DatabaseLost) return error
    throw error
  }
  return new RegistryAbsent(config)
}

/** Whether there is a SQLite file with anything in it. A PostgreSQL server is asked only when it is connected to. */
export function hasDatabaseFile({ database }: Config): boolean {
  return database.kind !== 'sqlite' || (existsSync(database.file) && statSync(database.file).size > 0)
}

/** A command was pointed to a place where no registry has ever been, most likely by mistake. */
export class RegistryAbsent extends Error {
  override readonly name = 'RegistryAbsent'
  constructor({ database, dataFolder }: Config) {
    super(
      database.kind === 'sqlite'
        ? `there is no registry in ${dataFolder}: ${database.file} ${existsSync(database.file) ? 'is empty' : 'does not exist'}`
        : 'there is no registry in this PostgreSQL database: it has none of its tables',
    )
  }
}
