import type { Digest } from '#contract/digest.ts'
import type { Database, Reader, Writer } from '../../database/database.ts'
import { lockName, lockRows } from '../../database/locking.ts'
import type {
  ReplicationExecutionTable,
  ReplicationTaskTable,
  ReplicationTaskStatus,
} from '../../database/schema/replication.ts'
import type { CopyItem } from './copy-repository.ts'

export type RunMode = ReplicationExecutionTable['mode']
export type RunTrigger = ReplicationExecutionTable['started_by']
export type TaskOperation = ReplicationTaskTable['operation']

/** Finished tasks do not change any more. */
export const unfinishedTasks: readonly ReplicationTaskStatus[] = ['pending', 'held', 'running']

export interface NewRun {
  readonly policyId: number
  readonly mode: RunMode
  readonly trigger: RunTrigger
  readonly username: string
  readonly now: number
  /** No other run of the policy may be under way. */
  readonly singleActive: boolean
}

/** A change is not forgotten because the other site is away for a night: every ten minutes in the end, for about a day. */
export const followedAttempts = 150

/** Runs of a policy that are kept, as in Harbor. */
const keptRuns = 50

/**
 * Begins a run. One that may not run beside another is there all the same, and has failed: so Harbor's clients see it.
 * Returns its id, and whether there is anything to do.
 */
export async function beginRun(
  database: Database,
  tx: Writer,
  { policyId, mode, trigger, username, now, singleActive }: NewRun,
): Promise<{ readonly id: number; readonly begins: boolean }> {
  if (singleActive) await lockName(database, tx, `replication:${policyId}`)
  const isTaken = singleActive && mode === 'copy' && (await hasRunUnderWay(tx, policyId))
  const { id } = await tx
    .insertInto('replication_execution')
    .values({
      policy_id: policyId,
      mode,
      started_by: trigger,
      username,
      status: isTaken ? 'failed' : 'planning',
      status_text: isTaken ? 'Execution skipped: active replication still in progress.' : '',
      started_at: now,
      finished_at: isTaken ? now : null,
    })
    .returning('id')
    .executeTakeFirstOrThrow()
  await forgetOldRuns(tx, policyId)
  return { id, begins: !isTaken }
}

async function hasRunUnderWay(reader: Reader, policyId: number): Promise<boolean> {
  const row = await reader
    .selectFrom('replication_execution')
    .select('id')
    .where('policy_id', '=', policyId)
    .where('mode', '=', 'copy')
    .where('finished_at', 'is', null)
    .limit(1)
    .executeTakeFirst()
  return row !== undefined
}

async function forgetOldRuns(tx: Writer, policyId: number): Promise<void> {
  const oldest = await tx
    .selectFrom('replication_execution')
    .select('id')
    .where('policy_id', '=', policyId)
    .orderBy('id', 'desc')
    .offset(keptRuns)
    .limit(1)
    .executeTakeFirst()
  if (oldest === undefined) return
  await tx
    .deleteFrom('replication_execution')
    .where('policy_id', '=', policyId)
    .where('id', '<=', oldest.id)
    .where('finished_at', 'is not', null)
    .execute()
}

export interface NewTask {
  readonly executionId: number
  readonly policyId: number
  readonly operation: TaskOperation
  readonly resourceType: ReplicationTaskTable['resource_type']
  readonly source: string
  readonly destination: string
  readonly items: readonly CopyItem[]
  readonly bytes: number
  readonly occurredAt: number
}

/** The row of a task; its job is enqueued beside it. */
export function taskRow(task: NewTask) {
  return {
    execution_id: task.executionId,
    policy_id: task.policyId,
    operation: task.operation,
    resource_type: task.resourceType,
    source: task.source,
    destination: task.destination,
    items: JSON.stringify(task.items.map(({ tag, digest }) => ({ ...(tag === undefined ? {} : { tag }), digest }))),
    item_count: task.items.length,
    status: 'pending' as const,
    pending_bytes: task.bytes,
    sent_bytes: 0,
    occurred_at: task.occurredAt,
  }
}

