import type { ProcessEnd, WorkerProcess } from '../runtime/worker-process.ts'
import type { LogChoice } from '../logging.ts'
import { MetricsExchange, type Later } from './metrics-exchange.ts'
import type { FromWorker, ReadyFacts, ToWorker } from './messages.ts'

export interface SupervisorOptions {
  /** How many workers, numbered from 1. */
  readonly count: number
  readonly config: unknown
  readonly spawn: (number: number) => WorkerProcess<ToWorker, FromWorker>
  /** Work that has not ended so long after `stop` is cut off. */
  readonly stopTimeoutMs: number
  readonly onEnded: (ended: EndedWorker) => void
  /** A worker that said nothing for too long is cut off, and started again. */
  readonly onHung: (hung: {
    readonly worker: number
    readonly pid: number | undefined
    readonly silentMs: number
  }) => void
  /** Runs the work later, unless the returned function is called before. */
  readonly later?: Later
  readonly now?: () => number
}

export interface EndedWorker extends ProcessEnd {
  readonly worker: number
  readonly pid: number | undefined
  /** Undefined: it was told to end. */
  readonly restartInMs: number | undefined
}

interface Worker {
  readonly number: number
  process: WorkerProcess<ToWorker, FromWorker> | undefined
  startedAt: number
  /** Deaths in a row, each soon after its start. */
  failures: number
  /** When it last said something; undefined while it starts, which may take as long as it needs. */
  heardAt: number | undefined
}

/** The first restart comes at once, the next after so long, then twice as long each time. */
const firstPauseMs = 250
const maxPauseMs = 30_000
/** A worker that lived so long died of something new. */
const settledMs = 60_000

/** No request and no job keeps a process from its event loop for so long. */
const hungAfterMs = 60_000
/** How often somebody is to ask `cutOffHung`. */
export const lookForHungEveryMs = 10_000

/** A worker ended before the registry could be used: it has said why. */
export class WorkersFailed extends Error {
  override readonly name = 'WorkersFailed'
  readonly exitCode: number
  constructor(exitCode: number) {
    super('the registry did not start')
    this.exitCode = exitCode
  }
}

/**
 * The parent of the workers: starts them, starts a dead one again while the others go on, relays their news, and ends them
 * together. It opens neither database nor store, so that nothing of theirs can end it.
 */
export class Supervisor {
  readonly #options: SupervisorOptions
  readonly #workers: Worker[]
  readonly #metrics: MetricsExchange
  readonly #later: Later
  readonly #now: () => number
  #logChoice: LogChoice | undefined
  #lookedAt = Number.NEGATIVE_INFINITY
  #stopping = false
  #whenAllEnded: (() => void) | undefined

  constructor(options: SupervisorOptions) {
    this.#options = options
    this.#later = options.later ?? later
    this.#now = options.now ?? (() => performance.now())
    this.#workers = Array.from({ length: options.count }, (_, index) => newWorker(index + 1))
    this.#metrics = new MetricsExchange((number, message) => this.#find(number)?.process?.send(message), this.#later)
  }

