import type { Reader, Writer } from '../../database/database.ts'

/** A backup that was finished. */
export interface BackupRun {
  readonly id: string
  readonly archive: string
  readonly startedAt: number
  readonly finishedAt: number
  readonly blobs: number
  readonly bytes: number
  readonly newBytes: number
  /** Blobs that it lacks, because their bytes are damaged or missing. */
  readonly damaged: number
}

/** More are forgotten: what a place of backups has, it tells itself. */
const kept = 100

export async function recordBackupRun(tx: Writer, run: BackupRun): Promise<void> {
  await tx
    .insertInto('backup_run')
    .values({
      ...{ id: run.id, archive: run.archive, started_at: run.startedAt, finished_at: run.finishedAt },
      ...{ blobs: run.blobs, bytes: run.bytes, new_bytes: run.newBytes, damaged: run.damaged },
    })
    .execute()
  const oldest = await tx
    .selectFrom('backup_run')
    .select('finished_at')
    .orderBy('finished_at', 'desc')
    .offset(kept)
    .limit(1)
    .executeTakeFirst()
  if (oldest !== undefined) await tx.deleteFrom('backup_run').where('finished_at', '<=', oldest.finished_at).execute()
}

/** The newest by the time of its end. */
export async function findLastBackup(reader: Reader): Promise<BackupRun | undefined> {
  const row = await reader
    .selectFrom('backup_run')
    .selectAll()
    .orderBy('finished_at', 'desc')
    .limit(1)
    .executeTakeFirst()
  if (row === undefined) return undefined
  return {
    ...{ id: row.id, archive: row.archive, startedAt: Number(row.started_at), finishedAt: Number(row.finished_at) },
    ...{ blobs: Number(row.blobs), bytes: Number(row.bytes), newBytes: Number(row.new_bytes) },
    damaged: Number(row.damaged),
  }
}
