import {
  type ConnectionProvider,
  PostgresAdapter,
  PostgresDialect,
  PostgresQueryCompiler,
  SingleConnectionProvider,
} from 'kysely'
import pg from 'pg'
import { DatabaseBusy, DatabaseUnavailable, type Database, type Durability, type Writer } from './database.ts'
import { composeKyselyShell } from './kysely-shell.ts'
import {
  postgresDatabaseConnection,
  postgresPreparedRunner,
  translated,
  type WithClient,
} from './postgres-connection.ts'
import { isConnectionLost, isRetryable, isStatementNameClash, translatePostgresError } from './postgres-errors.ts'
import { StatementNames } from './statement-names.ts'
import { readPostgresSnapshot } from './postgres-snapshot.ts'
import { setPreparedRunner } from './prepared.ts'
import { assertOutsideWrite, runInsideWrite } from './write-scope.ts'

export interface PostgresDatabaseOptions {
  /** `postgres://user:password@host:5432/berth?sslmode=verify-full` */
  readonly url: string
  readonly maxConnections: number
  /** How long a read or write waits for a free connection, and a statement for a lock. */
  readonly acquireTimeoutMs: number
}

const attempts = 4
/** Pooled connections may have died unnoticed, for instance when the server was restarted: nothing is lost with them. */
const connectionAttempts = 3
/** A process that hangs inside a transaction loses its locks after this. */
const idleInTransactionMs = 60_000
/** Opening a connection costs as much as ten queries. */
const idleConnectionMs = 60_000

/** Metadata in a PostgreSQL database, over a bounded pool. Connects on first use. */
export function composePostgresDatabase(options: PostgresDatabaseOptions): Database {
  const { url, maxConnections, acquireTimeoutMs } = options
  const pool = new pg.Pool({
    connectionString: url,
    max: maxConnections,
    connectionTimeoutMillis: acquireTimeoutMs,
    application_name: 'berth',
    keepAlive: true,
    idleTimeoutMillis: idleConnectionMs,
    types: { getTypeParser },
  })
  // A connection that dies idle leaves the pool by itself. The next query gets a new one, or the error.
  pool.on('error', () => {})
  // A connection that dies between two queries of a transaction fails the next query. Without a listener, its error
  // would end the process.
  pool.on('connect', (client) => {
    client.on('error', () => {})
    // Not as a parameter of the start: PgBouncer refuses those that it does not know. Reads have only this one.
    client.query(`set lock_timeout = ${acquireTimeoutMs}`).catch(() => {}) // the query behind it meets the same error
  })
  const begin = beginOf(acquireTimeoutMs)
  const names = new StatementNames()

  const acquire = async (): Promise<pg.PoolClient> => {
    try {
      return await pool.connect()
    } catch (error) {
      throw translateAcquireError(error, acquireTimeoutMs)
    }
  }
  const withReader: WithClient = async (use) => {
    assertOutsideWrite('database.read')
    for (let attempt = 1; ; attempt += 1) {
      const client = await acquire()
      let lost = false
      try {
        return await use(client)
      } catch (error) {
        lost = error instanceof DatabaseUnavailable
        const retried = isLostUnderway(error) || isStatementNameClash(error)
        if (!retried || attempt >= connectionAttempts) throw error
      } finally {
        client.release(lost)
      }
    }
  }
  const acquireAndBegin = async (durability: Durability): Promise<pg.PoolClient> => {
    for (let attempt = 1; ; attempt += 1) {
      const client = await acquire()
      try {
        await client.query(begin[durability])
        return client
      } catch (error) {
        client.release(true)
        if (!isConnectionLost(error) || attempt >= connectionAttempts) throw error
      }
    }
  }
  const readers: ConnectionProvider = {
    provideConnection: (consumer) => withReader((client) => consumer(postgresDatabaseConnection(client, alwaysUsable))),
  }
  const shell = composeKyselyShell({
    dialect: new PostgresDialect({ pool }),
    adapter: new PostgresAdapter(),
    compiler: new PostgresQueryCompiler(),
    readers,
  })
  setPreparedRunner(shell.reader, postgresPreparedRunner(withReader, names))

  const writeOnce = async <T>(work: (tx: Writer) => Promise<T>, durability: Durability): Promise<T> => {
    const client = await acquireAndBegin(durability)
    let usable = true
    let lost = false
    const assertUsable = () => {
      if (!usable) throw new Error('a Writer was used after its write() had ended')
    }
    const tx = shell.writerOn(new SingleConnectionProvider(postgresDatabaseConnection(client, assertUsable)))
    const prepared: WithClient = async (use) => {
      assertUsable()
      return use(client)
    }
    setPreparedRunner(tx, postgresPreparedRunner(prepared, names))
    try {
      const done = await runInsideWrite(() => work(tx))
      const { command } = await client.query('commit')
      if (command === 'ROLLBACK')
        throw new Error('a statement had failed and its error was not passed on: nothing was written')
      done.committed()
      return done.value
    } catch (error) {
      lost = isConnectionLost(error) || error instanceof DatabaseUnavailable
      // A rollback that fails takes its connection along; the reason to report is the first one.
      if (!lost) await client.query('rollback').catch(() => (lost = true))
      throw error
    } finally {
      usable = false
      client.release(lost)
    }
  }

  return {
    dialect: 'postgres',
    read: shell.reader,
    async write(work, durability = 'durable') {
      assertOutsideWrite('database.write')
      for (let attempt = 1; ; attempt += 1) {
        try {
          return await writeOnce(work, durability)
        } catch (error) {
          const retried = isRetryable(error) || isStatementNameClash(error)
          if (!retried || attempt >= attempts) {
            if (isRetryable(error)) throw new DatabaseBusy('too many writes to the same rows', { cause: error })
            throw translatePostgresError(error)
          }
          await new Promise((resolve) => setTimeout(resolve, Math.random() * 20 * attempt))
        }
      }
    },
    async snapshot(work) {
      const client = await acquire()
      let lost = true
      try {
        const result = await readPostgresSnapshot(client, work)
        lost = false
        return result
      } finally {
        client.release(lost)
      }
    },
    epoch: () => undefined,
    connections: () => ({
      max: maxConnections,
      busy: pool.totalCount - pool.idleCount,
      idle: pool.idleCount,
      waiting: pool.waitingCount,
    }),
    checkPages: async () => [],
    damage: () => undefined,
    async [Symbol.asyncDispose]() {
      await translated(pool.end())
    },
  }
}

