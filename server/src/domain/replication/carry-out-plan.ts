import type { Writer } from '../../database/database.ts'
import { enqueueJob } from '../jobs/enqueue.ts'
import type { Json } from '../json.ts'
import { openSides } from './open-sides.ts'
import { planRun, type PlannedRepository } from './plan-run.ts'
import { replicateRepositoryJob, replicationSubject } from './replication-jobs.ts'
import type { ReplicationPolicy } from './replication-policies.ts'
import { ReportBuilder } from './run-report.ts'
import { auditRefusal, type TaskJob, type TaskServices } from './run-task.ts'
import { beginRun, endRun, settleRun, taskRow, type RunMode } from './runs.ts'

/** The part of a running job that planning needs. */
export interface PlanJob extends TaskJob {
  readonly id: number
}

export interface Run {
  readonly id: number
  readonly mode: RunMode
}

/** The run that a person or an earlier attempt has begun, or a new one of a schedule; undefined when it is over. */
export async function beginOrGoOn(
  { database, clock }: TaskServices,
  job: PlanJob,
  policy: ReplicationPolicy,
  given: number | undefined,
): Promise<Run | undefined> {
  const known = given ?? (job.state as { executionId?: number } | undefined)?.executionId
  if (known === undefined) {
    const { id, begins } = await job.transact(async (tx, remember) => {
      const begun = await beginRun(database, tx, {
        ...{ policyId: policy.id, mode: 'copy', trigger: 'schedule', username: policy.creator },
        ...{ now: clock.now(), singleActive: policy.singleActive },
      })
      await tx.updateTable('replication_execution').set({ job_id: job.id }).where('id', '=', begun.id).execute()
      remember({ executionId: begun.id })
      return begun
    })
    return begins ? { id, mode: 'copy' } : undefined
  }
  const row = await database.read
    .selectFrom('replication_execution')
    .select(['mode', 'status'])
    .where('id', '=', known)
    .executeTakeFirst()
  return row?.status === 'planning' ? { id: known, mode: row.mode } : undefined
}

/**
 * Compares, and makes tasks; what an earlier attempt has made stays. A comparison only writes down what it found.
 */
export async function carryOutPlan(
  services: TaskServices,
  job: PlanJob,
  policy: ReplicationPolicy,
  run: Run,
): Promise<Json> {
  const { database } = services
  const compareOnly = run.mode !== 'copy'
  const done = compareOnly ? new Set<string>() : await plannedBefore(services, run)
  const report = new ReportBuilder()
  let tasks = done.size
  let kept = 0
  using sides = await openSides(services, policy, { signal: job.signal })
  const options = { policy, sides, reader: database.read, signal: job.signal, compareOnly }
  for await (const planned of planRun({ ...options, isDone: (name) => done.has(name) })) {
    report.add(planned)
    if (planned.why !== '') job.log(`${planned.source} is left out: ${planned.why}`)
    if (planned.refusal === 'must-not-leave') await auditRefusal(services, job, policy, planned.source)
    if (!policy.override) kept += planned.difference?.different.length ?? 0
    job.progress({ step: 'compare', repositories: tasks, ...totalsOf(report) })
    if (compareOnly || planned.items.length === 0) continue
    await job.transact(async (tx) => await addTask(services, tx, job, { policy, run, planned }))
    tasks++
  }
  const totals = totalsOf(report)
  const differ = totals.missing + totals.different + totals.refused
  const now = services.clock.now()
  await job.transact(async (tx) => {
    if (compareOnly) {
      await tx
        .updateTable('replication_execution')
        .set({ report: JSON.stringify(report.report) })
        .where('id', '=', run.id)
        .execute()
      const status = run.mode === 'verify' && differ > 0 ? 'failed' : 'succeeded'
      return await endRun(tx, run.id, { status, text: wordsOf(totals), now })
    }
    const text = [
      ...(tasks === 0 ? ['no resources need to be replicated'] : []),
      ...(kept === 0 ? [] : [`${kept} differ at the destination and are kept: override is off`]),
      ...(totals.refused === 0 ? [] : [`${totals.refused} repositories are left out: ${firstWhy(report)}`]),
    ].join('; ')
    if (tasks === 0 && totals.refused > 0) return await endRun(tx, run.id, { status: 'failed', text, now })
    await tx
      .updateTable('replication_execution')
      .set({ status: 'running', status_text: text })
      .where('id', '=', run.id)
      .where('status', '=', 'planning')
      .execute()
    await settleRun(database, tx, run.id, now)
  })
  return { executionId: run.id, tasks, ...totals }
}

const totalsOf = ({ report: { same, missing, different, extra, refused } }: ReportBuilder) => ({
  ...{ same, missing, different, extra, refused },
})

const wordsOf = ({ same, missing, different, extra, refused }: ReturnType<typeof totalsOf>): string =>
  `${same} are the same on both sides, ${missing} are missing at the destination, ${different} differ, ${extra} are only there${refused === 0 ? '' : `; ${refused} repositories are left out`}`

const firstWhy = ({ report }: ReportBuilder): string =>
  report.repositories.find(({ why }) => why !== undefined)?.why ?? ''

async function plannedBefore({ database }: TaskServices, { id }: Run): Promise<ReadonlySet<string>> {
  const rows = await database.read
    .selectFrom('replication_task')
    .select('source')
    .where('execution_id', '=', id)
    .execute()
  return new Set(rows.map(({ source }) => source))
}

async function addTask(
  { clock }: TaskServices,
  tx: Writer,
  job: PlanJob,
  {
    policy,
    run,
    planned,
  }: { readonly policy: ReplicationPolicy; readonly run: Run; readonly planned: PlannedRepository },
): Promise<void> {
  const { status } = await tx
    .selectFrom('replication_execution')
    .select('status')
    .where('id', '=', run.id)
    .executeTakeFirstOrThrow()
  // Stopped meanwhile: nothing may be added behind it.
  if (status !== 'planning') throw new Error('the run is being stopped')
  const { source, destination, items } = planned
  const { id: taskId } = await tx
    .insertInto('replication_task')
    .values(
      taskRow({
        ...{ executionId: run.id, policyId: policy.id, operation: 'copy', source, destination, items, bytes: 0 },
        resourceType: policy.sourceRegistryId === 0 ? 'artifact' : 'image',
        occurredAt: clock.now(),
      }),
    )
    .returning('id')
    .executeTakeFirstOrThrow()
  const { id: jobId } = await enqueueJob(tx, clock, {
    ...replicateRepositoryJob.of({ taskId }),
    ...{ subject: replicationSubject(policy.id), trigger: 'event', actor: job.actor },
  })
  await tx.updateTable('replication_task').set({ job_id: jobId }).where('id', '=', taskId).execute()
}
