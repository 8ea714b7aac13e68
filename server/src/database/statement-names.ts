import { isStatementNameClash } from './postgres-errors.ts'

/**
 * Whether statements are given names on a connection, so that the server parses each once. A pooler in transaction mode
 * (PgBouncer) gives each transaction another session, which knows other names: from the first clash on there are none.
 */
export class StatementNames {
  #used = true

  of(statement: { readonly name: string }): { name?: string } {
    return this.#used ? { name: statement.name } : {}
  }

  /** Passes the error on, and learns from it. A read or a write that met it is tried once more. */
  readonly heed = (error: unknown): never => {
    if (isStatementNameClash(error)) this.#used = false
    throw error
  }
}
