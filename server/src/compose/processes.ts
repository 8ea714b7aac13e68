import type { Config } from '../config/config.ts'
import type { WorkerLink } from '../workers/worker-link.ts'

/** Whether other processes may serve the same database and store: replicas can be anywhere. */
export function isServedByMany(config: Config): boolean {
  return config.workers > 1 || config.database.kind === 'postgres'
}

/** The fewest connections with which a process can answer and listen to signals at the same time. */
const minConnections = 2

/** The share of the settings' limits that this worker may use. */
export function shareOfWorker(config: Config, worker: Pick<WorkerLink, 'number'>): Config {
  const { database, jobs, workers } = config
  const shareOf = (total: number) => Math.floor(total / workers) + (worker.number <= total % workers ? 1 : 0)
  return {
    ...config,
    jobs: { ...jobs, concurrency: shareOf(jobs.concurrency) },
    database:
      database.kind === 'sqlite'
        ? database
        : { ...database, maxConnections: Math.max(minConnections, shareOf(database.maxConnections)) },
  }
}
