import { sql } from 'kysely'
import type { RepositoryName } from '#contract/repository-name.ts'
import type { Database } from '../../database/database.ts'
import type { Actor } from '../access/actor.ts'
import type { Permission } from '../access/roles/permissions.ts'
import type { Clock } from '../clock.ts'
import type { Events } from '../events/events.ts'
import { DomainError } from '../errors.ts'
import { startJob } from '../jobs/enqueue.ts'
import type { Job, JobStatus, JobTrigger } from '../jobs/job.ts'
import type { Jobs } from '../jobs/jobs.ts'
import type { Listed } from '../lists/listing.ts'
import { assertRemovalsPossible, type RegistrySettings } from '../policies/gates.ts'
import { retentionSubject, type RetentionPolicies } from './policies.ts'
import { applyRetentionJob, retainRepositoryJob } from './retention-jobs.ts'

/** The parts of a run in the history of jobs. */
export const retentionRunSubject = (executionId: number): string => `retention-run:${executionId}`

export interface RetentionExecution {
  readonly id: number
  readonly policyId: number
  readonly status: JobStatus
  readonly trigger: JobTrigger
  readonly dryRun: boolean
  readonly createdAt: number
  readonly startedAt: number | undefined
  /** When the last of its tasks ended. */
  readonly finishedAt: number | undefined
}

export interface RetentionTask {
  readonly id: number
  readonly executionId: number
  readonly repository: RepositoryName
  readonly status: JobStatus
  readonly startedAt: number | undefined
  readonly finishedAt: number | undefined
  /** Undefined until it has decided about everything. */
  readonly total: number | undefined
  readonly retained: number | undefined
  /** Why it failed. */
  readonly error: string | undefined
}

interface Page {
  readonly limit: number
  readonly offset: number
}

interface TaskSummary {
  readonly unfinished: number
  readonly running: number
  readonly failed: number
  readonly stopped: number
  readonly finishedAt: number | undefined
}

const stopBatch = 500

/** Runs of retention policies, as people see them: an execution with a task for each repository. */
export class RetentionExecutions {
  readonly #database: Database
  readonly #clock: Clock
  readonly #events: Events
  readonly #policies: RetentionPolicies
  readonly #jobs: Jobs
  readonly #settings: RegistrySettings

  constructor(options: {
    database: Database
    clock: Clock
    events: Events
    policies: RetentionPolicies
    jobs: Jobs
    settings: RegistrySettings
  }) {
    this.#database = options.database
    this.#clock = options.clock
    this.#events = options.events
    this.#policies = options.policies
    this.#jobs = options.jobs
    this.#settings = options.settings
  }

  /** @throws DomainError RETENTION_UNKNOWN, DELETE_DISABLED, READ_ONLY (not for a dry run), UNAUTHENTICATED, FORBIDDEN */
  async start(actor: Actor, policyId: number, dryRun: boolean): Promise<number> {
    const { projectId } = await this.#policies.getPolicy(actor, policyId, 'tag-retention:update')
    if (!dryRun) await assertRemovalsPossible(this.#database.read, this.#settings)
    return await this.#database.write(async (tx) => {
      await this.#policies.assertMay(tx, actor, 'tag-retention:update', policyId)
      const subject = retentionSubject(policyId)
      const job = { ...applyRetentionJob.of({ policyId, dryRun }), subject, projectId, actor }
      return (await startJob(tx, { clock: this.#clock, events: this.#events }, job)).id
    })
  }

  /** The newest first. @throws DomainError RETENTION_UNKNOWN, UNAUTHENTICATED, FORBIDDEN */
  async listExecutions(actor: Actor, policyId: number, page: Page): Promise<Listed<RetentionExecution>> {
    await this.#policies.getPolicy(actor, policyId, 'tag-retention:list')
    const query = { kinds: [applyRetentionJob.kind], subject: retentionSubject(policyId), ...page }
    const { rows, total } = await this.#jobs.listJobs(query)
    const summaries = await this.#summaries(rows.map(({ id }) => id))
    return { rows: rows.map((job) => executionOf(job, policyId, summaries.get(job.id))), total }
  }

  /** The newest first. @throws DomainError RETENTION_UNKNOWN, JOB_UNKNOWN, UNAUTHENTICATED, FORBIDDEN */
  async listTasks(actor: Actor, policyId: number, executionId: number, page: Page): Promise<Listed<RetentionTask>> {
    await this.#find(actor, 'tag-retention:list', policyId, executionId)
    const query = { kinds: [retainRepositoryJob.kind], subject: retentionRunSubject(executionId), ...page }
    const { rows, total } = await this.#jobs.listJobs(query)
    return { rows: rows.map((job) => taskOf(job, executionId)), total }
  }

  /** @throws DomainError RETENTION_UNKNOWN, JOB_UNKNOWN, UNAUTHENTICATED, FORBIDDEN */
  async assertTaskReadable(actor: Actor, policyId: number, executionId: number, taskId: number): Promise<void> {
    await this.#find(actor, 'tag-retention:read', policyId, executionId)
    const task = await this.#jobs.findJob(taskId)
    if (task?.kind !== retainRepositoryJob.kind || task.subject !== retentionRunSubject(executionId))
      throw unknown('task', taskId)
  }

  /**
   * Ends an execution and every task of it. Tasks that have ended stay as they are.
   * @throws DomainError RETENTION_UNKNOWN, JOB_UNKNOWN, UNAUTHENTICATED, FORBIDDEN
   */
  async stop(actor: Actor, policyId: number, executionId: number): Promise<void> {
    await this.#find(actor, 'tag-retention:update', policyId, executionId)
    await this.#stop(actor, executionId)
  }

  /** Of a policy that is about to go. @throws DomainError RETENTION_UNKNOWN, UNAUTHENTICATED, FORBIDDEN */
  async stopAll(actor: Actor, policyId: number): Promise<void> {
    await this.#policies.getPolicy(actor, policyId, 'tag-retention:delete')
    const query = { kinds: [applyRetentionJob.kind], subject: retentionSubject(policyId), limit: stopBatch }
    // Those that have planned everything may still have tasks.
    for (const { id } of (await this.#jobs.listJobs(query)).rows) await this.#stop(actor, id)
  }

  async #stop(actor: Actor, executionId: number): Promise<void> {
    // First the one that makes tasks: from here on there are no new ones.
    await this.#jobs.requestStop(actor, executionId)
    for (let beyond: number | undefined; ;) {
      const page = await this.#jobs.listJobs({
        kinds: [retainRepositoryJob.kind],
        statuses: ['delayed', 'pending', 'running'],
        subject: retentionRunSubject(executionId),
        limit: stopBatch,
        beyond,
      })
      for (const { id } of page.rows) await this.#jobs.requestStop(actor, id)
      beyond = page.next
      if (beyond === undefined) return
    }
  }

  async #find(actor: Actor, permission: Permission, policyId: number, executionId: number): Promise<Job> {
    await this.#policies.getPolicy(actor, policyId, permission)
    const job = await this.#jobs.findJob(executionId)
    if (job?.kind !== applyRetentionJob.kind || job.subject !== retentionSubject(policyId))
      throw unknown('execution', executionId)
    return job
  }