  /**
   * The first worker alone brings the schema up to date and takes the ports; then the others join it. Resolves when all
   * have started, or failed once.
   * @throws WorkersFailed when the first worker ends before it is ready
   */
  async start(): Promise<ReadyFacts> {
    const [first, ...others] = this.#workers
    const outcome = await this.#launch(first!, { joins: false })
    if ('exitCode' in outcome) throw new WorkersFailed(outcome.exitCode)
    await Promise.all(others.map((worker) => this.#launch(worker, { joins: true })))
    return outcome
  }

  /** Resolves when every worker has ended: by itself, or cut off after the time limit. */
  async stop(): Promise<void> {
    this.#stopping = true
    const ended = new Promise<void>((resolve) => (this.#whenAllEnded = resolve))
    for (const { process } of this.#workers) process?.send({ kind: 'stop' })
    const spare = this.#later(() => this.killAll(), this.#options.stopTimeoutMs)
    this.#tellWhenAllEnded()
    await ended
    spare()
  }

  /** Decides what workers log from now on, also those that start later. */
  setLogChoice(choice: LogChoice): void {
    this.#logChoice = choice
    for (const { process } of this.#workers) process?.send({ kind: 'log-choice', choice })
  }

  /** For an end that cannot wait. */
  killAll(): void {
    for (const { process } of this.#workers) process?.kill('SIGKILL')
  }

  /**
   * Cuts off workers that hang. A look that comes late finds nobody guilty: this process did not run either, and what
   * was said to it meanwhile is still to be heard.
   */
  cutOffHung(): void {
    const now = this.#now()
    const isLate = now - this.#lookedAt > 2 * lookForHungEveryMs
    this.#lookedAt = now
    for (const worker of this.#workers) {
      const { number, process, heardAt } = worker
      if (process === undefined || heardAt === undefined) continue
      if (isLate) worker.heardAt = now
      else if (now - heardAt > hungAfterMs) {
        worker.heardAt = undefined
        this.#options.onHung({ worker: number, pid: process.pid, silentMs: now - heardAt })
        process.kill('SIGKILL')
      }
    }
  }

  /** Resolves with the first of: it is ready; it has ended before. */
  #launch(worker: Worker, { joins }: { readonly joins: boolean }): Promise<ReadyFacts | { readonly exitCode: number }> {
    const process = this.#options.spawn(worker.number)
    worker.process = process
    worker.startedAt = this.#now()
    worker.heardAt = undefined
    let wasReady = false
    return new Promise((resolve) => {
      process.onMessage((message) => {
        if (wasReady || message.kind === 'ready') worker.heardAt = this.#now()
        if (message.kind === 'ready') {
          wasReady = true
          resolve(message)
        } else this.#hear(worker, message)
      })
      process.onEnd((end) => {
        worker.process = undefined
        worker.heardAt = undefined
        this.#metrics.forget(worker.number)
        // The very first start is for the operator to mend: there is nothing yet that goes on.
        if (wasReady || joins) this.#bury(worker, process.pid, end)
        this.#tellWhenAllEnded()
        resolve({ exitCode: end.code ?? 1 })
      })
      process.send({ kind: 'start', config: this.#options.config, joins })
      if (this.#logChoice !== undefined) process.send({ kind: 'log-choice', choice: this.#logChoice })
    })
  }

  #hear(worker: Worker, message: Exclude<FromWorker, { readonly kind: 'ready' }>): void {
    if (message.kind === 'alive') return
    if (message.kind !== 'signal') return this.#metrics.hear(worker.number, message, this.#living())
    for (const other of this.#workers) if (other !== worker) other.process?.send(message)
  }

  #bury(worker: Worker, pid: number | undefined, end: ProcessEnd): void {
    if (this.#now() - worker.startedAt >= settledMs) worker.failures = 0
    const restartInMs = this.#stopping ? undefined : pauseAfter(worker.failures)
    worker.failures += 1
    this.#options.onEnded({ ...end, worker: worker.number, pid, restartInMs })
    if (restartInMs === undefined) return
    this.#later(() => {
      if (!this.#stopping) void this.#launch(worker, { joins: true })
    }, restartInMs)
  }

  #tellWhenAllEnded(): void {
    if (this.#stopping && this.#living().length === 0) this.#whenAllEnded?.()
  }

  #living(): number[] {
    return this.#workers.filter(({ process }) => process !== undefined).map(({ number }) => number)
  }

  #find(number: number): Worker | undefined {
    return this.#workers[number - 1]
  }
}

function later(work: () => void, ms: number): () => void {
  const timer = setTimeout(work, ms)
  return () => clearTimeout(timer)
}

function newWorker(number: number): Worker {
  return { number, process: undefined, startedAt: 0, failures: 0, heardAt: undefined }
}

function pauseAfter(failures: number): number {
  return failures === 0 ? 0 : Math.min(maxPauseMs, firstPauseMs * 2 ** (failures - 1))
}
