import type { CompiledQuery, DatabaseConnection, QueryResult } from 'kysely'
import type { SqliteConnection, SqlValue } from '#server/runtime/sqlite.ts'
import { assertStorable } from './bound-values.ts'
import type { PreparedRunner } from './prepared.ts'
import { translateSqliteError } from './sqlite-errors.ts'

/** Speaks Kysely's language to one SQLite connection. `assertUsable` runs before every query. */
export function sqliteDatabaseConnection(
  connection: SqliteConnection,
  assertUsable: () => void,
  openForStream: () => SqliteConnection,
): DatabaseConnection {
  return {
    async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
      assertUsable()
      assertStorable(query.parameters)
      try {
        const { rows, changes } = connection.query(query.sql, query.parameters as readonly SqlValue[])
        return changes === undefined ? { rows: rows as R[] } : { rows: [], numAffectedRows: BigInt(changes) }
      } catch (error) {
        throw translateSqliteError(error)
      }
    },
    async *streamQuery<R>(query: CompiledQuery): AsyncIterableIterator<QueryResult<R>> {
      assertUsable()
      // An open iterator holds its connection at one moment of the database: on the shared reader every
      // other read would go stale with it.
      using own = openForStream()
      try {
        for (const row of own.iterate(query.sql, query.parameters as readonly SqlValue[])) yield { rows: [row as R] }
      } catch (error) {
        throw translateSqliteError(error)
      }
    },
  }
}

export function sqlitePreparedRunner(connection: SqliteConnection, assertUsable: () => void): PreparedRunner {
  return {
    dialect: 'sqlite',
    async rows(statement, values) {
      assertUsable()
      assertStorable(values)
      try {
        return connection.rows(statement.sql, values as readonly SqlValue[])
      } catch (error) {
        throw translateSqliteError(error)
      }
    },
    async firstRow(statement, values) {
      assertUsable()
      assertStorable(values)
      try {
        return connection.firstRow(statement.sql, values as readonly SqlValue[])
      } catch (error) {
        throw translateSqliteError(error)
      }
    },
    async run(statement, values) {
      assertUsable()
      assertStorable(values)
      try {
        return connection.query(statement.sql, values as readonly SqlValue[]).changes ?? 0
      } catch (error) {
        throw translateSqliteError(error)
      }
    },
  }
}
