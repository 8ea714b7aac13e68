import type { Digest } from '#contract/digest.ts'
import { projectOf, type RepositoryName } from '#contract/repository-name.ts'
import type { Selectable } from 'kysely'
import type { Reader, Writer } from '../../database/database.ts'
import type { ReplicationExecutionTable, ReplicationTaskTable } from '../../database/schema/replication.ts'
import { DomainError } from '../errors.ts'
import type { Json } from '../json.ts'
import { copyRepository, type CopyItem, type NotCopied } from './copy-repository.ts'
import { carryOutDeletions, everythingIn, isTooMuch, planDeletions } from './deletions.ts'
import { openSides, type SideServices, type Sides } from './open-sides.ts'
import { getReplicationPolicy, type ReplicationPolicy, type ReplicationServices } from './replication-policies.ts'
import { endTask, itemsOf } from './runs.ts'
import type { BlobMark } from './sides.ts'
import { Throttle } from './throttle.ts'

export interface TaskServices extends ReplicationServices, SideServices {}

/** The part of a running job that is needed. */
export interface TaskJob {
  readonly signal: AbortSignal
  readonly state: Json | undefined
  readonly actor: Parameters<ReplicationServices['events']['record']>[1]
  log(line: string): void
  progress(progress: { readonly step: string; readonly [detail: string]: Json | undefined }): void
  transact<T>(work: (tx: Writer, remember: (state: Json) => void) => Promise<T>): Promise<T>
}

/** With what began its run. */
type Task = Selectable<ReplicationTaskTable> & Pick<Selectable<ReplicationExecutionTable>, 'started_by'>

/** Some of a task could not be brought over. */
export class NotAllCopied extends Error {
  override readonly name = 'NotAllCopied'
  readonly failed: readonly NotCopied[]
  constructor(failed: readonly NotCopied[], of: number) {
    super(
      `got error during the whole transfer period, mark the job failure: ${failed.length} of ${of} were not copied; ${failed[0]!.name}: ${failed[0]!.why}`,
    )
    this.failed = failed
  }
}

export async function findTask(reader: Reader, id: number): Promise<Task | undefined> {
  return await reader
    .selectFrom('replication_task')
    .innerJoin('replication_execution', 'replication_execution.id', 'replication_task.execution_id')
    .selectAll('replication_task')
    .select('replication_execution.started_by')
    .where('replication_task.id', '=', id)
    .executeTakeFirst()
}

/** Does a task, or what an earlier attempt left of it. Its row ends with it. */
export async function runTask(services: TaskServices, job: TaskJob, task: Task): Promise<Json> {
  const { database, clock } = services
  const policy = await getReplicationPolicy(database.read, task.policy_id)
  await job.transact(async (tx) =>
    tx
      .updateTable('replication_task')
      .set({ status: 'running', started_at: task.started_at ?? clock.now() })
      .where('id', '=', task.id)
      .where('finished_at', 'is', null)
      .execute(),
  )
  using sides = await openSides(services, policy, { signal: job.signal })
  const { source, destination } = sides
  job.log(`from ${task.source} (${source.name}) to ${task.destination} (${destination.name})`)
  if (task.operation !== 'copy') return await deleteThere(services, job, { policy, task, sides })
  const why = await destination.prepare(task.destination, {
    isPublic: (await source.isPublic(task.source)) === true,
  })
  const items = itemsOf(task)
  if (why !== undefined) throw new DomainError('BAD_REQUEST', why)
  const { copied, there, kept, gone, sentBytes } = await copyThere(job, { policy, task, sides, items })
  job.log(
    `copy ${task.source}(source registry) to ${task.destination}(destination registry) completed: ${copied} copied, ${there} already there, ${kept} kept as they are there, ${gone} gone at the source, ${sentBytes} bytes sent`,
  )
  await job.transact(async (tx) => endTask(database, tx, task.id, { status: 'succeeded', sentBytes, now: clock.now() }))
  return { copied, there, kept, gone, sentBytes }
}

interface TaskWork {
  readonly policy: ReplicationPolicy
  readonly task: Task
  readonly sides: Sides
}

