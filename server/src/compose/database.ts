import type { Config } from '../config/config.ts'
import { copyBeforeChange } from '../database/copy-before-change.ts'
import type { Database } from '../database/database.ts'
import { migrate } from '../database/migrate.ts'
import { composePostgresDatabase } from '../database/postgres.ts'
import { composeSqliteDatabase } from '../database/sqlite.ts'
import type { Clock } from '../domain/clock.ts'
import type { WorkerLink } from '../workers/worker-link.ts'

export function composeDatabase(config: Config, worker?: Pick<WorkerLink, 'number'>): Database {
  const { database } = config
  if (database.kind === 'sqlite') {
    const { file, acquireTimeoutMs } = database
    const part = worker === undefined ? 'alone' : worker.number === 1 ? 'first' : 'other'
    return composeSqliteDatabase({ file, acquireTimeoutMs, checkpoints: part })
  }
  return composePostgresDatabase({
    url: database.url,
    maxConnections: database.maxConnections,
    acquireTimeoutMs: database.acquireTimeoutMs,
  })
}

/** Opens the database and brings its schema up to date. */
export async function openDatabase(
  config: Config,
  clock: Clock,
  worker?: Pick<WorkerLink, 'number'>,
): Promise<Database> {
  const database = composeDatabase(config, worker)
  try {
    const { database: given } = config
    await migrate(database, {
      clock,
      ...(given.kind === 'sqlite' && given.copyBeforeMigration
        ? { beforeChange: async (pending) => void (await copyBeforeChange(given.file, pending)) }
        : {}),
    })
  } catch (error) {
    await database[Symbol.asyncDispose]()
    throw error
  }
  return database
}
