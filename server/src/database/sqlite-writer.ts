import { AsyncLocalStorage } from 'node:async_hooks'
import type { ConnectionProvider } from 'kysely'
import type { SqliteConnection } from '#server/runtime/sqlite.ts'
import { DatabaseBusy, DatabaseUnavailable, type Durability, type Writer } from './database.ts'
import type { KyselyShell } from './kysely-shell.ts'
import { setPreparedRunner } from './prepared.ts'
import type { SqliteCheckpoints } from './sqlite-checkpoints.ts'
import { type RunQuery, sqliteDatabaseConnection, sqlitePreparedRunner } from './sqlite-connection.ts'
import { isSqliteBusy, translateSqliteError } from './sqlite-errors.ts'
import { turnsForWriting } from './sqlite-turns.ts'
import type { LogSync } from './wal-sync.ts'
import { runInsideWrite } from './write-scope.ts'

export interface SqliteWriterOptions {
  /** Without a busy timeout of its own: waiting inside SQLite would stop the event loop. */
  readonly connection: SqliteConnection
  readonly shell: KyselyShell
  readonly log: LogSync
  readonly checkpoints: SqliteCheckpoints
  /** How long a write waits for its turn. */
  readonly acquireTimeoutMs: number
  /** A write that runs no statement for so long is rolled back: one that hangs would keep all others from writing. */
  readonly workTimeoutMs: number
}

interface WriteRequest {
  readonly durability: Durability
  /** Monotonic milliseconds; not begun by then, it is refused. */
  readonly deadline: number
  attempt(tx: Writer): Promise<Attempt>
  reject(error: unknown): void
}

interface Done {
  readonly request: WriteRequest
  readonly resolve: () => void
}

type Attempt =
  | { readonly failed: false; readonly resolve: () => void }
  | { readonly failed: true; readonly error: unknown }

/** More would keep the first of a group waiting for its answer without saving much more per commit. */
const groupSize = 64
const groupTimeMs = 5
/** Another process holds the lock for a group at a time. By chance, so that two that wait do not meet again and again. */
const busyRetryMs = () => 0.5 + Math.random() * 1.5

/**
 * The one writer of a SQLite file. Writes run one after another; those that wait together share one
 * COMMIT, and so one fsync, each inside a savepoint of its own. None is acknowledged before that COMMIT.
 */
export class SqliteWriter {
  readonly #connection: SqliteConnection
  readonly #shell: KyselyShell
  readonly #acquireTimeoutMs: number
  readonly #workTimeoutMs: number
  readonly #waiting: WriteRequest[] = []
  readonly #log: LogSync
  readonly #checkpoints: SqliteCheckpoints
  readonly #acknowledging = new Set<Promise<void>>()
  #running = false
  #expiry: ReturnType<typeof setTimeout> | undefined
  #whenIdle: (() => void) | undefined
  #closed = false

  constructor(options: SqliteWriterOptions) {
    this.#connection = options.connection
    this.#shell = options.shell
    this.#log = options.log
    this.#checkpoints = options.checkpoints
    this.#acquireTimeoutMs = options.acquireTimeoutMs
    this.#workTimeoutMs = options.workTimeoutMs
  }

