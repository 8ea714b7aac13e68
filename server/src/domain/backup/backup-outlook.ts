import type { Reader } from '../../database/database.ts'
import { findSchedule, type Schedule } from '../jobs/schedules.ts'
import { backupJob } from './backup-job.ts'
import { findLastBackup, type BackupRun } from './backup-runs.ts'

/** How backups of a registry are, and will be. */
export interface BackupOutlook {
  readonly schedule: Schedule | undefined
  /** Whoever made it. */
  readonly last: BackupRun | undefined
  /** Of the schedule alone: a timer of the machine knows its own. */
  readonly lastFailure: { readonly job: number; readonly at: number; readonly error: string | undefined } | undefined
  /** The last thing that is known is a failure, or too long ago. */
  readonly isConcern: boolean
}

/** As the alert has it. */
const oldMs = 2 * 24 * 60 * 60_000

export async function findBackupOutlook(reader: Reader, now: number): Promise<BackupOutlook> {
  const schedule = await findSchedule(reader, backupJob.kind)
  const last = await findLastBackup(reader)
  const failed = await reader
    .selectFrom('job')
    .select(['id', 'finished_at', 'error'])
    .where('kind', '=', backupJob.kind)
    .where('status', '=', 'failed')
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirst()
  const lastFailure =
    failed === undefined
      ? undefined
      : { job: failed.id, at: Number(failed.finished_at ?? 0), error: failed.error ?? undefined }
  const lastAt = last?.finishedAt ?? 0
  const isOld = now - lastAt > oldMs && (last !== undefined || schedule === undefined)
  return { schedule, last, lastFailure, isConcern: isOld || (lastFailure?.at ?? 0) > lastAt }
}