/** The limits are those of the transaction: a pooler may give each to another session. */
function beginOf(lockTimeoutMs: number): Record<Durability, string> {
  const durable = [
    'begin isolation level read committed read write',
    `set local lock_timeout = ${lockTimeoutMs}`,
    `set local idle_in_transaction_session_timeout = ${idleInTransactionMs}`,
  ].join('; ')
  return { durable, relaxed: `${durable}; set local synchronous_commit = off` }
}

const isLostUnderway = (error: unknown): boolean =>
  error instanceof DatabaseUnavailable && isConnectionLost(error.cause)

const alwaysUsable = () => {}

/** int8, and the numeric that `sum` makes of it: ids, sizes and times stay below 2^53 for longer than the program will. */
const wholeNumbers = [20, 1700]

const getTypeParser = ((oid: number, format?: 'text' | 'binary') =>
  wholeNumbers.includes(oid) ? Number : pg.types.getTypeParser(oid, format as 'text')) as typeof pg.types.getTypeParser

function translateAcquireError(error: unknown, timeoutMs: number): unknown {
  if (error instanceof Error && error.message.includes('timeout exceeded when trying to connect')) {
    return new DatabaseBusy(`no database connection came free within ${timeoutMs} ms`, { cause: error })
  }
  const known = translatePostgresError(error)
  // Other reasons that keep a connection from opening (a wrong password, a missing database) are no fault of the query.
  return known === error
    ? new DatabaseUnavailable(`no connection to the PostgreSQL server: ${(error as Error).message}`, { cause: error })
    : known
}
