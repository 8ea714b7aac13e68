import { addUp, countersOf, type MetricFamily } from '../http/ops/metric-families.ts'
import type { FromWorker, MetricsReport, ToWorker } from './messages.ts'

interface Inquiry {
  readonly from: number
  readonly theirs: number
  readonly waitingFor: Set<number>
  readonly reports: MetricsReport[]
}

/** Runs the work later, unless the returned function is called before. */
export type Later = (work: () => void, ms: number) => () => void

/** A worker that has not reported by then is left out. */
const patienceMs = 500

/** Lets any worker answer for all of them, and keeps what the dead have counted. */
export class MetricsExchange {
  readonly #send: (worker: number, message: ToWorker) => void
  readonly #later: Later
  readonly #inquiries = new Map<number, Inquiry>()
  readonly #latest = new Map<number, readonly MetricFamily[]>()
  #ofTheDead: readonly MetricFamily[] = []
  #count = 0

  constructor(send: (worker: number, message: ToWorker) => void, later: Later) {
    this.#send = send
    this.#later = later
  }

  hear(
    worker: number,
    message: Extract<FromWorker, { readonly kind: 'metrics' | 'want-metrics' }>,
    living: readonly number[],
  ): void {
    if (message.kind === 'want-metrics') return this.#begin(worker, message.inquiry, living)
    this.#latest.set(worker, message.families)
    const inquiry = message.inquiry === undefined ? undefined : this.#inquiries.get(message.inquiry)
    if (inquiry === undefined || !inquiry.waitingFor.delete(worker)) return
    inquiry.reports.push({ worker, families: message.families })
    if (inquiry.waitingFor.size === 0) this.#answer(message.inquiry!)
  }

  /** The worker has died. Its counts since its last report are lost. */
  forget(worker: number): void {
    const families = this.#latest.get(worker)
    this.#latest.delete(worker)
    if (families === undefined) return
    this.#ofTheDead = addUp([{ families: this.#ofTheDead }, { families: countersOf(families) }])
  }

  #begin(from: number, theirs: number, living: readonly number[]): void {
    const inquiry = ++this.#count
    const others = living.filter((number) => number !== from)
    const reports = this.#ofTheDead.length === 0 ? [] : [{ families: this.#ofTheDead }]
    this.#inquiries.set(inquiry, { from, theirs, waitingFor: new Set(others), reports })
    if (others.length === 0) return this.#answer(inquiry)
    for (const number of others) this.#send(number, { kind: 'report-metrics', inquiry })
    this.#later(() => this.#answer(inquiry), patienceMs)
  }

  #answer(number: number): void {
    const inquiry = this.#inquiries.get(number)
    if (inquiry === undefined) return
    this.#inquiries.delete(number)
    const { from, theirs, reports } = inquiry
    this.#send(from, { kind: 'metrics-of-others', inquiry: theirs, reports })
  }
}
