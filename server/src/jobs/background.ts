import type { Clock } from '../domain/clock.ts'
import type { Database } from '../database/database.ts'
import { isSurelyGone } from '../runtime/process-mark.ts'

/** Work that comes again and again. */
export interface BackgroundTask {
  readonly name: string
  readonly intervalMs: number
  /** `everywhere`: each process its own, without asking; `once`: in at most one process at a time. */
  readonly runs: 'once' | 'everywhere'
  /** Asked before the lease is taken, which costs two writes: whether there is anything to do. */
  isDue?(): Promise<boolean>
  run(): Promise<void>
}

export interface BackgroundOptions {
  readonly database: Database
  readonly clock: Clock
  /** The mark of this process (`runtime/process-mark.ts`). */
  readonly holder: string
  readonly onError: (task: string, error: unknown) => void
}

/** The holder renews it. A process that froze for longer, or died on another machine, loses the task to another. */
const leaseMs = 60_000
const renewEveryMs = leaseMs / 3

/**
 * Runs each task every `intervalMs`, the next round after the last one ended. A task that runs once in the registry
 * holds its lease in the database, so any number of replicas can have the same tasks.
 */
export class Background implements AsyncDisposable {
  readonly #options: BackgroundOptions
  readonly #running = new Set<Promise<void>>()
  readonly #timers = new Set<ReturnType<typeof setTimeout>>()
  #stopped = false

  constructor(options: BackgroundOptions) {
    this.#options = options
  }

  start(tasks: readonly BackgroundTask[]): void {
    for (const task of tasks) this.#schedule(task)
  }

  #schedule(task: BackgroundTask): void {
    if (this.#stopped) return
    const timer = setTimeout(() => {
      this.#timers.delete(timer)
      const round = this.#round(task).finally(() => {
        this.#running.delete(round)
        this.#schedule(task)
      })
      this.#running.add(round)
    }, task.intervalMs)
    this.#timers.add(timer)
  }

  async #round(task: BackgroundTask): Promise<void> {
    try {
      if ((await task.isDue?.()) === false) return
      if (task.runs === 'everywhere') await task.run()
      else await this.#runLeased(task)
    } catch (error) {
      this.#options.onError(task.name, error)
    }
  }

  async #runLeased(task: BackgroundTask): Promise<void> {
    if (!(await this.#takeLease(task.name))) return
    let renewing: Promise<void> = Promise.resolve()
    const timer = setInterval(() => (renewing = this.#renewLease(task.name)), renewEveryMs)
    try {
      await task.run()
    } finally {
      clearInterval(timer)
      await renewing
      await this.#returnLease(task.name)
    }
  }

  /** A lease that has ended, or one whose holder is dead, can be taken. */
  async #takeLease(name: string): Promise<boolean> {
    const { database, clock, holder } = this.#options
    const held = await database.read.selectFrom('lease').select('holder').where('name', '=', name).executeTakeFirst()
    const ofTheDead = held !== undefined && isSurelyGone(held.holder) ? held.holder : undefined
    return await database.write(async (tx) => {
      const now = clock.now()
      const taken = await tx
        .insertInto('lease')
        .values({ name, holder, expires_at: now + leaseMs })
        .onConflict((conflict) =>
          conflict
            .column('name')
            .doUpdateSet({ holder, expires_at: now + leaseMs })
            .where((eb) =>
              eb.or([
                eb('lease.expires_at', '<=', now),
                eb('lease.holder', '=', holder),
                ...(ofTheDead === undefined ? [] : [eb('lease.holder', '=', ofTheDead)]),
              ]),
            ),
        )
        .executeTakeFirst()
      return (taken.numInsertedOrUpdatedRows ?? 0n) > 0n
    }, 'relaxed')
  }

  async #renewLease(name: string): Promise<void> {
    const { database, clock, holder, onError } = this.#options
    const expiresAt = clock.now() + leaseMs
    try {
      await database.write(async (tx) => {
        await tx
          .updateTable('lease')
          .set({ expires_at: expiresAt })
          .where('name', '=', name)
          .where('holder', '=', holder)
          .execute()
      }, 'relaxed')
    } catch (error) {
      onError(name, error) // tried again before the lease ends
    }
  }

  async #returnLease(name: string): Promise<void> {
    const { database, holder } = this.#options
    await database.write(async (tx) => {
      await tx.deleteFrom('lease').where('name', '=', name).where('holder', '=', holder).execute()
    }, 'relaxed')
  }

  /** Starts no new round and waits for those that run. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped = true
    for (const timer of this.#timers) clearTimeout(timer)
    await Promise.allSettled(this.#running)
  }
}
