import { Counter } from '../http/ops/counter.ts'
import { Durations } from '../http/ops/durations.ts'
import type { Metrics } from '../http/ops/metrics.ts'
import type { S3Call } from '../storage/s3/s3-client.ts'

const buckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60]

/** Tells the metrics of calls to the bucket. */
export function measureBucket(metrics: Pick<Metrics, 'collect'>): (call: S3Call) => void {
  const durations = new Durations('berth_s3_request_duration_seconds', 'Time of a call, its tries included.', buckets)
  const errors = new Counter('berth_s3_errors_total', 'Calls to the bucket that failed after every try.')
  const retries = new Counter('berth_s3_retries_total', 'Tries beyond the first.')
  retries.add({}, 0)
  metrics.collect(() => [durations.family(), errors.family(), retries.family()])
  return ({ operation, seconds, attempts, failed }) => {
    durations.observe(operation, { operation }, seconds)
    retries.add({}, attempts - 1)
    errors.add({ operation }, failed ? 1 : 0)
  }
}