  write<T>(work: (tx: Writer) => Promise<T>, durability: Durability): Promise<T> {
    if (this.#closed) return Promise.reject(new DatabaseUnavailable('the database is closed'))
    if (this.#log.failure !== undefined) return Promise.reject(unsynced(this.#log.failure))
    const inCallersContext = AsyncLocalStorage.snapshot()
    return new Promise<T>((resolve, reject) => {
      this.#waiting.push({
        durability,
        deadline: performance.now() + this.#acquireTimeoutMs,
        attempt: async (tx) => {
          try {
            const { value, committed } = await inCallersContext(() => runInsideWrite(() => work(tx)))
            const acknowledge = () => {
              committed()
              resolve(value)
            }
            return { failed: false, resolve: acknowledge }
          } catch (error) {
            return { failed: true, error }
          }
        },
        reject,
      })
      this.#armExpiry()
      if (!this.#running) {
        this.#running = true
        // After the I/O events of this turn: all the writes they ask for then share a commit.
        setImmediate(() => void this.#drain())
      }
    })
  }

  /** Finishes what is waiting, then closes the connection. */
  async close(): Promise<void> {
    this.#closed = true
    if (this.#running) await new Promise<void>((resolve) => (this.#whenIdle = resolve))
    clearTimeout(this.#expiry)
    await Promise.all(this.#acknowledging)
    await this.#checkpoints[Symbol.asyncDispose]()
    await this.#log[Symbol.asyncDispose]()
    this.#connection[Symbol.dispose]()
  }

  async #drain(): Promise<void> {
    while (this.#waiting.length > 0) {
      if (this.#begin()) {
        await this.#runGroup()
        await this.#checkpoints.afterCommit()
        // Lets requests and their reads in between two groups.
        if (this.#waiting.length > 0) await new Promise((resolve) => setImmediate(resolve))
      } else if (this.#waiting.length > 0) {
        await new Promise((resolve) => setTimeout(resolve, busyRetryMs()))
      }
    }
    this.#running = false
    this.#whenIdle?.()
  }

  /** False when the transaction could not begin now: another process writes, or the head was refused. */
  #begin(): boolean {
    const first = this.#waiting[0]
    if (first === undefined) return false
    try {
      // Left over when a failing disk refused the rollback too.
      if (this.#connection.inTransaction) this.#connection.query('rollback', [])
      this.#connection.query('begin immediate', [])
      return true
    } catch (error) {
      if (!isSqliteBusy(error)) {
        this.#waiting.shift()
        first.reject(translateSqliteError(error))
      }
      return false
    }
  }

  async #runGroup(): Promise<void> {
    const done: Done[] = []
    try {
      await this.#runWaiting(done)
      if (done.length > 0) this.#connection.query('commit', [])
    } catch (error) {
      // Nothing of the group is stored: the disk is full or failing. The next begin rolls back what SQLite left.
      for (const { request } of done) request.reject(translateSqliteError(error))
      return
    }
    const durable = done.filter(({ request }) => request.durability === 'durable')
    for (const { request, resolve } of done) if (request.durability === 'relaxed') resolve()
    if (durable.length === 0) return
    // The next group runs while the disk works for this one.
    const acknowledged = this.#acknowledge(durable).finally(() => this.#acknowledging.delete(acknowledged))
    this.#acknowledging.add(acknowledged)
  }

  /** A durable write is acknowledged only once it is on the disk. */
  async #acknowledge(done: readonly Done[]): Promise<void> {
    try {
      await this.#log.sync()
    } catch (error) {
      for (const { request } of done) request.reject(unsynced(error))
      return
    }
    for (const { resolve } of done) resolve()
  }

  /** Runs waiting writes into `done`, as long as they fit together. Throws when the whole transaction is lost. */
  async #runWaiting(done: Done[]): Promise<void> {
    const startedAt = performance.now()
    while (done.length < groupSize && performance.now() - startedAt < groupTimeMs) {
      const request = this.#waiting[0]
      if (request === undefined) break
      const first = done.length === 0
      if (!first) this.#connection.query('savepoint work', [])
      this.#waiting.shift()
      const attempt = await this.#attempt(request)
      if (!attempt.failed) {
        done.push({ request, resolve: attempt.resolve })
        if (!first) this.#connection.query('release work', [])
        continue
      }
      request.reject(attempt.error)
      if (!this.#connection.inTransaction) throw attempt.error
      if (first) {
        this.#connection.query('rollback', [])
        return
      }
      this.#connection.query('rollback to work', [])
      this.#connection.query('release work', [])
    }
  }

  async #attempt(request: WriteRequest): Promise<Attempt> {
    let usable = true
    const assertUsable = () => {
      if (!usable) throw new Error('a Writer was used after its write() had ended')
    }
    let lastQueryAt = performance.now()
    const run: RunQuery = (query) =>
      turnsForWriting.run(() => {
        try {
          return query()
        } finally {
          lastQueryAt = performance.now()
        }
      })
    const use = { assertUsable, run }
    const connection = sqliteDatabaseConnection(this.#connection, use, () => {
      throw new Error('a Writer cannot stream: read a page at a time')
    })
    const provider: ConnectionProvider = { provideConnection: (consumer) => consumer(connection) }
    const tx = this.#shell.writerOn(provider)
    setPreparedRunner(tx, sqlitePreparedRunner(this.#connection, use))
    const hung = Promise.withResolvers<Attempt>()
    const watch = (): void => {
      const leftMs = this.#workTimeoutMs - (performance.now() - lastQueryAt)
      if (leftMs > 0) watchdog = setTimeout(watch, leftMs)
      else hung.resolve({ failed: true, error: new Error(`a write() hung for ${this.#workTimeoutMs} ms: rolled back`) })
    }
    let watchdog = setTimeout(watch, this.#workTimeoutMs)
    const attempt = await Promise.race([request.attempt(tx), hung.promise])
    clearTimeout(watchdog)
    usable = false
    return attempt
  }

  #armExpiry(): void {
    const first = this.#waiting[0]
    if (this.#expiry !== undefined || first === undefined) return
    this.#expiry = setTimeout(() => this.#refuseExpired(), Math.max(1, first.deadline - performance.now()))
  }

  #refuseExpired(): void {
    this.#expiry = undefined
    const now = performance.now()
    for (let first = this.#waiting[0]; first !== undefined && first.deadline <= now; first = this.#waiting[0]) {
      this.#waiting.shift()
      first.reject(new DatabaseBusy(`no turn to write within ${this.#acquireTimeoutMs} ms`))
    }
    this.#armExpiry()
  }
}

const unsynced = (cause: unknown): DatabaseUnavailable =>
  new DatabaseUnavailable('the disk could not keep the log of the SQLite file: see to the disk and restart Berth', {
    cause,
  })
