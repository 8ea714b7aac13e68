import type { Writer } from '../../database/database.ts'
import { afterCommit } from '../../database/write-scope.ts'
import { actorKey, actorName, type Actor } from '../access/actor.ts'
import type { Clock } from '../clock.ts'
import { DomainError } from '../errors.ts'
import type { EventServices } from '../events/events.ts'
import type { JobTrigger, Json } from './job.ts'
import { wakeWorkers } from './wake-up.ts'

export interface NewJob {
  readonly kind: string
  readonly payload: Json
  /** Of the unfinished jobs of a kind at most one has a given key. */
  readonly uniqueKey?: string
  /** The subject of the job (`retention:12`), by which its history is listed. */
  readonly subject?: string
  readonly projectId?: number
  /** Larger goes first; 0 when left out. */
  readonly priority?: number
  /** When it may begin (ms); at once when left out. */
  readonly runAt?: number
  /** As many as its kind says when left out. */
  readonly maxAttempts?: number
  readonly trigger: JobTrigger
  readonly actor: Actor
}

export interface Enqueued {
  readonly id: number
  /** Whether an unfinished job with the same key was there already; then nothing was added. */
  readonly existing: boolean
}

const maxPayloadBytes = 256 * 1024

/**
 * Adds a job in the transaction of the change that makes it necessary: a rollback takes the job along, a commit keeps
 * it.
 */
export async function enqueueJob(tx: Writer, clock: Clock, job: NewJob): Promise<Enqueued> {
  const now = clock.now()
  const payload = JSON.stringify(job.payload)
  if (payload.length > maxPayloadBytes)
    throw new DomainError('BAD_REQUEST', `a job of ${job.kind} may be given ${maxPayloadBytes} bytes at the most`)
  for (;;) {
    const inserted = await tx
      .insertInto('job')
      .values({
        kind: job.kind,
        payload,
        status: (job.runAt ?? now) > now ? 'delayed' : 'pending',
        unique_key: job.uniqueKey ?? null,
        subject: job.subject ?? null,
        project_id: job.projectId ?? null,
        priority: job.priority ?? 0,
        run_at: job.runAt ?? now,
        max_attempts: job.maxAttempts ?? null,
        started_by: job.trigger,
        actor: actorKey(job.actor),
        username: actorName(job.actor),
        created_at: now,
        updated_at: now,
      })
      .onConflict((conflict) => conflict.columns(['kind', 'unique_key']).where('finished_at', 'is', null).doNothing())
      .returning('id')
      .executeTakeFirst()
    if (inserted !== undefined) {
      afterCommit(wakeWorkers)
      return { id: inserted.id, existing: false }
    }
    const existing = await tx
      .selectFrom('job')
      .select('id')
      .where('kind', '=', job.kind)
      .where('unique_key', '=', job.uniqueKey ?? '')
      .where('finished_at', 'is', null)
      .executeTakeFirst()
    // It may have finished in between: then there is room for ours.
    if (existing !== undefined) return { id: existing.id, existing: true }
  }
}

/** Adds a job that a person asked for, and records the event. */
export async function startJob(
  tx: Writer,
  { clock, events }: EventServices,
  job: Omit<NewJob, 'trigger'>,
): Promise<Enqueued> {
  const { actor, kind } = job
  const enqueued = await enqueueJob(tx, clock, { ...job, trigger: 'manual' })
  if (!enqueued.existing)
    await events.record(tx, actor, { type: 'start_job', jobId: enqueued.id, kind, ...projectOf(job) })
  return enqueued
}

const projectOf = ({ projectId }: Pick<NewJob, 'projectId'>) => (projectId === undefined ? {} : { projectId })
