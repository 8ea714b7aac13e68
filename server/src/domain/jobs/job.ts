import type { Selectable } from 'kysely'
import type { JobStatus, JobTable } from '../../database/schema/jobs.ts'
import type { Json } from '../json.ts'

export type { JobStatus, Json }

export type JobTrigger = 'manual' | 'schedule' | 'event'

/** Progress of a job: its step, the done part of it, and details that it wants to show. */
export interface JobProgress {
  readonly step: string
  readonly done?: number | undefined
  readonly total?: number | undefined
  readonly [detail: string]: Json | undefined
}

/** Work to be done once. */
export interface Job {
  readonly id: number
  readonly kind: string
  readonly status: JobStatus
  readonly payload: Json
  readonly subject: string | undefined
  readonly projectId: number | undefined
  readonly priority: number
  readonly runAt: number
  /** How often it was begun. */
  readonly attempts: number
  readonly trigger: JobTrigger
  readonly username: string
  readonly stopRequested: boolean
  /** The process that does it. */
  readonly worker: string | undefined
  readonly progress: JobProgress | undefined
  readonly result: Json | undefined
  /** The reason why it failed, or why its last attempt did. */
  readonly error: string | undefined
  readonly logLines: number
  readonly createdAt: number
  readonly updatedAt: number
  readonly startedAt: number | undefined
  readonly finishedAt: number | undefined
}

export const finalStatuses: readonly JobStatus[] = ['succeeded', 'failed', 'stopped']
export const isFinal = (status: JobStatus): boolean => finalStatuses.includes(status)

/** Columns that a Job is made of. */
export const jobColumns = [
  'id',
  'kind',
  'status',
  'payload',
  'subject',
  'project_id',
  'priority',
  'run_at',
  'attempts',
  'started_by',
  'username',
  'stop_requested',
  'lease_holder',
  'progress',
  'result',
  'error',
  'log_lines',
  'created_at',
  'updated_at',
  'started_at',
  'finished_at',
] as const satisfies readonly (keyof JobTable)[]

export type JobRow = Pick<Selectable<JobTable>, (typeof jobColumns)[number]>

export function jobOf(row: JobRow): Job {
  return {
    id: row.id,
    kind: row.kind,
    status: row.status,
    payload: JSON.parse(row.payload) as Json,
    subject: row.subject ?? undefined,
    projectId: row.project_id ?? undefined,
    priority: row.priority,
    runAt: row.run_at,
    attempts: row.attempts,
    trigger: row.started_by,
    username: row.username,
    stopRequested: row.stop_requested === 1,
    worker: row.lease_holder ?? undefined,
    progress: jsonOf(row.progress) as JobProgress | undefined,
    result: jsonOf(row.result),
    error: row.error ?? undefined,
    logLines: row.log_lines,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    startedAt: row.started_at ?? undefined,
    finishedAt: row.finished_at ?? undefined,
  }
}

export const jsonOf = (text: string | null): Json | undefined =>
  text === null ? undefined : (JSON.parse(text) as Json)
