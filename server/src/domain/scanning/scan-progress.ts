import type { JobStatus } from '../jobs/job.ts'

export type ScanStatus = 'pending' | 'running' | 'success' | 'error' | 'stopped'

/** How far something is that a job does for an artifact. */
export interface ScanProgress {
  readonly jobId: number | undefined
  readonly status: ScanStatus
  readonly error: string | undefined
  readonly startedAt: number | undefined
  readonly finishedAt: number | undefined
}

/** Of the table `job`, for `progressOf`. */
export const jobColumns = [
  'job.status as job_status',
  'job.error as job_error',
  'job.started_at as job_started_at',
  'job.finished_at as job_finished_at',
] as const

interface ProgressRow {
  readonly job_id: number | null
  readonly status: ScanStatus
  readonly error: string | null
  readonly started_at: number | null
  readonly finished_at: number | null
  readonly job_status: JobStatus | null
  readonly job_error: string | null
  readonly job_started_at: number | null
  readonly job_finished_at: number | null
}

const ofJob: Readonly<Record<JobStatus, ScanStatus>> = {
  delayed: 'pending',
  pending: 'pending',
  running: 'running',
  succeeded: 'success',
  failed: 'error',
  stopped: 'stopped',
}

/** Until its row says how it ended, its job says how it stands; a job that is gone without a word has failed. */
export function progressOf(row: ProgressRow): ScanProgress {
  const ended = row.status === 'success' || row.status === 'error' || row.status === 'stopped'
  return {
    jobId: row.job_id ?? undefined,
    status: ended ? row.status : row.job_status === null ? 'error' : ofJob[row.job_status],
    error: row.error ?? row.job_error ?? undefined,
    startedAt: row.started_at ?? row.job_started_at ?? undefined,
    finishedAt: row.finished_at ?? row.job_finished_at ?? undefined,
  }
}

export const isUnfinished = (status: ScanStatus): boolean => status === 'pending' || status === 'running'
