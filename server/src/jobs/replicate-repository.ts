import { RegistryFailure } from '../clients/registry/registry-failure.ts'
import { DomainError } from '../domain/errors.ts'
import { replicateRepositoryJob } from '../domain/replication/replication-jobs.ts'
import { getReplicationPolicy } from '../domain/replication/replication-policies.ts'
import { endTask, followedAttempts } from '../domain/replication/runs.ts'
import { auditRefusal, findTask, NotAllCopied, runTask, type TaskServices } from '../domain/replication/run-task.ts'
import { finalFailureOf } from './final-failure.ts'
import { PermanentFailure, type JobKind, type RunningJob } from './job-kind.ts'

type Payload = ReturnType<typeof replicateRepositoryJob.parse>

/** As in Harbor, minutes apart in the end. */
const maxAttempts = 5

/** Failures of which another attempt would be one more. A rate limit and an answer of 5xx pass. */
const final: readonly RegistryFailure['code'][] = [
  ...(['UNAUTHORIZED', 'DENIED', 'ADDRESS_REFUSED', 'REDIRECT_REFUSED', 'TOKEN_SERVICE_NOT_TRUSTED'] as const),
  ...(['UNSUPPORTED', 'NAME_INVALID', 'TOO_LARGE'] as const),
]

/** Brings one repository from one registry to another, going on where the attempt before it ended. */
export function composeReplicateRepository(services: TaskServices): JobKind<Payload> {
  return {
    name: replicateRepositoryJob.kind,
    // The rest of the workers is for jobs that people wait for.
    concurrency: { process: 4 },
    maxAttempts,
    parse: replicateRepositoryJob.parse,
    async run(job) {
      const task = await findTask(services.database.read, job.payload.taskId)
      if (task === undefined || task.finished_at !== null) return { done: 'before' }
      try {
        return await runTask(services, job, task)
      } catch (error) {
        throw await failed(services, job, task, error)
      }
    },
  }
}

/** Ends the task when no other attempt follows. Returns what the job throws. */
async function failed(
  services: TaskServices,
  job: RunningJob<Payload>,
  task: NonNullable<Awaited<ReturnType<typeof findTask>>>,
  error: unknown,
): Promise<unknown> {
  const thrown = isFinal(error) ? new PermanentFailure((error as Error).message) : error
  if (isRefused(error) && !job.signal.aborted) {
    const policy = await getReplicationPolicy(services.database.read, task.policy_id)
    await auditRefusal(services, job, policy, task.source)
  }
  const allowed = task.started_by === 'event' ? followedAttempts : maxAttempts
  const ended = finalFailureOf(job, thrown, { maxAttempts: allowed, refusals: [] })
  if (ended === undefined) {
    if (!job.signal.aborted) job.log(`this attempt failed: ${(error as Error).message}`)
    return thrown
  }
  const status = ended.status === 'stopped' ? 'stopped' : 'failed'
  const end = { status, error: ended.error, now: services.clock.now() } as const
  await job.transact(async (tx) => await endTask(services.database, tx, task.id, end))
  if (status === 'stopped') job.log('the job is stopped')
  return thrown
}

const isRefused = (error: unknown): boolean =>
  causesOf(error).some((cause) => cause instanceof DomainError && cause.code === 'POLICY_VIOLATION')

/** Every part of it would fail again: what this registry refuses, and what the other one does not allow. */
const isFinal = (error: unknown): boolean =>
  causesOf(error).every(
    (cause) =>
      (cause instanceof DomainError && cause.code !== 'UNAVAILABLE') ||
      (cause instanceof RegistryFailure && final.includes(cause.code)),
  )

const causesOf = (error: unknown): readonly unknown[] =>
  error instanceof NotAllCopied ? error.failed.map((each) => each.error) : [error]
