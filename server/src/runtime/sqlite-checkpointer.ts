import { Worker } from 'node:worker_threads'

export interface CheckpointRequest {
  readonly file: string
  /**
   * `passive` writes back what it can beside readers and writers. `restart` keeps writers out for the last
   * pages, after which the log is written from its beginning again.
   */
  readonly mode: 'passive' | 'restart'
}

export type CheckpointReply =
  | {
      /** Pages in the log, and how many of them are in the database file by now. */
      readonly pages: number
      readonly written: number
      /** Somebody stood in the way of a restart. */
      readonly busy: boolean
    }
  | { readonly error: string }

/** With the write lock held, a restart waits this long for readers of old rows before it gives up. */
const restartPatienceMs = 50

/**
 * As text, because a file of its own would have to be found inside the single executable too. A connection
 * for each checkpoint, so that none is open when the thread ends.
 */
const threadProgram = `
const { Database } = require('bun:sqlite')
const { parentPort } = require('node:worker_threads')
parentPort.on('message', ({ file, mode }) => {
  let database
  let reply
  try {
    database = new Database(file, { readwrite: true })
    database.run('pragma busy_timeout = ' + (mode === 'restart' ? ${restartPatienceMs} : 0))
    database.run('pragma synchronous = normal')
    const row = database.query('pragma wal_checkpoint(' + mode + ')').get()
    reply = { pages: row.log, written: row.checkpointed, busy: row.busy !== 0 }
  } catch (error) {
    reply = { error: String(error) }
  } finally {
    database?.close()
  }
  parentPort.postMessage(reply)
})
`

/**
 * Writes SQLite's log back into the database file in a thread: a checkpoint waits for the disk several
 * times, and the event loop would wait with it. The thread starts with the first checkpoint.
 */
export class SqliteCheckpointer implements AsyncDisposable {
  readonly #file: string
  #worker: Worker | undefined
  #running: Promise<CheckpointReply> | undefined

  constructor(file: string) {
    this.#file = file
  }

  get busy(): boolean {
    return this.#running !== undefined
  }

  /** One at a time. Never rejects: a checkpoint that failed is tried again when the log has grown. */
  checkpoint(mode: CheckpointRequest['mode']): Promise<CheckpointReply> {
    if (this.#running !== undefined) return this.#running
    this.#running = this.#ask({ file: this.#file, mode }).finally(() => {
      this.#running = undefined
    })
    return this.#running
  }

  /** Waits for a running checkpoint, so that its connection is closed. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#running
    await this.#worker?.terminate()
    this.#worker = undefined
  }

  #ask(request: CheckpointRequest): Promise<CheckpointReply> {
    const worker = (this.#worker ??= new Worker(threadProgram, { eval: true }))
    worker.unref() // must not keep the process alive
    return new Promise((resolve) => {
      const answer = (reply: CheckpointReply) => {
        worker.removeAllListeners()
        resolve(reply)
      }
      worker.once('message', answer)
      worker.once('error', (error) => {
        this.#worker = undefined
        answer({ error: String(error) })
      })
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
      worker.postMessage(request)
    })
  }
}