/** What a task is about. */
export function itemsOf(row: { readonly items: string }): CopyItem[] {
  return (JSON.parse(row.items) as { tag?: string; digest: Digest }[]).map(({ tag, digest }) => ({ tag, digest }))
}

export interface TaskEnd {
  readonly status: 'succeeded' | 'failed' | 'stopped'
  readonly error?: string | undefined
  readonly sentBytes?: number
  readonly now: number
}

/** Ends a task, and its run when it was the last. Ended once: later ends change nothing. */
export async function endTask(database: Database, tx: Writer, taskId: number, end: TaskEnd): Promise<void> {
  const { status, error, sentBytes, now } = end
  const task = await tx
    .updateTable('replication_task')
    .set({
      status,
      error: error ?? null,
      finished_at: now,
      ...(sentBytes === undefined ? {} : { sent_bytes: sentBytes }),
      ...(status === 'succeeded' ? { pending_bytes: 0 } : {}),
    })
    .where('id', '=', taskId)
    .where('finished_at', 'is', null)
    .returning('execution_id')
    .executeTakeFirst()
  if (task !== undefined) await settleRun(database, tx, task.execution_id, now)
}

/** How the tasks of some runs stand. */
export interface TaskCounts {
  readonly total: number
  readonly pending: number
  readonly running: number
  readonly held: number
  readonly succeeded: number
  readonly failed: number
  readonly stopped: number
}

const none: TaskCounts = { total: 0, pending: 0, running: 0, held: 0, succeeded: 0, failed: 0, stopped: 0 }

export async function countTasks(
  reader: Reader,
  executionIds: readonly number[],
): Promise<(executionId: number) => TaskCounts> {
  if (executionIds.length === 0) return () => none
  const rows = await reader
    .selectFrom('replication_task')
    .select(['execution_id', 'status', (eb) => eb.fn.countAll<number | string>().as('count')])
    .where('execution_id', 'in', executionIds)
    .groupBy(['execution_id', 'status'])
    .execute()
  return (executionId) => {
    const counts: Record<keyof TaskCounts, number> = { ...none }
    for (const row of rows) {
      if (row.execution_id !== executionId) continue
      counts[row.status] += Number(row.count)
      counts.total += Number(row.count)
    }
    return counts
  }
}

/** Ends a run whose tasks are all made and have all ended. */
export async function settleRun(database: Database, tx: Writer, executionId: number, now: number): Promise<void> {
  // Its lock: the last two tasks, which do not see each other, would both leave it to the other one.
  const run = await lockRows(
    database,
    tx
      .selectFrom('replication_execution')
      .select(['policy_id', 'status', 'started_by', 'started_at'])
      .where('id', '=', executionId),
  ).executeTakeFirst()
  if (run?.status !== 'running') return
  const counts = (await countTasks(tx, [executionId]))(executionId)
  if (counts.pending + counts.running + counts.held > 0) return
  const status = counts.failed > 0 ? 'failed' : counts.stopped > 0 ? 'stopped' : 'succeeded'
  await tx
    .updateTable('replication_execution')
    .set({ status, finished_at: now })
    .where('id', '=', executionId)
    .execute()
  if (status === 'succeeded' && run.started_by !== 'event') await markSucceeded(tx, run.policy_id, run.started_at)
}

/** The rule has brought over everything that there was at that moment. */
async function markSucceeded(tx: Writer, policyId: number, startedAt: number): Promise<void> {
  await tx
    .updateTable('replication_policy')
    .set({ succeeded_at: startedAt })
    .where('id', '=', policyId)
    .where((eb) => eb.or([eb('succeeded_at', 'is', null), eb('succeeded_at', '<', startedAt)]))
    .execute()
}

/** Ends a run that has no tasks to wait for. Ended once: later ends change nothing. */
export async function endRun(
  tx: Writer,
  id: number,
  {
    status,
    text,
    now,
  }: { readonly status: 'succeeded' | 'failed' | 'stopped'; readonly text: string; readonly now: number },
): Promise<void> {
  await tx
    .updateTable('replication_execution')
    .set({ status, status_text: text.slice(0, 2_000), finished_at: now })
    .where('id', '=', id)
    .where('finished_at', 'is', null)
    .execute()
}
