import type { CompiledQuery, DatabaseConnection, QueryResult } from 'kysely'
import type { SqliteConnection, SqlValue } from '#server/runtime/sqlite.ts'
import { assertStorable } from './bound-values.ts'
import type { PreparedRunner } from './prepared.ts'
import { currentTimes } from './statement-watch.ts'
import { translateSqliteError } from './sqlite-errors.ts'

/** When a query may run, and what runs it. */
export type RunQuery = <Result>(query: () => Result) => Promise<Result>

export interface ConnectionUse {
  /** Runs before every query. */
  readonly assertUsable: () => void
  readonly run: RunQuery
}

/** Speaks Kysely's language to one SQLite connection. */
export function sqliteDatabaseConnection(
  connection: SqliteConnection,
  use: ConnectionUse,
  openForStream: () => SqliteConnection,
): DatabaseConnection {
  const run = composeRun(use)
  return {
    async executeQuery<R>({ sql, parameters }: CompiledQuery): Promise<QueryResult<R>> {
      const { rows, changes } = await run(sql, parameters, () =>
        connection.query(sql, parameters as readonly SqlValue[]),
      )
      return changes === undefined ? { rows: rows as R[] } : { rows: [], numAffectedRows: BigInt(changes) }
    },
    async *streamQuery<R>(query: CompiledQuery): AsyncIterableIterator<QueryResult<R>> {
      use.assertUsable()
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

export function sqlitePreparedRunner(connection: SqliteConnection, use: ConnectionUse): PreparedRunner {
  const run = composeRun(use)
  return {
    dialect: 'sqlite',
    rows: ({ sql }, values) => run(sql, values, () => connection.rows(sql, values as readonly SqlValue[])),
    firstRow: ({ sql }, values) => run(sql, values, () => connection.firstRow(sql, values as readonly SqlValue[])),
    run: ({ sql }, values) => run(sql, values, () => connection.query(sql, values as readonly SqlValue[]).changes ?? 0),
  }
}

function composeRun({ assertUsable, run }: ConnectionUse) {
  return <Result>(sql: string, values: readonly unknown[], query: () => Result): Promise<Result> => {
    const times = currentTimes()
    return run(() => {
      assertUsable()
      assertStorable(values)
      const startedAt = times === undefined ? 0 : performance.now()
      try {
        return query()
      } catch (error) {
        throw translateSqliteError(error)
      } finally {
        times?.add(sql, performance.now() - startedAt)
      }
    })
  }
}
