import type { Selectable } from 'kysely'
import type { Database, Writer } from '../../database/database.ts'
import type {
  ReplicationExecutionTable,
  ReplicationStatus,
  ReplicationTaskStatus,
  ReplicationTaskTable,
} from '../../database/schema/replication.ts'
import { actorName, type Actor } from '../access/actor.ts'
import { currentActor } from '../access/current-actor.ts'
import { assertCanInSystem } from '../access/roles/authorise.ts'
import type { SystemPermission } from '../access/roles/grantable-permissions.ts'
import { DomainError } from '../errors.ts'
import { startJob } from '../jobs/enqueue.ts'
import type { Jobs } from '../jobs/jobs.ts'
import type { Listed } from '../lists/listing.ts'
import { replicateJob, replicateRepositoryJob, replicationSubject } from './replication-jobs.ts'
import { getReplicationPolicy, type ReplicationServices } from './replication-policies.ts'
import type { RunReport } from './run-report.ts'
import {
  beginRun,
  countTasks,
  endRun,
  endTask,
  unfinishedTasks,
  type RunMode,
  type RunTrigger,
  type TaskCounts,
} from './runs.ts'

/** A run, as people see it. */
export interface ReplicationExecution {
  readonly id: number
  readonly policyId: number
  readonly mode: RunMode
  readonly trigger: RunTrigger
  readonly status: ReplicationStatus
  readonly statusText: string
  readonly tasks: TaskCounts
  readonly startedAt: number
  readonly finishedAt: number | undefined
}

export interface ReplicationTask {
  readonly id: number
  readonly executionId: number
  readonly operation: ReplicationTaskTable['operation']
  readonly resourceType: ReplicationTaskTable['resource_type']
  readonly source: string
  readonly destination: string
  readonly itemCount: number
  readonly status: ReplicationTaskStatus
  readonly jobId: number | undefined
  readonly sentBytes: number
  readonly error: string | undefined
  readonly startedAt: number | undefined
  readonly finishedAt: number | undefined
}

interface Page {
  readonly limit: number
  readonly offset: number
}

export interface ExecutionQuery extends Page {
  readonly policyId?: number | undefined
  readonly statuses?: readonly ReplicationStatus[] | undefined
  readonly trigger?: RunTrigger | undefined
  readonly oldestFirst?: boolean
}

export interface TaskQuery extends Page {
  readonly statuses?: readonly ReplicationTaskStatus[] | undefined
  readonly resourceType?: string | undefined
}

/** How long a person's word lets deletions pass. */
const releasedForMs = 60 * 60_000

/** Runs of rules, with their tasks. */
export class ReplicationExecutions {
  readonly #services: ReplicationServices
  readonly #jobs: Jobs

  constructor({ jobs, ...services }: ReplicationServices & { readonly jobs: Jobs }) {
    this.#services = services
    this.#jobs = jobs
  }

