import {
  type ConnectionProvider,
  type Dialect as KyselyDialect,
  type DialectAdapter,
  type Driver,
  DefaultQueryExecutor,
  Kysely,
  type KyselyProps,
  type QueryCompiler,
  type QueryExecutor,
  Transaction,
} from 'kysely'
import type { Reader, Writer } from './database.ts'
import type { Schema } from './schema/schema.ts'

export interface KyselyShellOptions {
  readonly dialect: KyselyDialect
  readonly adapter: DialectAdapter
  readonly compiler: QueryCompiler
  /** Gives a connection to each read. */
  readonly readers: ConnectionProvider
}

/**
 * Kysely's query builder without its connection handling. The two databases alone decide which query gets which
 * connection, and when a transaction begins and ends.
 */
export interface KyselyShell {
  readonly reader: Reader
  /** A Writer whose every query goes through `provider`. */
  writerOn(provider: ConnectionProvider): Writer
}

export function composeKyselyShell(options: KyselyShellOptions): KyselyShell {
  const executor = new DefaultQueryExecutor(options.compiler, options.adapter, options.readers)
  const props = (own: QueryExecutor): KyselyProps => ({
    config: { dialect: options.dialect },
    dialect: options.dialect,
    driver: closedDriver,
    executor: own,
  })
  return {
    reader: new Kysely<Schema>(props(executor)),
    writerOn: (provider) => new Transaction<Schema>(props(executor.withConnectionProvider(provider))),
  }
}

const refuse = (): Promise<never> =>
  Promise.reject(new Error('transactions go through Database.write, connections end with the Database'))

const closedDriver: Driver = {
  init: () => Promise.resolve(),
  acquireConnection: refuse,
  beginTransaction: refuse,
  commitTransaction: refuse,
  rollbackTransaction: refuse,
  releaseConnection: () => Promise.resolve(),
  destroy: refuse,
}