  /** How the tasks of some executions stand, in one query. */
  async #summaries(executionIds: readonly number[]): Promise<ReadonlyMap<number, TaskSummary>> {
    if (executionIds.length === 0) return new Map()
    const subjects = new Map(executionIds.map((id) => [retentionRunSubject(id), id]))
    const rows = await this.#database.read
      .selectFrom('job')
      .select((eb) => [
        'subject',
        sql<number | string>`sum(case when finished_at is null then 1 else 0 end)`.as('unfinished'),
        sql<number | string>`sum(case when status = 'running' then 1 else 0 end)`.as('running'),
        sql<number | string>`sum(case when status = 'failed' then 1 else 0 end)`.as('failed'),
        sql<number | string>`sum(case when status = 'stopped' then 1 else 0 end)`.as('stopped'),
        eb.fn.max('finished_at').as('finished_at'),
      ])
      .where('subject', 'in', [...subjects.keys()])
      .groupBy('subject')
      .execute()
    return new Map(
      rows.map((row) => [
        subjects.get(row.subject!)!,
        {
          unfinished: Number(row.unfinished),
          running: Number(row.running),
          failed: Number(row.failed),
          stopped: Number(row.stopped),
          finishedAt: row.finished_at === null ? undefined : Number(row.finished_at),
        },
      ]),
    )
  }
}

function executionOf(job: Job, policyId: number, tasks: TaskSummary | undefined): RetentionExecution {
  const { id, trigger, createdAt, startedAt } = job
  const { dryRun = false } = applyRetentionJob.read(job.payload)
  const isOver = job.finishedAt !== undefined && (tasks?.unfinished ?? 0) === 0
  const finishedAt = isOver ? Math.max(job.finishedAt, tasks?.finishedAt ?? 0) : undefined
  return { id, policyId, status: statusOf(job, tasks), trigger, dryRun, createdAt, startedAt, finishedAt }
}

/** An execution has the status of its planning until that has succeeded, then the status of its tasks. */
function statusOf({ status }: Job, tasks: TaskSummary | undefined): JobStatus {
  if (status !== 'succeeded' || tasks === undefined) return status
  if (tasks.unfinished > 0) return 'running'
  if (tasks.failed > 0) return 'failed'
  return tasks.stopped > 0 ? 'stopped' : 'succeeded'
}

function taskOf(job: Job, executionId: number): RetentionTask {
  const { id, status, startedAt, finishedAt, error } = job
  const { repository } = retainRepositoryJob.parse(job.payload)
  const counted = (job.result ?? job.progress) as { total?: number; retained?: number } | undefined
  return {
    id,
    executionId,
    repository,
    status,
    startedAt,
    finishedAt,
    total: counted?.total,
    retained: counted?.retained,
    error,
  }
}

function unknown(what: 'execution' | 'task', id: number): DomainError {
  return new DomainError('JOB_UNKNOWN', `${what} id ${id} not found in this retention policy`)
}
