import type { Database } from '#server/database/database.ts'
import type { Json } from '#server/domain/jobs/job.ts'
import type { RunningJob } from '#server/jobs/job-kind.ts'

/** A job that runs without a queue: for kinds of which the queue is not the point. */
export function runningJobForTest<Payload>(
  database: Database,
  payload: Payload,
  { id = 1, signal = new AbortController().signal, state }: { id?: number; signal?: AbortSignal; state?: Json } = {},
): RunningJob<Payload> & { readonly lines: string[]; readonly remembered: Json[] } {
  const lines: string[] = []
  const remembered: Json[] = []
  return {
    ...{ id, payload, signal, state, attempt: 1, actor: { kind: 'system', name: 'test' }, lines, remembered },
    log: (line) => void lines.push(line),
    progress: () => {},
    checkpoint: async (next) => void remembered.push(next),
    transact: async (work) => await database.write((tx) => work(tx, (next) => void remembered.push(next))),
  }
}
