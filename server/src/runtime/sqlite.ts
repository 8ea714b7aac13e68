import { Database, SQLiteError, type Statement } from 'bun:sqlite'

export type SqlValue = string | number | bigint | Uint8Array | null
export type SqlRow = Record<string, unknown>

export interface SqliteChanges {
  readonly rows: SqlRow[]
  /** Rows inserted, updated or deleted by the statement itself; undefined for one that returns rows. */
  readonly changes: number | undefined
}

/** One synchronous connection to a SQLite file, with its prepared statements kept by their text. */
export interface SqliteConnection extends Disposable {
  /** True between BEGIN and its end; SQLite itself may end a transaction, for instance when the disk is full. */
  readonly inTransaction: boolean
  /** Runs one statement and returns everything it gives. */
  query(sql: string, values: readonly SqlValue[]): SqliteChanges
  /** The rows of a statement known to return rows: the shortest way to them. */
  rows(sql: string, values: readonly SqlValue[]): SqlRow[]
  /** The first row of a statement known to return rows. */
  firstRow(sql: string, values: readonly SqlValue[]): SqlRow | undefined
  /** Rows one at a time. The connection reads from one moment of the database until the iterator ends. */
  iterate(sql: string, values: readonly SqlValue[]): IterableIterator<SqlRow>
  /** Runs statements without values, unprepared: pragmas take effect while they are compiled. */
  execute(sql: string): void
}

/** Enough for every query of the program; queries whose text varies (`in` lists) push the oldest out. */
const statementsKept = 400

/**
 * Opens a SQLite file, creating it unless it is `readOnly` or `existing`.
 * @throws SQLiteError (see `sqliteErrorCode`) when it cannot be opened
 */
export function openSqlite(file: string, options: { readOnly?: boolean; existing?: boolean } = {}): SqliteConnection {
  const database = new Database(
    file,
    options.readOnly === true ? { readonly: true } : { create: options.existing !== true, readwrite: true },
  )
  const statements = new Map<string, Statement<SqlRow, SqlValue[]>>()

  const prepare = (sql: string): Statement<SqlRow, SqlValue[]> => {
    const known = statements.get(sql)
    if (known !== undefined) return known
    const statement = database.prepare<SqlRow, SqlValue[]>(sql)
    if (statements.size >= statementsKept) {
      const [oldest] = statements
      if (oldest !== undefined) {
        statements.delete(oldest[0])
        oldest[1].finalize()
      }
    }
    statements.set(sql, statement)
    return statement
  }

  return {
    get inTransaction() {
      return database.inTransaction
    },
    query(sql, values) {
      const statement = prepare(sql)
      if (statement.reader) return { rows: statement.all(...values), changes: undefined }
      return { rows: [], changes: statement.run(...values).changes }
    },
    rows: (sql, values) => prepare(sql).all(...values),
    firstRow: (sql, values) => prepare(sql).get(...values) ?? undefined,
    *iterate(sql, values) {
      // A statement of its own: another run of a shared one would end this iteration.
      const statement = database.prepare<SqlRow, SqlValue[]>(sql)
      try {
        yield* statement.iterate(...values)
      } finally {
        statement.finalize()
      }
    },
    execute(sql) {
      database.run(sql)
    },
    [Symbol.dispose]() {
      for (const statement of statements.values()) statement.finalize()
      statements.clear()
      database.close(true)
    },
  }
}

/** SQLite's extended result code by name (`SQLITE_CONSTRAINT_UNIQUE`), or undefined for any other error. */
export function sqliteErrorCode(error: unknown): string | undefined {
  return error instanceof SQLiteError ? (error.code ?? `SQLITE_${error.errno}`) : undefined
}
