import { checkSqlitePages, PageCheckFailed } from '../runtime/sqlite-page-check.ts'
import { sqliteErrorCode, type SqliteConnection } from '../runtime/sqlite.ts'
import type { DatabaseCorrupt } from './database.ts'
import { databaseCorrupt, isSqliteCorruption } from './sqlite-errors.ts'

/** Remembers the first sign that pages of a SQLite file are damaged: damage does not mend itself. */
export class SqliteDamage {
  readonly #file: string
  readonly #onSeen: ((damage: DatabaseCorrupt) => void) | undefined
  #seen: DatabaseCorrupt | undefined

  constructor(file: string, onSeen?: (damage: DatabaseCorrupt) => void) {
    this.#file = file
    this.#onSeen = onSeen
  }

  get seen(): DatabaseCorrupt | undefined {
    return this.#seen
  }

  /** The connection, with every failure of it looked at. */
  watch(connection: SqliteConnection): SqliteConnection {
    const watched = <T>(work: () => T): T => {
      try {
        return work()
      } catch (error) {
        this.#lookAt(sqliteErrorCode(error), error)
        throw error
      }
    }
    return {
      get inTransaction() {
        return connection.inTransaction
      },
      query: (sql, values) => watched(() => connection.query(sql, values)),
      rows: (sql, values) => watched(() => connection.rows(sql, values)),
      firstRow: (sql, values) => watched(() => connection.firstRow(sql, values)),
      iterate: (sql, values) => connection.iterate(sql, values),
      execute: (sql) => watched(() => connection.execute(sql)),
      [Symbol.dispose]: () => connection[Symbol.dispose](),
    }
  }

  /** Reads all pages. @throws what keeps the file from being read */
  async check(): Promise<readonly string[]> {
    let found: readonly string[]
    try {
      found = await checkSqlitePages(this.#file)
    } catch (error) {
      if (!(error instanceof PageCheckFailed) || !isSqliteCorruption(error.code)) throw error
      found = [`${error.code}: ${error.message}`]
    }
    if (found[0] !== undefined) this.#remember(databaseCorrupt(this.#file, found[0].replaceAll('\n', ' ')))
    return found
  }

  #lookAt(code: string | undefined, error: unknown): void {
    if (code !== undefined && isSqliteCorruption(code)) this.#remember(databaseCorrupt(this.#file, code, error))
  }

  #remember(damage: DatabaseCorrupt): void {
    if (this.#seen !== undefined) return
    this.#seen = damage
    this.#onSeen?.(damage)
  }
}
