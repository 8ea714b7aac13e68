import { type ConnectionProvider, SqliteAdapter, SqliteDialect, SqliteQueryCompiler } from 'kysely'
import { closeSync, existsSync, mkdirSync, openSync } from 'node:fs'
import { dirname } from 'node:path'
import { openSqlite, type SqliteConnection } from '#server/runtime/sqlite.ts'
import { type Database, type DatabaseCorrupt, DatabaseUnavailable } from './database.ts'
import { composeKyselyShell } from './kysely-shell.ts'
import { setPreparedRunner } from './prepared.ts'
import { type CheckpointSizes, farTooLong, SqliteCheckpoints, usualSizes } from './sqlite-checkpoints.ts'
import { sqliteDatabaseConnection, sqlitePreparedRunner } from './sqlite-connection.ts'
import { SqliteDamage } from './sqlite-damage.ts'
import { translateSqliteError } from './sqlite-errors.ts'
import { readSqliteSnapshot } from './sqlite-snapshot.ts'
import { turnsForReading } from './sqlite-turns.ts'
import { SqliteWriter } from './sqlite-writer.ts'
import { WalSync, type LogSync } from './wal-sync.ts'
import { assertOutsideWrite } from './write-scope.ts'

export interface SqliteDatabaseOptions {
  /** Created with its folder when missing. A file, not `:memory:`: reader and writer are two connections. */
  readonly file: string
  /** The file is opened only if it is there; neither it nor its folder is made. */
  readonly existing?: boolean
  /** Told once, when a query or a check first meets damaged pages. */
  readonly onDamage?: ((damage: DatabaseCorrupt) => void) | undefined
  /** How long a write waits for its turn. */
  readonly acquireTimeoutMs?: number
  /** A write that runs no statement for so long is rolled back. */
  readonly workTimeoutMs?: number
  /** How durable writes reach the disk; tests replace it. */
  readonly log?: LogSync
  /** When the log is written back; tests make it small. */
  readonly checkpointSizes?: CheckpointSizes
  /**
   * Which process writes the log back. The `first` of several does it for all, also for what the others write; an `other`
   * steps in when the log has become far too long.
   */
  readonly checkpoints?: 'alone' | 'first' | 'other'
}

/** Page caches in KiB. */
const cacheKiB = 8192
/** Should the thread of `SqliteCheckpoints` not keep up, a commit does the checkpoint itself: 256 MiB. */
const lastResortPages = 65_536
/** After a burst the write-ahead log is cut back to this. */
const walLimitBytes = 64 * 1024 * 1024

/**
 * Metadata in one SQLite file, in WAL mode: readers never wait for the writer.
 * @throws DatabaseUnavailable when the file cannot be opened or is no SQLite database
 */
