import { open, type FileHandle } from 'node:fs/promises'
import { dirname } from 'node:path'

/** Makes what was written to a log so far durable. */
export interface LogSync extends AsyncDisposable {
  sync(): Promise<void>
  /** Once there, every `sync` rejects with it. */
  readonly failure?: Error | undefined
}

export type SyncData = (file: FileHandle) => Promise<void>

/**
 * Makes what was committed to a SQLite write-ahead log durable without holding up the event loop: SQLite's own
 * sync (`synchronous = FULL`) would stand in the way of every request meanwhile. Committing with NORMAL and then
 * syncing the log promises the same: SQLite itself syncs the log before a checkpoint and when it begins anew
 * (sqlite.org/wal.html, "Performance Considerations").
 *
 * After a sync that failed nobody knows which pages reached the disk, and later syncs succeed without them: what
 * they acknowledge would lie behind a hole in the log, and be lost with it. So there are none, until a new start
 * has checked every page.
 */
export class WalSync implements LogSync {
  readonly #file: string
  readonly #folder: string
  readonly #syncData: SyncData
  #failure: Error | undefined
  #handle: FileHandle | undefined
  #running: Promise<void> | undefined
  #next: Promise<void> | undefined

  /** `file`: the database; its log lies beside it, and is the same file, while a connection is open. */
  constructor(file: string, syncData: SyncData = (handle) => handle.datasync()) {
    this.#file = `${file}-wal`
    this.#folder = dirname(file)
    this.#syncData = syncData
  }

  get failure(): Error | undefined {
    return this.#failure
  }

  /** Resolves when everything written to the log before this call is on the disk; calls that wait share one sync. */
  sync(): Promise<void> {
    if (this.#running === undefined) return this.#start()
    // The one under way may have begun before the last frames were written.
    this.#next ??= this.#running.then(
      () => this.#start(),
      () => this.#start(),
    )
    return this.#next
  }

  #start(): Promise<void> {
    this.#next = undefined
    const running = this.#datasync().finally(() => {
      if (this.#running === running) this.#running = undefined
    })
    this.#running = running
    return running
  }

  async #datasync(): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure
    this.#handle ??= await this.#open()
    try {
      await this.#syncData(this.#handle)
    } catch (error) {
      this.#failure = error as Error
      throw error
    }
  }

  /** The log with its name: a file whose folder was never synced may be gone after a power loss. */
  async #open(): Promise<FileHandle> {
    const handle = await open(this.#file, 'r')
    try {
      await using folder = await open(this.#folder, 'r')
      await folder.sync()
      return handle
    } catch (error) {
      await handle.close()
      throw error
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await (this.#next ?? this.#running)?.catch(() => {}) // the caller of this sync has been told
    await this.#handle?.close()
    this.#handle = undefined
  }
}
