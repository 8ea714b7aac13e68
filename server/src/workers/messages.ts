import type { Signal } from '../database/signals.ts'
import type { LogChoice } from '../logging.ts'
import type { MetricFamily } from '../http/ops/metric-families.ts'

/** A message of the supervisor to a worker. */
export type ToWorker =
  | {
      readonly kind: 'start'
      /** The supervisor's checked configuration: all workers have the same, also one that starts after a change of the file. */
      readonly config: unknown
      /** Another worker listens on the ports already. */
      readonly joins: boolean
    }
  | { readonly kind: 'stop' }
  | { readonly kind: 'log-choice'; readonly choice: LogChoice }
  | { readonly kind: 'signal'; readonly signal: Signal }
  /** Another worker is asked for its metrics. */
  | { readonly kind: 'report-metrics'; readonly inquiry: number }
  | { readonly kind: 'metrics-of-others'; readonly inquiry: number; readonly reports: readonly MetricsReport[] }

/** A message of a worker to the supervisor. */
export type FromWorker =
  | ({ readonly kind: 'ready' } & ReadyFacts)
  | { readonly kind: 'signal'; readonly signal: Signal }
  /** Its event loop turns. */
  | { readonly kind: 'alive' }
  /** A client asks this worker for metrics, and it wants to answer for all. */
  | { readonly kind: 'want-metrics'; readonly inquiry: number }
  /** Without an inquiry: kept, so that counters do not go back when the worker dies. */
  | { readonly kind: 'metrics'; readonly inquiry?: number; readonly families: readonly MetricFamily[] }

export interface ReadyFacts {
  readonly urls: readonly string[]
  readonly defaultPasswordStands: boolean
}

/** The metrics of one worker; those of the dead have no number. */
export interface MetricsReport {
  readonly worker?: number
  readonly families: readonly MetricFamily[]
}
