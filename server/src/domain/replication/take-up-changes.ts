import type { Digest } from '#contract/digest.ts'
import type { RepositoryName } from '#contract/repository-name.ts'
import { sql, type Selectable } from 'kysely'
import type { Database, Reader, Writer } from '../../database/database.ts'
import type { ReplicationChangeTable, ReplicationTaskTable } from '../../database/schema/replication.ts'
import type { Clock } from '../clock.ts'
import { DomainError } from '../errors.ts'
import { enqueueJob } from '../jobs/enqueue.ts'
import { mustStay } from './must-stay.ts'
import type { CopyItem } from './copy-repository.ts'
import { Filters } from './filters.ts'
import { changesJob } from './follow-changes.ts'
import { mapRepositoryName, type NameRule } from './names.ts'
import { replicateChangesJob, replicateRepositoryJob, replicationSubject } from './replication-jobs.ts'
import { getReplicationPolicy, type ReplicationPolicy } from './replication-policies.ts'
import { auditRefusal, type TaskJob, type TaskServices } from './run-task.ts'
import { beginRun, endRun, followedAttempts, taskRow, type NewTask } from './runs.ts'
import { replicator } from './local-source.ts'
import { selectPushed } from './wanted-changes.ts'

type Change = Selectable<ReplicationChangeTable>

export interface ChangedRepository {
  readonly policyId: number
  readonly repository: string
}

const changesAtOnce = 1_000

export type ChangesJob = Pick<TaskJob, 'signal' | 'actor' | 'log' | 'transact'>

/**
 * Makes a run of what happened in a repository, as it lies here now: what came and went again is no work. One
 * transaction takes the changes and makes the tasks, so that nothing is lost and nothing is done for nothing.
 * Returns how many changes it took.
 */
export async function takeUpChanges(
  services: TaskServices & { readonly nameRuleOf: (registryId: number) => Promise<NameRule> },
  job: ChangesJob,
  { policyId, repository }: ChangedRepository,
): Promise<number> {
  const { database, clock } = services
  const policy = await getReplicationPolicy(database.read, policyId)
  const rule = await services.nameRuleOf(policy.destinationRegistryId)
  let taken = 0
  for (;;) {
    job.signal.throwIfAborted()
    const stays = await mustStay(database.read, repository)
    const count = await job.transact(async (tx) => {
      const changes = await takeDue(tx, { policyId, repository }, clock.now())
      if (changes.length > 0 && policy.enabled && !stays)
        await makeRun(services, tx, { policy, repository, rule, changes })
      return changes.length
    })
    if (count > 0 && stays) {
      job.log(`${repository} is left out: its project must not leave this registry`)
      await auditRefusal(services, job, policy, repository)
    }
    taken += count
    if (count < changesAtOnce) return taken
  }
}

async function takeDue(tx: Writer, { policyId, repository }: ChangedRepository, now: number): Promise<Change[]> {
  const due = tx
    .selectFrom('replication_change')
    .select('id')
    .where('policy_id', '=', policyId)
    .where('repository', '=', repository)
    .where('due_at', '<=', now)
    .orderBy('id')
    .limit(changesAtOnce)
  const changes = await tx.deleteFrom('replication_change').where('id', 'in', due).returningAll().execute()
  return changes.toSorted((one, other) => one.id - other.id)
}

interface RunOfChanges {
  readonly policy: ReplicationPolicy
  readonly repository: string
  readonly rule: NameRule
  readonly changes: readonly Change[]
}

