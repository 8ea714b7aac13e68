import { DatabaseBusy, DatabaseFull, DatabaseUnavailable, UnstorableValue } from './database.ts'

/** SQLSTATE (`40P01`) or the code of a network error (`ECONNREFUSED`). */
export function postgresErrorCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined
  return typeof error.code === 'string' ? error.code : undefined
}

/** serialization_failure and deadlock_detected: the same work again will succeed. */
export const isRetryable = (error: unknown): boolean => ['40001', '40P01'].includes(postgresErrorCode(error) ?? '')

/** duplicate_prepared_statement, invalid_sql_statement_name: the session is not the one that the name was given to. */
export const isStatementNameClash = (error: unknown): boolean =>
  ['42P05', '26000'].includes(postgresErrorCode(error) ?? '')

/** True when the connection itself is of no more use, whatever the query was. */
export const isConnectionLost = (error: unknown): boolean => {
  const code = postgresErrorCode(error)
  if (code === undefined) return error instanceof Error && lostMessages.some((text) => error.message.includes(text))
  return /^(08|57P0)/.test(code) || networkCodes.has(code)
}

/** Translates a failure of PostgreSQL into the database's errors. Every other error stays as it is. */
export function translatePostgresError(error: unknown): unknown {
  const code = postgresErrorCode(error)
  if (unstorable.has(code ?? '')) {
    return new UnstorableValue(`a value cannot be kept (${code})`, { cause: error })
  }
  if (code === '53100') {
    const message = 'the disk of the PostgreSQL server is full: free some space, writes then succeed again'
    return new DatabaseFull(message, { cause: error })
  }
  // too_many_connections, lock_not_available, query_canceled (statement_timeout)
  if (code === '53300' || code === '55P03' || code === '57014') {
    return new DatabaseBusy(`the PostgreSQL server is too busy (${code})`, { cause: error })
  }
  // read_only_sql_transaction: a standby, or a primary that was put to read-only
  if (isConnectionLost(error) || code === '25006' || /^(53|58|XX)/.test(code ?? '')) {
    return new DatabaseUnavailable(`the PostgreSQL server cannot be used (${reasonOf(error, code)})`, { cause: error })
  }
  return error
}

/** What the server, or the pooler in front of it, said itself: only that tells an operator what to set. */
function reasonOf(error: unknown, code: string | undefined): string {
  if (code === undefined) return String(error)
  const isSqlState = /^[0-9A-Z]{5}$/.test(code)
  return isSqlState && error instanceof Error ? `${code}: ${error.message.slice(0, 300)}` : code
}

/**
 * string_data_right_truncation, numeric_value_out_of_range, invalid_datetime_format, datetime_field_overflow,
 * character_not_in_repertoire, untranslatable_character, invalid_text_representation, and program_limit_exceeded for
 * what is too long for its index.
 */
const unstorable = new Set(['22001', '22003', '22007', '22008', '22021', '22P05', '22P02', '54000'])

const networkCodes = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ENOENT', // the socket file of a server that is not running
])

/** pg gives these no code. */
const lostMessages = [
  'Connection terminated',
  'Client has encountered a connection error',
  'Client was closed and is not queryable',
  'timeout expired',
]