  /** @throws DomainError REPLICATION_UNKNOWN, PRECONDITION (disabled), UNAUTHENTICATED, FORBIDDEN */
  async start(
    actor: Actor,
    policyId: number,
    { mode = 'copy', trigger = 'manual' }: { readonly mode?: RunMode; readonly trigger?: RunTrigger } = {},
  ): Promise<number> {
    assertCanInSystem(actor, 'replication:create')
    const { database, clock, events } = this.#services
    return await database.write(async (tx) => {
      await this.#assertMayNow(tx, actor, 'replication:create')
      const policy = await getReplicationPolicy(tx, policyId)
      if (!policy.enabled && mode === 'copy')
        throw new DomainError('PRECONDITION', `the policy ${policyId} is disabled`)
      const { id, begins } = await beginRun(database, tx, {
        ...{ policyId, mode, trigger, username: actorName(actor), now: clock.now() },
        singleActive: policy.singleActive,
      })
      await events.record(tx, actor, {
        ...{ type: 'start_replication', policyId, policy: policy.name, executionId: id, mode },
      })
      if (!begins) return id
      const subject = replicationSubject(policyId)
      const job = await startJob(tx, this.#services, {
        ...replicateJob.of({ policyId, executionId: id }),
        subject,
        actor,
      })
      await tx.updateTable('replication_execution').set({ job_id: job.id }).where('id', '=', id).execute()
      return id
    })
  }

  /** Newest first. @throws DomainError UNAUTHENTICATED, FORBIDDEN */
  async listExecutions(actor: Actor, query: ExecutionQuery): Promise<Listed<ReplicationExecution>> {
    assertCanInSystem(actor, 'replication:list')
    const { read } = this.#services.database
    let matched = read.selectFrom('replication_execution')
    if (query.policyId !== undefined) matched = matched.where('policy_id', '=', query.policyId)
    if (query.statuses !== undefined) matched = matched.where('status', 'in', [...query.statuses, 'none' as never])
    if (query.trigger !== undefined) matched = matched.where('started_by', '=', query.trigger)
    const { total } = await matched
      .select((eb) => eb.fn.countAll<number | string>().as('total'))
      .executeTakeFirstOrThrow()
    const rows = await matched
      .select(executionColumns)
      .orderBy('id', query.oldestFirst === true ? 'asc' : 'desc')
      .limit(query.limit)
      .offset(query.offset)
      .execute()
    const counts = await countTasks(
      read,
      rows.map(({ id }) => id),
    )
    return { rows: rows.map((row) => executionOf(row, counts(row.id))), total: Number(total) }
  }

  /** @throws DomainError REPLICATION_UNKNOWN, UNAUTHENTICATED, FORBIDDEN */
  async getExecution(
    actor: Actor,
    id: number,
    permission: SystemPermission = 'replication:read',
  ): Promise<ReplicationExecution> {
    assertCanInSystem(actor, permission)
    const { read } = this.#services.database
    const row = await read
      .selectFrom('replication_execution')
      .select(executionColumns)
      .where('id', '=', id)
      .executeTakeFirst()
    if (row === undefined) throw unknown(`replication execution ${id} not found`)
    return executionOf(row, (await countTasks(read, [id]))(id))
  }

  /** What a comparison found; undefined of a run that brings something over, and while it is not done. */
  async getReport(actor: Actor, id: number): Promise<RunReport | undefined> {
    await this.getExecution(actor, id)
    const row = await this.#services.database.read
      .selectFrom('replication_execution')
      .select('report')
      .where('id', '=', id)
      .executeTakeFirst()
    return row?.report === null || row === undefined ? undefined : (JSON.parse(row.report) as RunReport)
  }

  /** The first made first. @throws DomainError REPLICATION_UNKNOWN, UNAUTHENTICATED, FORBIDDEN */
  async listTasks(actor: Actor, executionId: number, query: TaskQuery): Promise<Listed<ReplicationTask>> {
    await this.getExecution(actor, executionId, 'replication:list')
    let matched = this.#services.database.read.selectFrom('replication_task').where('execution_id', '=', executionId)
    if (query.statuses !== undefined) matched = matched.where('status', 'in', [...query.statuses, 'none' as never])
    if (query.resourceType !== undefined) matched = matched.where('resource_type', '=', query.resourceType as 'image')
    const { total } = await matched
      .select((eb) => eb.fn.countAll<number | string>().as('total'))
      .executeTakeFirstOrThrow()
    const rows = await matched.select(taskColumns).orderBy('id').limit(query.limit).offset(query.offset).execute()
    return { rows: rows.map(taskOf), total: Number(total) }
  }

  /** The job whose log is that of the task. @throws DomainError REPLICATION_UNKNOWN in Harbor's words, FORBIDDEN */
  async getTaskJob(actor: Actor, executionId: number, taskId: number): Promise<number> {
    await this.getExecution(actor, executionId)
    const row = await this.#services.database.read
      .selectFrom('replication_task')
      .select(['execution_id', 'job_id'])
      .where('id', '=', taskId)
      .executeTakeFirst()
    if (row === undefined) throw unknown(`replication task ${taskId} not found`)
    if (row.execution_id !== executionId) throw unknown(`execution ${executionId} contains no task with ID ${taskId}`)
    if (row.job_id === null) throw unknown(`the log of replication task ${taskId} not found`)
    return row.job_id
  }

  /** Ends a run and what is left of it. One that has ended stays as it is. @throws DomainError REPLICATION_UNKNOWN, FORBIDDEN */
  async stop(actor: Actor, id: number): Promise<void> {
    const { policyId, finishedAt } = await this.getExecution(actor, id, 'replication:create')
    if (finishedAt !== undefined) return
    const { database, clock, events } = this.#services
    const jobs = await database.write(async (tx) => {
      await this.#assertMayNow(tx, actor, 'replication:create')
      const now = clock.now()
      const run = await tx
        .selectFrom('replication_execution')
        .select(['status', 'job_id'])
        .where('id', '=', id)
        .executeTakeFirst()
      if (run === undefined) return []
      // Those that run end by themselves, as soon as they have come to a place where they can.
      const waiting = await tx
        .selectFrom('replication_task')
        .select(['id', 'status', 'job_id'])
        .where('execution_id', '=', id)
        .where('status', 'in', [...unfinishedTasks])
        .execute()
      for (const task of waiting)
        if (task.status !== 'running') await endTask(database, tx, task.id, { status: 'stopped', now })
      if (run.status === 'planning') await endRun(tx, id, { status: 'stopped', text: 'stopped by a person', now })
      const { name: policy } = await getReplicationPolicy(tx, policyId)
      await events.record(tx, actor, { type: 'stop_replication', policyId, policy, executionId: id })
      return [run.job_id, ...waiting.map((task) => task.job_id)].filter((job) => job !== null)
    })
    for (const job of jobs) if ((await this.#jobs.findJob(job)) !== undefined) await this.#jobs.requestStop(actor, job)
  }

  /**
   * Says what becomes of deletions that waited: they go on, and for an hour others pass too, or they are dropped.
   * Returns how many tasks it was about. @throws DomainError REPLICATION_UNKNOWN, UNAUTHENTICATED, FORBIDDEN
   */
  async release(actor: Actor, policyId: number, dropped: boolean): Promise<number> {
    assertCanInSystem(actor, 'replication:create')
    const { database, clock, events } = this.#services
    return await database.write(async (tx) => {
      await this.#assertMayNow(tx, actor, 'replication:create')
      const { name: policy } = await getReplicationPolicy(tx, policyId)
      const now = clock.now()
      await tx
        .updateTable('replication_policy')
        .set({ held_at: null, ...(dropped ? {} : { deletions_until: now + releasedForMs }) })
        .where('id', '=', policyId)
        .execute()
      const held = await tx
        .selectFrom('replication_task')
        .select('id')
        .where('policy_id', '=', policyId)
        .where('status', '=', 'held')
        .where('finished_at', 'is', null)
        .execute()
      for (const { id } of held) {
        if (dropped) await endTask(database, tx, id, { status: 'stopped', error: 'dropped by a person', now })
        else await this.#again(tx, actor, policyId, id)
      }
      const event = { type: 'release_replication', policyId, policy, tasks: held.length, dropped } as const
      await events.record(tx, actor, event)
      return held.length
    })
  }

  async #again(tx: Writer, actor: Actor, policyId: number, taskId: number): Promise<void> {
    const subject = replicationSubject(policyId)
    const job = { ...replicateRepositoryJob.of({ taskId }), subject, actor }
    const { id } = await startJob(tx, this.#services, job)
    await tx.updateTable('replication_task').set({ status: 'pending', job_id: id }).where('id', '=', taskId).execute()
  }

  async #assertMayNow(tx: Writer, actor: Actor, permission: SystemPermission): Promise<void> {
    assertCanInSystem(await currentActor(tx, actor, this.#services.clock.now()), permission)
  }
}

const executionColumns = [
  ...(['id', 'policy_id', 'mode', 'started_by', 'status', 'status_text', 'started_at', 'finished_at'] as const),
] as const

const taskColumns = [
  ...(['id', 'execution_id', 'operation', 'resource_type', 'source', 'destination', 'item_count'] as const),
  ...(['status', 'job_id', 'sent_bytes', 'error', 'started_at', 'finished_at'] as const),
] as const

function executionOf(
  row: Pick<Selectable<ReplicationExecutionTable>, (typeof executionColumns)[number]>,
  tasks: TaskCounts,
): ReplicationExecution {
  return {
    id: row.id,
    policyId: row.policy_id,
    mode: row.mode,
    trigger: row.started_by,
    status: row.status,
    statusText: tasks.held > 0 ? heldText(tasks.held, row.status_text) : row.status_text,
    tasks,
    startedAt: row.started_at,
    finishedAt: row.finished_at ?? undefined,
  }
}

const heldText = (tasks: number, text: string): string =>
  `${tasks} deletions wait for a person, because the rule was about to delete very much${text === '' ? '' : `; ${text}`}`

function taskOf(row: Pick<Selectable<ReplicationTaskTable>, (typeof taskColumns)[number]>): ReplicationTask {
  return {
    id: row.id,
    executionId: row.execution_id,
    operation: row.operation,
    resourceType: row.resource_type,
    source: row.source,
    destination: row.destination,
    itemCount: row.item_count,
    status: row.status,
    jobId: row.job_id ?? undefined,
    sentBytes: row.sent_bytes,
    error: row.error ?? undefined,
    startedAt: row.started_at ?? undefined,
    finishedAt: row.finished_at ?? undefined,
  }
}

const unknown = (message: string) => new DomainError('REPLICATION_UNKNOWN', message)

const settledBatch = 200

/**
 * Ends tasks and runs whose job ended without them: a process that died at the last attempt, a queue that a person
 * emptied, jobs that were forgotten. Returns how many.
 */
export async function settleReplication({ database, clock }: Omit<ReplicationServices, 'events'>): Promise<number> {
  const tasks = await database.read
    .selectFrom('replication_task')
    .leftJoin('job', 'job.id', 'replication_task.job_id')
    .select(['replication_task.id', 'job.status', 'job.error'])
    .where('replication_task.finished_at', 'is', null)
    .where('replication_task.status', '!=', 'held')
    .where((eb) => eb.or([eb('job.id', 'is', null), eb('job.finished_at', 'is not', null)]))
    .limit(settledBatch)
    .execute()
  const runs = await database.read
    .selectFrom('replication_execution')
    .leftJoin('job', 'job.id', 'replication_execution.job_id')
    .select(['replication_execution.id', 'replication_execution.status as stands', 'job.status', 'job.error'])
    .where('replication_execution.status', '=', 'planning')
    .where((eb) => eb.or([eb('job.id', 'is', null), eb('job.finished_at', 'is not', null)]))
    .limit(settledBatch)
    .execute()
  if (tasks.length + runs.length === 0) return 0
  const now = clock.now()
  const endOf = (status: string | null) => (status === 'stopped' ? 'stopped' : 'failed')
  await database.write(async (tx) => {
    for (const { id, status, error } of tasks)
      await endTask(database, tx, id, { status: endOf(status), error: error ?? 'its job is gone', now })
    for (const { id, status, error } of runs)
      await endRun(tx, id, { status: endOf(status), text: error ?? 'its job is gone', now })
  })
  return tasks.length + runs.length
}

/** Whether anything is under way at all. */
export async function hasUnfinishedReplication({ read }: Database): Promise<boolean> {
  const row = await read
    .selectFrom('replication_execution')
    .select('id')
    .where('finished_at', 'is', null)
    .limit(1)
    .executeTakeFirst()
  return row !== undefined
}
