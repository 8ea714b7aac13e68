import { sql, type SelectQueryBuilder } from 'kysely'
import type { Database, Writer } from './database.ts'
import type { Schema } from './schema/schema.ts'

/**
 * Locks the selected rows until the end of the transaction. SQLite needs nothing: its writers are
 * serialised by BEGIN IMMEDIATE.
 */
export function lockRows<TB extends keyof Schema, O>(
  database: Pick<Database, 'dialect'>,
  query: SelectQueryBuilder<Schema, TB, O>,
): SelectQueryBuilder<Schema, TB, O> {
  return database.dialect === 'postgres' ? query.forUpdate() : query
}

/**
 * Locks the selected rows and skips those that another transaction holds. SQLite has one writer, so no row is ever
 * held.
 */
export function lockFreeRows<TB extends keyof Schema, O>(
  database: Pick<Database, 'dialect'>,
  query: SelectQueryBuilder<Schema, TB, O>,
): SelectQueryBuilder<Schema, TB, O> {
  return database.dialect === 'postgres' ? query.forUpdate().skipLocked() : query
}

/** Locks the selected rows for a change that leaves their keys as they are: others may go on referring to them. */
export function lockRowsToChange<TB extends keyof Schema, O>(
  database: Pick<Database, 'dialect'>,
  query: SelectQueryBuilder<Schema, TB, O>,
): SelectQueryBuilder<Schema, TB, O> {
  return database.dialect === 'postgres' ? query.forNoKeyUpdate() : query
}

/** Keeps the selected rows from being deleted, and lets others do the same at the same time. Nothing to do for SQLite. */
export function lockRowsShared<TB extends keyof Schema, O>(
  database: Pick<Database, 'dialect'>,
  query: SelectQueryBuilder<Schema, TB, O>,
): SelectQueryBuilder<Schema, TB, O> {
  return database.dialect === 'postgres' ? query.forKeyShare() : query
}

/**
 * Serialises transactions that give the same name: for a rule about rows that do not exist yet, which no row lock can
 * protect. The lock ends with the transaction. SQLite needs nothing.
 */
export async function lockName(database: Pick<Database, 'dialect'>, tx: Writer, name: string): Promise<void> {
  if (database.dialect === 'postgres') await sql`select pg_advisory_xact_lock(hashtextextended(${name}, 0))`.execute(tx)
}
