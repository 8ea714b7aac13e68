import type { Collected } from './background-tasks.ts'
import { Counter } from '../http/ops/counter.ts'
import { Durations } from '../http/ops/durations.ts'
import { gaugeFamily } from '../http/ops/families.ts'
import type { Metrics } from '../http/ops/metrics.ts'
import { Summary } from '../http/ops/summary.ts'
import { harborTypeOf } from '../http/harbor/operations/job-words.ts'
import type { EndedAttempt, JobWorkerOptions } from '../jobs/worker.ts'

const buckets = [0.1, 1, 10, 60, 600, 3_600, 21_600]

/** Harbor's words for how a task ended; others are attempts that go on. */
const harborStatus: Readonly<Partial<Record<EndedAttempt['outcome'], string>>> = {
  succeeded: 'success',
  failed: 'fail',
  stopped: 'stop',
}

/** Tells the metrics how jobs of this process ended, also under the names of Harbor's job service. */
export function measureJobs(
  metrics: Metrics,
  { process, concurrency, kinds }: Pick<JobWorkerOptions, 'process' | 'concurrency' | 'kinds'>,
): (ended: EndedAttempt) => void {
  const ended = new Counter('berth_jobs_ended_total', 'Attempts of jobs that ended, by how.')
  // A series that begins with 1 does not grow for Prometheus: the first failure would page nobody.
  for (const { name: kind } of kinds) ended.series({ kind, outcome: 'failed' })
  const durations = new Durations('berth_job_duration_seconds', 'Time that an attempt of a job took.', buckets)
  const tasks = new Counter('harbor_jobservice_task_total', 'The number of processed tasks')
  const times = new Summary('harbor_jobservice_task_process_time_seconds', 'The time duration of the task processing')
  metrics.collect(() => [ended.family(), durations.family()])
  metrics.collectHarbor('jobservice', () => [
    gaugeFamily('harbor_jobservice_info', 'The information of jobservice', 'sum', [
      [{ node: process.host, pool: process.id, workers: concurrency }, 1],
    ]),
    tasks.family(),
    times.family(),
  ])
  return ({ job: { kind }, outcome, seconds }) => {
    ended.add({ kind, outcome })
    durations.observe(kind, { kind }, seconds)
    const status = harborStatus[outcome]
    if (status === undefined) return
    const labels = { type: harborTypeOf(kind), status }
    tasks.add(labels)
    times.observe(`${labels.type} ${status}`, labels, seconds)
  }
}

/** Tells the metrics of garbage collection by the background; 0: this process has not collected yet. */
export function measureCollection(metrics: Metrics): (collected: Collected, seconds: number) => void {
  const last = { at: 0, seconds: 0 }
  const count = ({ blobs, freedBytes }: Pick<Collected, 'blobs' | 'freedBytes'>) => {
    metrics.add('gc_blobs_deleted', blobs, 'Blobs that garbage collection deleted.')
    metrics.add('gc_bytes_freed', freedBytes, 'Bytes that garbage collection freed.')
  }
  count({ blobs: 0, freedBytes: 0 })
  metrics.collect(() => [
    gaugeFamily('berth_gc_last_run_timestamp_seconds', 'When garbage collection last ended here.', 'max', [
      [{}, last.at],
    ]),
    gaugeFamily('berth_gc_last_duration_seconds', 'How long it took.', 'max', [[{}, last.seconds]]),
  ])
  return (collected, seconds) => {
    count(collected)
    last.at = Date.now() / 1000
    last.seconds = seconds
  }
}
