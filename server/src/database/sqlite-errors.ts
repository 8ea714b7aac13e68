import { sqliteErrorCode } from '#server/runtime/sqlite.ts'
import { DatabaseBusy, DatabaseCorrupt, DatabaseFull, DatabaseUnavailable } from './database.ts'

/** True when another process holds the write lock: trying again a little later is right. */
export const isSqliteBusy = (error: unknown): boolean => sqliteErrorCode(error)?.startsWith('SQLITE_BUSY') === true

/** Translates a failure of SQLite into the database's errors. Every other error stays as it is. */
export function translateSqliteError(error: unknown, file = 'the SQLite file'): unknown {
  const code = sqliteErrorCode(error)
  if (code === undefined) return error
  // The shared-memory index grows by itself; without room that is an I/O error of this name.
  if (code === 'SQLITE_FULL' || code === 'SQLITE_IOERR_SHMSIZE') {
    return new DatabaseFull(`the disk of ${file} is full: free some space, writes then succeed again`, {
      cause: error,
    })
  }
  if (isSqliteBusy(error)) return new DatabaseBusy(`another process is writing to ${file}`, { cause: error })
  if (isSqliteCorruption(code)) return databaseCorrupt(file, code, error)
  if (unavailable.some((prefix) => code.startsWith(prefix))) {
    return new DatabaseUnavailable(`${file} cannot be used (${code})`, { cause: error })
  }
  return error
}

const unavailable = ['SQLITE_IOERR', 'SQLITE_READONLY', 'SQLITE_CANTOPEN', 'SQLITE_PERM']

export const isSqliteCorruption = (code: string | undefined): boolean =>
  code !== undefined && (code.startsWith('SQLITE_CORRUPT') || code === 'SQLITE_NOTADB')

export function databaseCorrupt(file: string, what: string, cause?: unknown): DatabaseCorrupt {
  return new DatabaseCorrupt(
    `the database ${file} is damaged (${what}): stop the registry, keep the file, and restore a backup into an empty place ` +
      '(berth docs storage)',
    { cause },
  )
}
