import { DomainError } from '../domain/errors.ts'
import { replicateJob } from '../domain/replication/replication-jobs.ts'
import { getReplicationPolicy, type ReplicationPolicy } from '../domain/replication/replication-policies.ts'
import { beginOrGoOn, carryOutPlan } from '../domain/replication/carry-out-plan.ts'
import type { TaskServices } from '../domain/replication/run-task.ts'
import { endRun } from '../domain/replication/runs.ts'
import { finalFailureOf } from './final-failure.ts'
import { PermanentFailure, type JobKind } from './job-kind.ts'

type Payload = ReturnType<typeof replicateJob.parse>

const maxAttempts = 3

/** Compares both sides and gives each repository that needs something a task of its own. */
export function composeReplicate(services: TaskServices): JobKind<Payload> {
  return {
    name: replicateJob.kind,
    concurrency: { process: 2 },
    maxAttempts,
    parse: replicateJob.parse,
    async run(job) {
      const policy = await findPolicy(services, job.payload.policyId)
      const run = await beginOrGoOn(services, job, policy, job.payload.executionId)
      if (run === undefined) return { skipped: true }
      try {
        return await carryOutPlan(services, job, policy, run)
      } catch (error) {
        const thrown = error instanceof DomainError ? new PermanentFailure(error.message) : error
        const ended = finalFailureOf(job, thrown, { maxAttempts, refusals: [] })
        if (ended !== undefined) {
          const status = ended.status === 'stopped' ? 'stopped' : 'failed'
          const end = { status, text: ended.error, now: services.clock.now() } as const
          await job.transact(async (tx) => await endRun(tx, run.id, end))
        }
        throw thrown
      }
    },
  }
}

async function findPolicy({ database }: TaskServices, id: number): Promise<ReplicationPolicy> {
  try {
    return await getReplicationPolicy(database.read, id)
  } catch (error) {
    if (error instanceof DomainError && error.code === 'REPLICATION_UNKNOWN')
      throw new PermanentFailure('the replication policy was deleted')
    throw error
  }
}
