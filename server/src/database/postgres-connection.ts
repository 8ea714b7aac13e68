import { type CompiledQuery, type DatabaseConnection, type QueryResult } from 'kysely'
import type { PoolClient, QueryResult as PgResult } from 'pg'
import { assertStorable } from './bound-values.ts'
import type { PreparedRunner } from './prepared.ts'
import type { StatementNames } from './statement-names.ts'
import { currentTimes } from './statement-watch.ts'
import { translatePostgresError } from './postgres-errors.ts'

/** Speaks Kysely's language to one connection of the pool. `assertUsable` runs before every query. */
export function postgresDatabaseConnection(client: PoolClient, assertUsable: () => void): DatabaseConnection {
  return {
    async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
      assertUsable()
      assertStorable(query.parameters)
      const result = await timed(query.sql, () => translated(client.query(query.sql, [...query.parameters])))
      return returnsCount(result)
        ? { rows: result.rows as R[], numAffectedRows: BigInt(result.rowCount ?? 0) }
        : { rows: result.rows as R[] }
    },
    async *streamQuery<R>(query: CompiledQuery, chunkSize: number): AsyncIterableIterator<QueryResult<R>> {
      assertUsable()
      await translated(client.query('begin read only'))
      try {
        await translated(client.query(`declare stream no scroll cursor for ${query.sql}`, [...query.parameters]))
        while (true) {
          const { rows } = await translated(client.query(`fetch ${Math.max(1, Math.trunc(chunkSize))} from stream`))
          if (rows.length === 0) return
          yield { rows: rows as R[] }
        }
      } finally {
        await translated(client.query('rollback'))
      }
    },
  }
}

/** Runs `use` on a connection: one of the pool for each query, or the one of a transaction. */
export type WithClient = <T>(use: (client: PoolClient) => Promise<T>) => Promise<T>

export function postgresPreparedRunner(withClient: WithClient, names: StatementNames): PreparedRunner {
  const query = async (statement: { name: string; sql: string }, values: readonly unknown[]) => {
    assertStorable(values)
    return await withClient((client) =>
      timed(statement.sql, () =>
        translated(client.query({ ...names.of(statement), text: statement.sql, values: [...values] })).catch(
          names.heed,
        ),
      ),
    )
  }
  return {
    dialect: 'postgres',
    rows: async (statement, values) => (await query(statement, values)).rows,
    firstRow: async (statement, values) => (await query(statement, values)).rows[0],
    run: async (statement, values) => (await query(statement, values)).rowCount ?? 0,
  }
}

/** Without the waiting for a connection. */
async function timed<T>(sql: string, query: () => Promise<T>): Promise<T> {
  const times = currentTimes()
  if (times === undefined) return await query()
  const startedAt = performance.now()
  try {
    return await query()
  } finally {
    times.add(sql, performance.now() - startedAt)
  }
}

export async function translated<T>(result: Promise<T>): Promise<T> {
  try {
    return await result
  } catch (error) {
    throw translatePostgresError(error)
  }
}

const returnsCount = (result: PgResult): boolean => ['INSERT', 'UPDATE', 'DELETE', 'MERGE'].includes(result.command)
