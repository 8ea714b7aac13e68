import type { Writer } from '../database/database.ts'
import type { Clock } from '../domain/clock.ts'
import type { JobProgress, Json } from '../domain/jobs/job.ts'
import { JobLeaseLost, type JobQueue, type LogEntry, type TakenJob } from '../domain/jobs/queue.ts'
import { faultPoint } from '../runtime/fault-points.ts'
import type { AbortReason, RunningJob } from './job-kind.ts'

export interface JobRunOptions {
  readonly queue: JobQueue
  readonly clock: Clock
  readonly taken: TakenJob
  readonly flushMs: number
  readonly onError: (error: unknown) => void
}

/** A job that says more than this in one moment loses the rest, and is told so in its log. */
const maxBuffered = 10_000
const flushFrom = 200

/** One attempt under way. The reports of its code go to the database from here, in batches, while the lease is held. */
export class JobRun {
  readonly taken: TakenJob
  readonly #queue: JobQueue
  readonly #clock: Clock
  readonly #flushMs: number
  readonly #onError: (error: unknown) => void
  readonly #controller = new AbortController()
  #aborted: AbortReason | undefined
  #log: LogEntry[] = []
  #leftOut = 0
  #progress: JobProgress | undefined
  #state: Json | undefined
  #timer: ReturnType<typeof setTimeout> | undefined
  #flushing: Promise<void> = Promise.resolve()

  constructor({ queue, clock, taken, flushMs, onError }: JobRunOptions) {
    this.taken = taken
    this.#queue = queue
    this.#clock = clock
    this.#flushMs = flushMs
    this.#onError = onError
    this.#state = taken.state
    if (taken.stopRequested) this.abort('stop')
  }

  /** Why its signal is aborted; a lost lease outweighs the others, for nothing may be written any more. */
  get aborted(): AbortReason | undefined {
    return this.#aborted
  }

  abort(reason: AbortReason): void {
    if (this.#aborted === undefined || reason === 'lease-lost') this.#aborted = reason
    this.#controller.abort(reason)
  }

  handle<Payload>(payload: Payload): RunningJob<Payload> {
    const state = () => this.#state
    return {
      id: this.taken.id,
      payload,
      attempt: this.taken.attempt,
      actor: { kind: 'system', name: this.taken.username },
      signal: this.#controller.signal,
      get state() {
        return state()
      },
      log: (line) => this.log(line),
      progress: (progress) => {
        this.#progress = progress
        this.#flushSoon()
      },
      checkpoint: (state) => this.#transact(async (_tx, remember) => remember(state)),
      transact: (work) => this.#transact(work),
    }
  }

  log(line: string): void {
    if (this.#log.length >= maxBuffered) {
      this.#leftOut += 1
      return
    }
    this.#log.push({ at: this.#clock.now(), line })
    if (this.#log.length >= flushFrom) void this.flush().catch(this.#onError)
    else this.#flushSoon()
  }

  /** Writes what was said so far. @throws JobLeaseLost */
  async flush(): Promise<void> {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#flushing = this.#flushing.catch(() => {}).then(() => this.#write())
    await this.#flushing
  }

  /** Says nothing more. */
  close(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  #flushSoon(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined
      void this.flush().catch(this.#onError)
    }, this.#flushMs)
  }

  async #write(): Promise<void> {
    const said = this.#take()
    if (said.log.length === 0 && said.progress === undefined) return
    await this.#fenced(() => this.#queue.transact(this.taken, said, async () => {}, 'relaxed'))
  }

  async #transact<T>(work: (tx: Writer, remember: (state: Json) => void) => Promise<T>): Promise<T> {
    // Earlier reports stand in the log before later ones.
    await this.flush()
    let remembered: Json | undefined
    const value = await this.#fenced(() =>
      this.#queue.transact(this.taken, { log: [] }, async (tx, remember) => {
        remembered = undefined
        return await work(tx, (state) => {
          remembered = state
          remember(state)
        })
      }),
    )
    if (remembered !== undefined) this.#state = remembered
    faultPoint('job-after-checkpoint', this.taken.kind)
    return value
  }

  #take(): { log: LogEntry[]; progress?: JobProgress } {
    const log = this.#log
    if (this.#leftOut > 0)
      log.push({ at: this.#clock.now(), line: `${this.#leftOut} lines were left out: too many at once` })
    const said = { log, ...(this.#progress === undefined ? {} : { progress: this.#progress }) }
    this.#log = []
    this.#leftOut = 0
    this.#progress = undefined
    return said
  }

  async #fenced<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (error) {
      if (error instanceof JobLeaseLost) this.abort('lease-lost')
      throw error
    }
  }
}
