import { Database } from 'bun:sqlite'
import type { SqliteConnection } from './sqlite.ts'

/**
 * A SQLite file that somebody else made, in memory and only for reading. Its schema is data: what stands in views and
 * triggers is run with no more rights than a query.
 * @throws SQLiteError when it is none
 */
export function openSqliteBytes(bytes: Uint8Array): Pick<SqliteConnection, 'iterate'> & Disposable {
  const database = Database.deserialize(bytes, { readonly: true })
  database.run('pragma trusted_schema = off')
  database.run('pragma cell_size_check = on')
  return {
    *iterate(sql, values) {
      const statement = database.prepare<Record<string, unknown>, (string | number | bigint | Uint8Array | null)[]>(sql)
      try {
        yield* statement.iterate(...values)
      } finally {
        statement.finalize()
      }
    },
    [Symbol.dispose]() {
      database.close(true)
    },
  }
}
