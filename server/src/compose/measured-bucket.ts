import { Durations } from '../http/ops/durations.ts'
import { counterFamily } from '../http/ops/families.ts'
import type { Metrics } from '../http/ops/metrics.ts'
import type { S3Call } from '../storage/s3/s3-client.ts'

const buckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60]

/** Tells the metrics of calls to the bucket. */
export function measureBucket(metrics: Pick<Metrics, 'collect'>): (call: S3Call) => void {
  const durations = new Durations('berth_s3_request_duration_seconds', 'Time of a call, its tries included.', buckets)
  const errors = new Map<string, number>()
  let retries = 0
  metrics.collect(() => [
    durations.family(),
    counterFamily(
      'berth_s3_errors_total',
      'Calls to the bucket that failed after every try.',
      [...errors].map(([operation, count]) => [{ operation }, count]),
    ),
    counterFamily('berth_s3_retries_total', 'Tries beyond the first.', [[{}, retries]]),
  ])
  return ({ operation, seconds, attempts, failed }) => {
    durations.observe(operation, { operation }, seconds)
    retries += attempts - 1
    if (failed) errors.set(operation, (errors.get(operation) ?? 0) + 1)
  }
}
