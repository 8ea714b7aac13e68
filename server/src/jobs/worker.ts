import type { Database } from '../database/database.ts'
import type { Clock } from '../domain/clock.ts'
import type { Json } from '../domain/jobs/job.ts'
import { ensureKinds } from '../domain/jobs/kinds.ts'
import { JobLeaseLost, JobQueue, type QueuedKind, type TakenJob } from '../domain/jobs/queue.ts'
import { fireDueSchedules } from '../domain/jobs/schedules.ts'
import { onWakeUp } from '../domain/jobs/wake-up.ts'
import { forgetWorker, reportWorker } from '../domain/jobs/workers.ts'
import { faultPoint } from '../runtime/fault-points.ts'
import { backOffMs, Interrupted, PermanentFailure, type JobKind } from './job-kind.ts'
import { JobRun } from './job-run.ts'

export interface JobOutcome {
  readonly job: TakenJob
  readonly outcome: 'succeeded' | 'failed' | 'delayed' | 'stopped' | 'given-back' | 'lost'
  readonly error?: unknown
}

/** An attempt that has ended. */
export interface EndedAttempt extends JobOutcome {
  readonly seconds: number
}

export interface JobWorkerOptions {
  readonly database: Database
  readonly clock: Clock
  readonly kinds: readonly JobKind[]
  readonly process: { readonly id: string; readonly host: string; readonly pid: number }
  /** Most jobs at a time in this process. */
  readonly concurrency: number
  readonly keepMs: number
  readonly onError: (doing: string, error: unknown) => void
  readonly onEnded?: (ended: EndedAttempt) => void
  /** Tests make these short. */
  readonly leaseMs?: number
  readonly pollMs?: number
  readonly flushMs?: number
  /** How long running jobs have to come to a place where they can be left. */
  readonly drainMs?: number
}

/** A pause between two tries to write how a job ended. */
const endRetryMs = 1_000

interface Registered extends QueuedKind {
  readonly kind: JobKind
  readonly processConcurrency: number
}

/**
 * Does the jobs of one process. Any number of processes share a queue: each takes what is due, holds it by a lease that
 * it renews, and loses it to another when it died or froze.
 */
export class JobWorker implements AsyncDisposable {
  readonly #options: JobWorkerOptions
  readonly #queue: JobQueue
  readonly #kinds: ReadonlyMap<string, Registered>
  readonly #running = new Map<JobRun, { kind: string; done: Promise<void> }>()
  readonly #leaseMs: number
  readonly #pollMs: number
  #ticking: Promise<void> | undefined
  #again = false
  #poll: ReturnType<typeof setTimeout> | undefined
  #heartbeat: ReturnType<typeof setInterval> | undefined
  #stopListening: (() => void) | undefined
  #startedAt = 0
  #renewedAt = 0
  #kindsAreKnown = false
  #stopped = false

  constructor(options: JobWorkerOptions) {
    const { database, clock, kinds, process, concurrency, keepMs, leaseMs = 30_000, pollMs = 1_000 } = options
    this.#options = options
    this.#leaseMs = leaseMs
    this.#pollMs = pollMs
    this.#queue = new JobQueue({ database, clock, worker: process.id, leaseMs })
    this.#kinds = new Map(
      kinds.map((kind) => [
        kind.name,
        {
          kind,
          name: kind.name,
          registryConcurrency: kind.concurrency.registry,
          processConcurrency: Math.min(kind.concurrency.process ?? concurrency, concurrency),
          maxAttempts: kind.maxAttempts,
          keepMs: kind.keepMs ?? keepMs,
          retryDelayMs: (attempt) => kind.retryDelayMs?.(attempt) ?? backOffMs(attempt),
        },
      ]),
    )
    if (this.#kinds.size !== kinds.length) throw new TypeError('two kinds of jobs have the same name')
  }

  async start(): Promise<void> {
    this.#startedAt = this.#options.clock.now()
    this.#renewedAt = performance.now()
    await this.#report()
    this.#stopListening = onWakeUp(() => this.wake())
    this.#heartbeat = setInterval(() => void this.#beat(), this.#leaseMs / 3)
    this.#pollAfter(0)
  }

