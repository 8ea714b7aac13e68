import type { SelectQueryBuilder } from 'kysely'
import type { Database } from './database.ts'
import type { Schema } from './schema.ts'

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