async function makeRun(
  { database, clock }: Pick<TaskServices, 'database' | 'clock'>,
  tx: Writer,
  { policy, repository, rule, changes }: RunOfChanges,
): Promise<void> {
  const parts = await partsOf(tx, policy, repository, changes)
  if (parts.length === 0) return
  const now = clock.now()
  const { id: executionId } = await beginRun(database, tx, {
    ...{
      policyId: policy.id,
      mode: 'copy',
      trigger: 'event',
      username: changes[0]!.username,
      now,
      singleActive: false,
    },
  })
  let destination: string
  try {
    destination = mapRepositoryName(repository, policy, rule)
  } catch (error) {
    if (!(error instanceof DomainError)) throw error
    return await endRun(tx, executionId, { status: 'failed', text: error.message, now })
  }
  for (const part of parts) {
    const task: NewTask = {
      ...{ executionId, policyId: policy.id, resourceType: 'artifact', source: repository, destination },
      ...part,
    }
    const { id: taskId } = await tx
      .insertInto('replication_task')
      .values(taskRow(task))
      .returning('id')
      .executeTakeFirstOrThrow()
    const { id: jobId } = await enqueueJob(tx, clock, {
      ...replicateRepositoryJob.of({ taskId }),
      ...{ subject: replicationSubject(policy.id), trigger: 'event', actor: replicator },
      maxAttempts: followedAttempts,
    })
    await tx.updateTable('replication_task').set({ job_id: jobId }).where('id', '=', taskId).execute()
  }
  await tx.updateTable('replication_execution').set({ status: 'running' }).where('id', '=', executionId).execute()
}

interface Part {
  readonly operation: ReplicationTaskTable['operation']
  readonly items: readonly CopyItem[]
  readonly bytes: number
  readonly occurredAt: number
}

async function partsOf(
  tx: Writer,
  policy: ReplicationPolicy,
  repository: string,
  changes: readonly Change[],
): Promise<readonly Part[]> {
  const filters = new Filters(policy.filters)
  const parts: Part[] = []
  const pushed = changes.filter(({ change }) => change === 'push')
  const occurredAt = (some: readonly Change[]) => Math.min(...some.map((each) => each.occurred_at))
  const repositoryId = await repositoryIdOf(tx, repository)
  if (pushed.length > 0 && repositoryId !== undefined) {
    const names = pushed.map(({ digest, tag }) => ({ digest: digest as Digest, tag: tag ?? undefined }))
    const items = await selectPushed(tx, repositoryId, filters, names)
    const bytes = items.reduce((sum, item) => sum + item.bytes, 0)
    if (items.length > 0) parts.push({ operation: 'copy', items, bytes, occurredAt: occurredAt(pushed) })
  }
  for (const [change, operation] of [
    ['untag', 'tag deletion'],
    ['delete', 'deletion'],
  ] as const) {
    const some = changes.filter((each) => each.change === change && isFollowed(filters, each))
    if (some.length === 0) continue
    // A repository that went as a whole: what it had is looked up at the destination.
    const isWhole = some.some(({ digest }) => digest === null)
    const items = isWhole ? [] : some.map(({ digest, tag }) => ({ digest: digest as Digest, tag: tag ?? undefined }))
    parts.push({ operation, items, bytes: 0, occurredAt: occurredAt(some) })
  }
  return parts
}

const isFollowed = (filters: Filters, { digest, tag }: Change): boolean =>
  digest === null || filters.wantsTag(tag ?? '')

async function repositoryIdOf(reader: Reader, name: string): Promise<number | undefined> {
  const row = await reader
    .selectFrom('repository')
    .select('id')
    .where('name', '=', name as RepositoryName)
    .executeTakeFirst()
  return row?.id
}

const maxRecovered = 500

/** Gives a job to changes that wait without one: they came while the job before was ending. Returns how many repositories. */
export async function recoverChanges({
  database,
  clock,
}: {
  readonly database: Database
  readonly clock: Clock
}): Promise<number> {
  const waiting = await database.read
    .selectFrom('replication_change')
    .select(['policy_id', 'repository'])
    .distinct()
    .where('due_at', '<=', clock.now())
    .where((eb) =>
      eb.not(
        eb.exists(
          eb
            .selectFrom('job')
            .select('job.id')
            .where('job.kind', '=', replicateChangesJob.kind)
            .where('job.finished_at', 'is', null)
            .whereRef('job.unique_key', '=', sql`replication_change.policy_id || ' ' || replication_change.repository`),
        ),
      ),
    )
    .limit(maxRecovered)
    .execute()
  if (waiting.length === 0) return 0
  await database.write(async (tx) => {
    for (const { policy_id: policyId, repository } of waiting)
      await enqueueJob(tx, clock, { ...changesJob({ policyId, repository }), trigger: 'event', actor: replicator })
  })
  return waiting.length
}

/** Whether any change waits at all. */
export async function hasWaitingChanges({ read }: Database): Promise<boolean> {
  const row = await read.selectFrom('replication_change').select('id').limit(1).executeTakeFirst()
  return row !== undefined
}
