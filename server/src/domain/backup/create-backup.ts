import type { Database, Snapshot } from '../../database/database.ts'
import { listMigrations } from '../../database/migrate.ts'
import { inOrderOfReference, listTables } from '../../database/table-catalog.ts'
import { faultPoint } from '../../runtime/fault-points.ts'
import type { BlobReader } from '../../storage/blob-store.ts'
import type { Archive } from '../../storage/archive/archive.ts'
import type { Actor } from '../access/actor.ts'
import type { Clock } from '../clock.ts'
import { StorageHold } from '../content/storage-hold.ts'
import type { Events } from '../events/events.ts'
import {
  backupId,
  blobTable,
  claimArchive,
  formatVersion,
  tableKey,
  unfinishedKey,
  writeBackup,
  type Backup,
  type BackupTable,
} from './backup-format.ts'
import { recordBackupRun } from './backup-runs.ts'
import { copyBlobs, type CopyOutcome, type OnCopied } from './copy-blobs.ts'
import { pruneBackups } from './prune-backups.ts'
import { writeTableFile } from './table-files.ts'

export interface CreateBackupOptions {
  readonly database: Database
  readonly store: BlobReader
  readonly archive: Archive
  readonly clock: Clock
  readonly events: Events
  readonly actor: Actor
  /** The version of the program. */
  readonly program: string
  /** Four hex digits or more, to tell two backups of one second apart. */
  readonly idTail: string
  /** How many finished backups stay, this one among them; undefined: all. */
  readonly keep?: number | undefined
  readonly onCopied?: OnCopied
  /** Ends it early: the hold is given back, earlier backups stay, and what was copied need not be copied again. */
  readonly signal?: AbortSignal | undefined
}

export interface CreatedBackup {
  readonly backup: Backup
  readonly copied: CopyOutcome
  /** Ids of the older backups that went. */
  readonly pruned: readonly string[]
}

/** Tables whose rows are meaningless in another place, or an hour later. They come back empty. */
export const leftOut: ReadonlySet<string> = new Set([
  'upload', // staged bytes are not copied: clients start again
  'blob_trash', // bytes that nothing needs
  'gone_manifest', // a number for the next run
  'storage_hold',
  'write_probe', // never has a row, and a long look at it would hide a full disk
  'lease',
  'quota_reservation',
  'session', // people sign in again
  'pending_sign_in',
  'blob_damage', // what is damaged in the copy is known from the copy
  'scrub_progress',
  'job_worker', // processes that run now
  'scan_data_chunk', // files of a day, which can be made again
  'backup_run', // what a place of backups has, it tells itself
  'advisory_generation', // large, public, and out of date by then: it is imported again
  'advisory_chunk',
  'advisory_upload', // its job begins anew with another upload
  'advisory_upload_chunk',
  'advisory_pull', // goes with the data that it brought
  'blob_inventory', // found again in the bytes
  'artifact_inventory',
  'repository_name_part', // triggers make these two of the rest
  'listed_artifact',
])

const unfinishedAfterMs = 24 * 60 * 60_000

/**
 * Copies everything to the archive while the registry goes on: the rows of one moment, then the bytes that they need
 * and the archive lacks. A hold keeps those bytes meanwhile. A run that ends early leaves earlier backups as they were,
 * and its bytes need not be copied again.
 * @throws the reason of `signal`; DomainError CONFLICT when another backup runs; UNAVAILABLE when the hold on the bytes was lost
 */
export async function createBackup(options: CreateBackupOptions): Promise<CreatedBackup> {
  const { database, archive, clock, events, actor, program } = options
  const migrations = await listMigrations(database)
  const startedAt = clock.now()
  const id = backupId(startedAt, options.idTail)
  // Two at once would copy the same bytes twice, and one could prune what the other counts on.
  await using hold = await StorageHold.take({ database, clock, id, reason: 'backup', alone: true })
  await claimArchive(archive)
  await deleteUnfinished(archive, startedAt)
  const tables = await database.snapshot((snapshot) => writeTables(snapshot, options, id))
  faultPoint('backup-after-tables')
  const copied = await copyBlobs({ ...options, tables, assertHeld: () => hold.assertHeld() })
  faultPoint('backup-before-manifest')
  const backup: Backup = {
    format: formatVersion,
    id,
    program,
    startedAt: new Date(startedAt).toISOString(),
    finishedAt: new Date(clock.now()).toISOString(),
    migrations,
    tables,
    blobs: { count: copied.count, bytes: copied.bytes, damaged: copied.damaged },
  }
  await writeBackup(archive, backup)
  await database.write(async (tx) => {
    await recordBackupRun(tx, {
      ...{ id, archive: archive.name, startedAt, finishedAt: Date.parse(backup.finishedAt) },
      ...{ blobs: copied.count, bytes: copied.bytes, newBytes: copied.newBytes, damaged: copied.damaged.length },
    })
    await events.record(tx, actor, { type: 'create_backup', backup: id, archive: archive.name })
  })
  const pruned = options.keep === undefined ? [] : await pruneBackups({ archive, keep: options.keep })
  return { backup, copied, pruned }
}

async function writeTables(
  snapshot: Snapshot,
  { database, archive, signal }: CreateBackupOptions,
  id: string,
): Promise<BackupTable[]> {
  const written: BackupTable[] = []
  for (const table of inOrderOfReference(await listTables(snapshot, database.dialect))) {
    if (leftOut.has(table.name)) continue
    signal?.throwIfAborted()
    const { name, columns, refersTo, numbered } = table
    const order = name === blobTable ? ' order by digest' : ''
    const names = columns.map((column) => quoted(column.name)).join(', ')
    // Manifests may have some megabytes each.
    const piece = columns.some(({ kind }) => kind === 'bytes') ? 16 : undefined
    const rows = snapshot.rows<Record<string, unknown>>(`select ${names} from ${quoted(name)}${order}`, [], piece)
    const file = await writeTableFile(archive, tableKey(id, name), columns, rows)
    written.push({
      name,
      columns: [...columns],
      refersTo: refersTo.filter((other) => other !== name && !leftOut.has(other)),
      ...(numbered === undefined ? {} : { numbered }),
      ...(file === undefined ? {} : { file }),
    })
  }
  return written
}

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`

/** Files that a killed process was writing. */
async function deleteUnfinished(archive: Archive, now: number): Promise<void> {
  const old: string[] = []
  for await (const { key, modifiedAt } of archive.list(unfinishedKey)) {
    if (modifiedAt < now - unfinishedAfterMs) old.push(key)
  }
  await archive.delete(old)
}