export function composeSqliteDatabase(options: SqliteDatabaseOptions): Database {
  const { file, acquireTimeoutMs = 5000, workTimeoutMs = 60_000 } = options
  if (file === ':memory:' || file === '') throw new TypeError('composeSqliteDatabase needs a file')
  const damage = new SqliteDamage(file, options.onDamage)
  const opened = openBoth(file, options.existing === true)
  const [writing, reading] = [damage.watch(opened.writing), damage.watch(opened.reading)]

  let turnsEpoch: number | undefined
  const forgetEpoch = () => {
    turnsEpoch = undefined
  }
  let closed = false
  const assertReadable = () => {
    if (closed) throw new DatabaseUnavailable('the database is closed')
    assertOutsideWrite('database.read')
  }
  const use = { assertUsable: assertReadable, run: turnsForReading.run }
  const readConnection = sqliteDatabaseConnection(reading, use, () => openReader(file))
  const readers: ConnectionProvider = { provideConnection: (consumer) => consumer(readConnection) }
  const shell = composeKyselyShell({
    dialect: new SqliteDialect({ database: () => Promise.reject(new Error('connections are opened by the Database')) }),
    adapter: new SqliteAdapter(),
    compiler: new SqliteQueryCompiler(),
    readers,
  })
  setPreparedRunner(shell.reader, sqlitePreparedRunner(reading, use))
  const writer = new SqliteWriter({
    connection: writing,
    shell,
    log: options.log ?? new WalSync(file),
    checkpoints: composeCheckpoints(options, writing),
    acquireTimeoutMs,
    workTimeoutMs,
  })

  return {
    dialect: 'sqlite',
    read: shell.reader,
    async write(work, durability = 'durable') {
      assertOutsideWrite('database.write')
      return writer.write(work, durability).finally(forgetEpoch)
    },
    snapshot: (work) => readSqliteSnapshot(() => openReader(file), work),
    epoch() {
      if (closed) throw new DatabaseUnavailable('the database is closed')
      // Asked once per turn of the event loop: a commit of another process may as well have come before the requests of
      // this turn. Our own commits end the turn's answer at once (`write`).
      if (turnsEpoch !== undefined) return turnsEpoch
      try {
        // Changes with every commit of any other connection, so with the writer's own and other processes'.
        turnsEpoch = reading.firstRow('pragma data_version', [])?.['data_version'] as number
      } catch (error) {
        throw translateSqliteError(error)
      }
      setImmediate(forgetEpoch)
      return turnsEpoch
    },
    checkPages: () => damage.check(),
    damage: () => damage.seen,
    async [Symbol.asyncDispose]() {
      if (closed) return
      closed = true
      reading[Symbol.dispose]()
      // The last connection to close writes the log back into the file and removes it.
      await writer.close()
    },
  }
}

/** How often the first of several processes looks at a log that the others write to. */
const lookEveryMs = 1_000

function composeCheckpoints(
  { file, checkpointSizes = usualSizes, checkpoints = 'alone' }: SqliteDatabaseOptions,
  connection: SqliteConnection,
): SqliteCheckpoints {
  if (checkpoints === 'other') return new SqliteCheckpoints(file, connection, farTooLong(checkpointSizes))
  const own = new SqliteCheckpoints(file, connection, checkpointSizes)
  if (checkpoints === 'first') own.lookEvery(lookEveryMs)
  return own
}

function openBoth(file: string, existing: boolean): { writing: SqliteConnection; reading: SqliteConnection } {
  if (!existing) createFile(file)
  let writing: SqliteConnection | undefined
  try {
    writing = openSqlite(file, { existing })
    writing.execute('pragma busy_timeout = 5000')
    writing.execute('pragma journal_mode = wal')
    // Durable writes are synced by `WalSync`, off the event loop.
    writing.execute('pragma synchronous = normal')
    writing.execute(`pragma wal_autocheckpoint = ${lastResortPages}`)
    writing.execute('pragma foreign_keys = on')
    writing.execute(`pragma cache_size = -${cacheKiB}`)
    writing.execute(`pragma journal_size_limit = ${walLimitBytes}`)
    writing.execute('pragma busy_timeout = 0')
    return { writing, reading: openReader(file) }
  } catch (error) {
    writing?.[Symbol.dispose]()
    throw translateSqliteError(error, file)
  }
}

function createFile(file: string): void {
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
    // It holds password hashes and signing keys. SQLite gives its log and index the same mode.
    closeSync(openSync(file, 'ax', 0o600))
  } catch (error) {
    // An existing file is left alone: opening and closing it would drop SQLite's own locks on it.
    const exists = (error as NodeJS.ErrnoException).code === 'EEXIST' && existsSync(file)
    if (!exists)
      throw new DatabaseUnavailable(`the SQLite file ${file} cannot be made: ${(error as Error).message}`, {
        cause: error,
      })
  }
}

function openReader(file: string): SqliteConnection {
  const connection = openSqlite(file, { readOnly: true })
  connection.execute('pragma busy_timeout = 5000')
  connection.execute(`pragma cache_size = -${cacheKiB}`)
  return connection
}
