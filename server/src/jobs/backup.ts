import { randomBytes } from 'node:crypto'
import type { Database } from '../database/database.ts'
import { backupJob, type BackupPayload } from '../domain/backup/backup-job.ts'
import { createBackup } from '../domain/backup/create-backup.ts'
import type { Clock } from '../domain/clock.ts'
import type { Events } from '../domain/events/events.ts'
import type { Archive } from '../storage/archive/archive.ts'
import type { BlobStore } from '../storage/blob-store.ts'
import { version } from '../version.ts'
import { PermanentFailure, type JobKind } from './job-kind.ts'

export interface BackupPlace {
  /** Opens the place of the settings; undefined when they name none. */
  readonly open: () => Promise<Archive | undefined>
  /** How many backups stay; undefined: all. */
  readonly keep: number | undefined
}

/** Makes a backup where the settings say, beside pushes and pulls. What an attempt has copied the next need not copy. */
export function composeBackup(services: {
  readonly database: Database
  readonly store: BlobStore
  readonly clock: Clock
  readonly events: Events
  readonly place: BackupPlace
}): JobKind<BackupPayload> {
  const { place, ...rest } = services
  return {
    name: backupJob.kind,
    concurrency: { registry: 1 },
    maxAttempts: 3,
    parse: backupJob.parse,
    async run(job) {
      await using archive = await place.open()
      if (archive === undefined)
        throw new PermanentFailure('there is no place for backups: set backup.to to a folder or s3://bucket/prefix')
      job.log(`to ${archive.name}`)
      const { backup, copied, pruned } = await createBackup({
        ...rest,
        archive,
        actor: job.actor,
        program: version,
        idTail: randomBytes(3).toString('hex'),
        keep: place.keep,
        signal: job.signal,
        onCopied: ({ count, total }) => job.progress({ step: 'copy', done: count, total }),
      })
      const { count, bytes, damaged } = backup.blobs
      job.log(`backup ${backup.id}: ${count} blobs, ${bytes} bytes; new: ${copied.newBlobs}, ${copied.newBytes} bytes`)
      for (const { digest, reason } of damaged) job.log(`not in it: ${digest}: ${reason}`)
      if (pruned.length > 0) job.log(`deleted: ${pruned.join(', ')}`)
      return { backup: backup.id, blobs: count, bytes, newBytes: copied.newBytes, damaged: damaged.length }
    },
  }
}