  /** Looks for work at once, or once more when it is looking. */
  wake(): void {
    if (this.#stopped || this.#heartbeat === undefined) return
    this.#again = true
    if (this.#ticking === undefined) this.#pollAfter(0)
  }

  #pollAfter(ms: number): void {
    if (this.#stopped) return
    clearTimeout(this.#poll)
    this.#poll = setTimeout(() => {
      void this.tick().finally(() => this.#pollAfter(this.#again ? 0 : this.#pollMs))
    }, ms)
  }

  /** One round: schedules, jobs whose time has come, jobs of dead workers, then as many as there is room for. */
  async tick(): Promise<void> {
    this.#ticking ??= this.#round().finally(() => (this.#ticking = undefined))
    await this.#ticking
  }

  /** Until everything that runs has ended. */
  async idle(): Promise<void> {
    await Promise.all([...this.#running.values()].map(({ done }) => done))
  }

  async #round(): Promise<void> {
    this.#again = false
    const { database, clock, onError } = this.#options
    try {
      if (!this.#kindsAreKnown) {
        await database.write(async (tx) => await ensureKinds(tx, [...this.#kinds.keys()]), 'relaxed')
        this.#kindsAreKnown = true
      }
      await fireDueSchedules(database, clock)
      const found = await this.#queue.look()
      if (found.due) while ((await this.#queue.promoteDue()) > 0);
      if (found.expired) await this.#queue.recoverExpired(this.#kinds)
      await this.#stopRequested()
      if (found.pending || found.due || found.expired) await this.#takeAll()
    } catch (error) {
      onError('looking for jobs', error)
    }
  }

  async #stopRequested(): Promise<void> {
    const stops = new Set(await this.#queue.stopsAmong([...this.#running.keys()].map(({ taken }) => taken)))
    for (const run of this.#running.keys()) if (stops.has(run.taken.id)) run.abort('stop')
  }

  /**
   * The most urgent first; among equals the kind of which the fewest run here, so that one with much to do does not keep
   * the others from their turn; then the oldest.
   */
  async #takeAll(): Promise<void> {
    const waiting = new Map<Registered, { readonly id: number; readonly priority: number }>()
    const look = async (kind: Registered) => {
      const next = this.#hasRoom(kind) ? await this.#queue.nextOf(kind) : undefined
      if (next === undefined) waiting.delete(kind)
      else waiting.set(kind, next)
    }
    for (const kind of this.#kinds.values()) await look(kind)
    while (!this.#stopped && waiting.size > 0 && this.#running.size < this.#options.concurrency) {
      const [[kind] = []] = [...waiting].toSorted(
        ([one, a], [other, b]) =>
          b.priority - a.priority || this.#runningOf(one) - this.#runningOf(other) || a.id - b.id,
      )
      const taken = await this.#queue.take(kind!)
      if (taken === undefined) waiting.delete(kind!)
      else {
        faultPoint('job-after-take', taken.kind)
        this.#begin(kind!, taken)
        await look(kind!)
      }
    }
  }

  #hasRoom(kind: Registered): boolean {
    return this.#running.size < this.#options.concurrency && this.#runningOf(kind) < kind.processConcurrency
  }

  #runningOf({ name }: Registered): number {
    return [...this.#running.values()].filter(({ kind }) => kind === name).length
  }

  #begin(kind: Registered, taken: TakenJob): void {
    const { clock, flushMs = 500, onError, onEnded } = this.#options
    const startedAt = performance.now()
    const run = new JobRun({
      queue: this.#queue,
      clock,
      taken,
      flushMs,
      onError: (error) => {
        if (!(error instanceof JobLeaseLost)) onError(`writing the log of job ${taken.id}`, error)
      },
    })
    const done = this.#attempt(kind, run)
      .catch((error: unknown): JobOutcome => {
        // A result that cannot be written now waits: another worker finds the lease expired.
        if (!(error instanceof JobLeaseLost)) onError(`ending job ${taken.id}`, error)
        return { job: taken, outcome: 'lost', error }
      })
      .then((outcome) => {
        run.close()
        this.#running.delete(run)
        onEnded?.({ ...outcome, seconds: (performance.now() - startedAt) / 1000 })
        // There is room again, here and for the kind.
        this.wake()
      })
    this.#running.set(run, { kind: kind.name, done })
  }

  async #attempt(kind: Registered, run: JobRun): Promise<JobOutcome> {
    const job = run.taken
    let result: Json
    try {
      const payload = parsePayload(kind.kind, job.payload)
      faultPoint('job-running', kind.name)
      result = await kind.kind.run(run.handle(payload))
    } catch (error) {
      return await this.#threw(kind, run, error)
    }
    faultPoint('job-before-result', kind.name)
    await this.#persist(run, () => this.#queue.succeed(kind, job, result))
    faultPoint('job-after-result', kind.name)
    return { job, outcome: 'succeeded' }
  }

  async #threw(kind: Registered, run: JobRun, error: unknown): Promise<JobOutcome> {
    const job = run.taken
    if (error instanceof JobLeaseLost || run.aborted === 'lease-lost') throw new JobLeaseLost(job.id)
    if (run.aborted === 'stop') {
      const result = error instanceof Interrupted ? error.result : undefined
      await this.#persist(run, () => this.#queue.stopped(kind, job, result))
      return { job, outcome: 'stopped' }
    }
    if (run.aborted === 'shutdown') {
      await this.#persist(run, () => this.#queue.giveBack(kind, job))
      return { job, outcome: 'given-back' }
    }
    const message = messageOf(error)
    run.log(`attempt ${job.attempt} failed: ${message}`)
    const permanent = error instanceof PermanentFailure
    const outcome = await this.#persist(run, () => this.#queue.fail(kind, job, message, permanent))
    return { job, outcome, error }
  }

  /** Tries for as long as the job is held: what was done must not be done again because the database was away for a moment. */
  async #persist<T>(run: JobRun, write: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        await run.flush()
        return await write()
      } catch (error) {
        if (error instanceof JobLeaseLost || run.aborted === 'lease-lost' || this.#leaseIsOver()) throw error
        this.#options.onError(`writing the end of job ${run.taken.id}`, error)
        await new Promise((resolve) => setTimeout(resolve, endRetryMs))
      }
    }
  }

  #leaseIsOver(): boolean {
    return performance.now() - this.#renewedAt > this.#leaseMs
  }

  /** Renews the leases of this process. It lets go of jobs that it lost, or may have lost without hearing of it. */
  async #beat(): Promise<void> {
    const runs = [...this.#running.keys()]
    try {
      const began = performance.now()
      const held = await this.#queue.renew(runs.map(({ taken }) => taken))
      this.#renewedAt = began
      for (const run of runs) {
        if (!this.#running.has(run)) continue
        const kept = held.get(run.taken.id)
        if (kept === undefined) run.abort('lease-lost')
        else if (kept.stopRequested) run.abort('stop')
      }
      await this.#report()
      await this.#recoverOfTheDead()
    } catch (error) {
      this.#options.onError('renewing the leases of jobs', error)
      if (this.#leaseIsOver()) for (const run of runs) run.abort('lease-lost')
    }
  }

  /** A worker of this machine that was killed is known to be dead before its leases end. */
  async #recoverOfTheDead(): Promise<void> {
    const dead = await this.#queue.deadHolders()
    if (dead.length > 0 && (await this.#queue.recoverExpired(this.#kinds, dead)) > 0) this.wake()
  }

  async #report(): Promise<void> {
    const { database, clock, process, concurrency } = this.#options
    await reportWorker(database, { ...process, concurrency, startedAt: this.#startedAt, heartbeatAt: clock.now() })
  }

  /** Takes nothing more; what runs is told to come to an end and goes back to the queue. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#stopped) return
    this.#stopped = true
    const { drainMs = 10_000, database, process, onError } = this.#options
    this.#stopListening?.()
    clearTimeout(this.#poll)
    await this.#ticking
    for (const run of this.#running.keys()) run.abort('shutdown')
    const timeout = Promise.withResolvers<void>()
    const timer = setTimeout(timeout.resolve, drainMs)
    await Promise.race([this.idle(), timeout.promise])
    clearTimeout(timer)
    clearInterval(this.#heartbeat)
    for (const { taken } of this.#running.keys())
      onError(
        'shutting down',
        new Error(`job ${taken.id} of ${taken.kind} did not come to an end in time; another worker takes it`),
      )
    await forgetWorker(database, process.id).catch((error: unknown) => onError('signing off', error))
  }
}

function parsePayload(kind: JobKind, payload: Json): unknown {
  try {
    return kind.parse(payload)
  } catch (error) {
    throw new PermanentFailure(`its payload cannot be: ${messageOf(error)}`, { cause: error })
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error)).slice(0, 2_000)
