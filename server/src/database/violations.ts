import { sqliteErrorCode } from '#server/runtime/sqlite.ts'
import { postgresErrorCode } from './postgres-errors.ts'

/** True when a row with this key is there already. */
export const isUniqueViolation = (error: unknown): boolean =>
  postgresErrorCode(error) === '23505' ||
  ['SQLITE_CONSTRAINT_UNIQUE', 'SQLITE_CONSTRAINT_PRIMARYKEY', 'SQLITE_CONSTRAINT_ROWID'].includes(
    sqliteErrorCode(error) ?? '',
  )

/** True when a row refers to one that is not there, or a row was to go that another refers to. */
export const isForeignKeyViolation = (error: unknown): boolean =>
  // 23001: a `restrict` rule, 23503: any other
  ['23503', '23001'].includes(postgresErrorCode(error) ?? '') ||
  sqliteErrorCode(error) === 'SQLITE_CONSTRAINT_FOREIGNKEY'
