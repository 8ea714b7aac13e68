import type { Database } from '../../database/database.ts'
import type { WorkerProcess } from './jobs.ts'

/** A process that was silent for so long is gone. */
export const workerGoneMs = 90_000
const forgetMs = 60 * 60_000

/** Records that the process lives, and forgets processes that were silent for an hour. */
export async function reportWorker(database: Database, worker: WorkerProcess): Promise<void> {
  const { id, host, pid, concurrency, startedAt, heartbeatAt } = worker
  await database.write(async (tx) => {
    await tx
      .insertInto('job_worker')
      .values({ id, host, pid, concurrency, started_at: startedAt, heartbeat_at: heartbeatAt })
      .onConflict((conflict) => conflict.column('id').doUpdateSet({ heartbeat_at: heartbeatAt, concurrency }))
      .execute()
    await tx
      .deleteFrom('job_worker')
      .where('heartbeat_at', '<', heartbeatAt - forgetMs)
      .execute()
  }, 'relaxed')
}

export async function forgetWorker(database: Database, id: string): Promise<void> {
  await database.write(async (tx) => void (await tx.deleteFrom('job_worker').where('id', '=', id).execute()), 'relaxed')
}
