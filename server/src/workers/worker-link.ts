import type { Signal, Signals } from '../database/signals.ts'
import type { MetricFamily } from '../http/ops/metric-families.ts'
import type { ParentProcess } from '../runtime/worker-process.ts'
import type { FromWorker, MetricsReport, ToWorker } from './messages.ts'

/** A supervisor that has no answer by then is busy starting workers, or gone: the worker answers for itself. */
const patienceMs = 1_000
/** Many times before the supervisor takes a silent worker for one that hangs. */
const aliveEveryMs = 5_000
/** The metrics lose the counts since the last report when a worker dies. */
const keepEveryMs = 5_000

/** A worker's view of the others. It hears only news and numbers, and correctness depends on neither. */
export class WorkerLink {
  /** From 1; the first looks after what one process alone does. */
  readonly number: number
  /** Another worker listens on the ports already. */
  readonly joins: boolean
  readonly #parent: Pick<ParentProcess<FromWorker, ToWorker>, 'send'>
  readonly #inquiries = new Map<number, (reports: readonly MetricsReport[]) => void>()
  #inquiry = 0
  #hearSignal: (signal: Signal) => void = () => {}
  #report: () => readonly MetricFamily[] = () => []

  constructor(
    parent: Pick<ParentProcess<FromWorker, ToWorker>, 'send'>,
    { number, joins }: { readonly number: number; readonly joins: boolean },
  ) {
    this.#parent = parent
    this.number = number
    this.joins = joins
  }

  hear(message: ToWorker): void {
    if (message.kind === 'signal') this.#hearSignal(message.signal)
    else if (message.kind === 'report-metrics') {
      this.#parent.send({ kind: 'metrics', inquiry: message.inquiry, families: this.#report() })
    } else if (message.kind === 'metrics-of-others') {
      this.#inquiries.get(message.inquiry)?.(message.reports)
      this.#inquiries.delete(message.inquiry)
    }
  }

  /** News between the workers of one machine, relayed by the supervisor. */
  signals(): Signals {
    return {
      send: (signal) => this.#parent.send({ kind: 'signal', signal }),
      onSignal: (listener) => {
        this.#hearSignal = listener
      },
      onGap: () => {}, // a supervisor that is gone takes its workers along
      [Symbol.asyncDispose]: async () => {},
    }
  }

  /** Says again and again that this process does not hang. It does so as long as it lives. */
  sayAlive(): void {
    setInterval(() => this.#parent.send({ kind: 'alive' }), aliveEveryMs).unref()
  }

  /** `report` gives this worker's metrics whenever they are asked for. Returns how to stop. */
  keepMetrics(report: () => readonly MetricFamily[]): () => void {
    this.#report = report
    const timer = setInterval(() => this.#parent.send({ kind: 'metrics', families: report() }), keepEveryMs)
    timer.unref()
    return () => clearInterval(timer)
  }

  async metricsOfOthers(): Promise<readonly MetricsReport[]> {
    const inquiry = ++this.#inquiry
    const { promise, resolve } = Promise.withResolvers<readonly MetricsReport[]>()
    this.#inquiries.set(inquiry, resolve)
    const timer = setTimeout(() => resolve([]), patienceMs)
    this.#parent.send({ kind: 'want-metrics', inquiry })
    try {
      return await promise
    } finally {
      clearTimeout(timer)
      this.#inquiries.delete(inquiry)
    }
  }
}