async function copyThere(job: TaskJob, work: TaskWork & { readonly items: readonly CopyItem[] }) {
  const { policy, task, sides, items } = work
  const marks = marksOf(job.state)
  // With those of earlier attempts.
  let sentBytes = task.sent_bytes
  if (policy.speed > 0) job.log(`limit network speed at ${policy.speed} kb/s`)
  const result = await copyRepository(
    {
      ...{ source: sides.source, destination: sides.destination, from: task.source, to: task.destination },
      override: policy.override,
      imagesOnly: policy.filters.some((filter) => filter.type === 'resource' && filter.value === 'image'),
      throttle: new Throttle(policy.speed),
      signal: job.signal,
      log: (line) => job.log(line),
      marks: new Map(marks),
      keepMark: async (digest, mark) => {
        if (mark === undefined) marks.delete(digest)
        else marks.set(digest, mark)
        await job.transact(async (tx, remember) => {
          await tx
            .updateTable('replication_task')
            .set({ sent_bytes: sentBytes })
            .where('id', '=', task.id)
            .where('finished_at', 'is', null)
            .execute()
          remember(stateOf(marks))
        })
      },
      onSent: (bytes) => {
        sentBytes += bytes
        job.progress({ step: 'copy', bytes: sentBytes })
      },
    },
    items,
  )
  job.signal.throwIfAborted()
  if (result.failed.length > 0) throw new NotAllCopied(result.failed, items.length)
  return { ...result, sentBytes }
}

async function deleteThere(services: TaskServices, job: TaskJob, { policy, task, sides }: TaskWork): Promise<Json> {
  const { database, clock, events } = services
  const { source, destination } = sides
  const options = {
    ...{ source, destination, from: task.source, to: task.destination, signal: job.signal },
    log: (line: string) => job.log(line),
  }
  const given = itemsOf(task)
  const items = given.length > 0 ? given : await everythingIn(options)
  const planned = await planDeletions(options, task.operation === 'copy' ? 'deletion' : task.operation, items)
  const deletions = planned.tags.length + planned.artifacts.length
  const now = clock.now()
  const isHeld = policy.heldAt !== undefined && !(policy.deletionsUntil !== undefined && now < policy.deletionsUntil)
  if (deletions > 0 && (isHeld || (await isTooMuch(database.read, policy, { deletions, now })))) {
    job.log(`${deletions} deletions wait: the rule is about to delete so much that a person has to say that it may`)
    await job.transact(async (tx) => {
      const held = await tx
        .updateTable('replication_task')
        .set({ status: 'held', item_count: Math.max(1, deletions) })
        .where('id', '=', task.id)
        .where('finished_at', 'is', null)
        .executeTakeFirst()
      if (held.numUpdatedRows === 0n) return
      const { numUpdatedRows } = await tx
        .updateTable('replication_policy')
        .set({ held_at: now })
        .where('id', '=', policy.id)
        .where('held_at', 'is', null)
        .executeTakeFirst()
      if (numUpdatedRows === 0n) return
      const event = { type: 'hold_replication', policyId: policy.id, policy: policy.name, deletions } as const
      await events.record(tx, job.actor, event)
    })
    return { held: deletions }
  }
  const deleted = await carryOutDeletions(options, planned)
  await job.transact(async (tx) => {
    await tx
      .updateTable('replication_task')
      .set({ item_count: Math.max(given.length, deleted) })
      .where('id', '=', task.id)
      .execute()
    await endTask(database, tx, task.id, { status: 'succeeded', now: clock.now() })
  })
  return { deleted }
}

/** Content of a project that must not leave was about to: the attempt is in the audit log. */
export async function auditRefusal(
  { database, events }: ReplicationServices,
  job: Pick<TaskJob, 'actor' | 'transact'>,
  { id: policyId, name: policy }: Pick<ReplicationPolicy, 'id' | 'name'>,
  repository: string,
): Promise<void> {
  const name = projectOf(repository as RepositoryName)
  const project = await database.read.selectFrom('project').select('id').where('name', '=', name).executeTakeFirst()
  if (project === undefined) return
  const event = {
    type: 'refuse_replication',
    policyId,
    policy,
    projectId: project.id,
    project: name,
    repository,
  } as const
  await job.transact(async (tx) => await events.record(tx, job.actor, event))
}

function marksOf(state: Json | undefined): Map<Digest, BlobMark> {
  const kept = (state as { readonly blobs?: Readonly<Record<string, BlobMark>> } | undefined)?.blobs ?? {}
  return new Map(Object.entries(kept) as [Digest, BlobMark][])
}

const stateOf = (marks: ReadonlyMap<Digest, BlobMark>): Json => ({
  blobs: Object.fromEntries([...marks].map(([digest, { place, offset }]) => [digest, { place, offset }])),
})
