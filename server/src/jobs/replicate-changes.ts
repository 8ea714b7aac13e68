import { replicateChangesJob } from '../domain/replication/replication-jobs.ts'
import { takeUpChanges } from '../domain/replication/take-up-changes.ts'
import type { JobKind } from './job-kind.ts'

type Payload = ReturnType<typeof replicateChangesJob.parse>

const maxAttempts = 10

/** Gives what happened here to the rules that follow it, a repository at a time. */
export function composeReplicateChanges(services: Parameters<typeof takeUpChanges>[0]): JobKind<Payload> {
  return {
    name: replicateChangesJob.kind,
    concurrency: { process: 2 },
    maxAttempts,
    // There is one for nearly every push, and the run tells more.
    keepMs: 60 * 60 * 1_000,
    parse: replicateChangesJob.parse,
    async run(job) {
      return { changes: await takeUpChanges(services, job, job.payload) }
    },
  }
}
