import type { Config } from '../config/config.ts'
import { copyBeforeChange } from '../database/copy-before-change.ts'
import type { Database } from '../database/database.ts'
import { migrate } from '../database/migrate.ts'
import { composePostgresDatabase } from '../database/postgres.ts'
import { composeSqliteDatabase } from '../database/sqlite.ts'
import type { Clock } from '../domain/clock.ts'

export function composeDatabase(config: Config): Database {
  const { database } = config
  if (database.kind === 'sqlite')
    return composeSqliteDatabase({ file: database.file, acquireTimeoutMs: database.acquireTimeoutMs })
  return composePostgresDatabase({
    url: database.url,
    maxConnections: database.maxConnections,
    acquireTimeoutMs: database.acquireTimeoutMs,
  })
}

/** Opens the database and brings its schema up to date. */
export async function openDatabase(config: Config, clock: Clock): Promise<Database> {
  const database = composeDatabase(config)
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
