import { SqliteCheckpointer } from '#server/runtime/sqlite-checkpointer.ts'
import type { SqliteConnection } from '#server/runtime/sqlite.ts'

export interface CheckpointSizes {
  /** Pages in the log, and not yet in the database file, that make a checkpoint worth its syncs. */
  readonly afterPages: number
  /** From this size of the log on, writers are kept out for a moment, so that it begins anew. */
  readonly restartAfterPages: number
}

/** 4 MiB and 32 MiB of pages of 4 KiB. */
export const usualSizes: CheckpointSizes = { afterPages: 1024, restartAfterPages: 8192 }

/** Sizes from which on a process steps in although another one should have done it. */
export const farTooLong = ({ afterPages, restartAfterPages }: CheckpointSizes): CheckpointSizes => ({
  afterPages: 16 * afterPages,
  restartAfterPages: 4 * restartAfterPages,
})

/** A log so many times longer than it should be begins anew, also when writers then wait for many pages. */
const atTheLatest = 4

/** Keeps the log of a SQLite file short, in a thread, so that no request waits for the disk meanwhile. */
export class SqliteCheckpoints implements AsyncDisposable {
  readonly #connection: SqliteConnection
  readonly #checkpointer: SqliteCheckpointer
  readonly #sizes: CheckpointSizes
  /** Length of the log from which a restart is tried; moves on when readers of old rows stood in the way. */
  #restartAt: number
  #timer: ReturnType<typeof setInterval> | undefined

  constructor(file: string, connection: SqliteConnection, sizes: CheckpointSizes = usualSizes) {
    this.#connection = connection
    this.#checkpointer = new SqliteCheckpointer(file)
    this.#sizes = sizes
    this.#restartAt = sizes.restartAfterPages
  }

  /**
   * A glance at the log between transactions, and a checkpoint when the log is long. The caller waits for the result
   * before the next transaction. Usually there is none, since pages are written back beside the writer.
   */
  afterCommit(): Promise<void> | undefined {
    if (this.#checkpointer.busy) return undefined
    const { log = 0, checkpointed = 0 } = this.#look()
    const missing = log - checkpointed
    if (log >= this.#restartAt && (missing < this.#sizes.afterPages || log >= atTheLatest * this.#restartAt)) {
      return this.#restart(log)
    }
    // The next commit tries again. SQLite itself steps in when checkpoints go on failing.
    if (missing >= this.#sizes.afterPages) void this.#checkpointer.checkpoint('passive')
    return undefined
  }

  /** Looks without a commit of this process as the occasion: others write to the log too. */
  lookEvery(intervalMs: number): void {
    this.#timer = setInterval(() => {
      if (this.#checkpointer.busy) return
      const { log = 0, checkpointed = 0 } = this.#look()
      if (log - checkpointed >= this.#sizes.afterPages) void this.#checkpointer.checkpoint('passive')
    }, intervalMs)
    this.#timer.unref()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer)
    await this.#checkpointer[Symbol.asyncDispose]()
  }

  #look(): LogState {
    try {
      return this.#connection.firstRow('pragma wal_checkpoint(noop)', []) ?? {}
    } catch {
      return {} // The next transaction reports what is wrong with the file.
    }
  }

  /** With few pages missing, this takes two syncs and no more. */
  async #restart(log: number): Promise<void> {
    const reply = await this.#checkpointer.checkpoint('restart')
    const done = 'pages' in reply && reply.written === reply.pages && !reply.busy
    this.#restartAt = done ? this.#sizes.restartAfterPages : log + this.#sizes.restartAfterPages
  }
}

interface LogState {
  readonly log?: number
  readonly checkpointed?: number
}
