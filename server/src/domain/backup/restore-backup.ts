import type { Digest } from '#contract/digest.ts'
import type { Database } from '../../database/database.ts'
import { migrate, migrationsNamed } from '../../database/migrate.ts'
import { faultPoint } from '../../runtime/fault-points.ts'
import type { BlobLocation, BlobStore } from '../../storage/blob-store.ts'
import { isQuarantined } from '../../storage/layout.ts'
import type { Archive } from '../../storage/archive/archive.ts'
import type { Actor } from '../access/actor.ts'
import type { Clock } from '../clock.ts'
import { listDamaged, recordDamage } from '../content/blob-damage.ts'
import type { PlacedBlob } from '../content/blob-rows.ts'
import { DomainError } from '../errors.ts'
import { renewEpoch } from '../events/event-log-head.ts'
import type { Events } from '../events/events.ts'
import type { OnBlob } from './blob-progress.ts'
import { blobTable, getBackup, type Backup } from './backup-format.ts'
import { forEachAtOnce } from '../../runtime/for-each-at-once.ts'
import { copiesAtOnce } from './copy-blobs.ts'
import { fetchBlob, uploadOf } from './fetch-blob.ts'
import {
  beginRestore,
  deleteRows,
  endRestore,
  findUnfinishedRestore,
  insertInto,
  insertRows,
  isEmptyDatabase,
  knownDigests,
  setNumbers,
} from './restored-rows.ts'
import { assertTableFile, readTableFile, type Value } from './table-files.ts'
import { BytesDiffer } from './verified-bytes.ts'

export interface RestoreOptions {
  /** Not migrated: its tables come from the backup. */
  readonly database: Database
  readonly store: BlobStore
  readonly archive: Archive
  /** Undefined: the newest backup. */
  readonly backupId?: string | undefined
  readonly clock: Clock
  readonly events: Events
  readonly actor: Actor
  readonly onRestored?: OnBlob
}

export interface Restored {
  readonly backup: Backup
  readonly blobs: number
  readonly bytes: number
  readonly rows: number
  /** Blobs of which there are no good bytes: a push of them heals. */
  readonly damaged: readonly Digest[]
}

/**
 * Whether the backup can be restored here: its tables are whole and known to this version, and the place is empty, or
 * holds the beginning of the same restore. @throws DomainError
 */
export async function prepareRestore(options: RestoreOptions): Promise<{ backup: Backup; resumed: boolean }> {
  const { database, store, archive } = options
  const backup = await getBackup(archive, options.backupId)
  migrationsNamed(backup.migrations)
  for (const table of backup.tables) await assertTableFile(archive, table)
  const unfinished = await findUnfinishedRestore(database)
  if (unfinished === backup.id) return { backup, resumed: true }
  if (unfinished !== undefined) {
    throw new DomainError(
      'CONFLICT',
      `a restore of backup ${unfinished} was begun here and not finished: go on with that one, or empty database and store`,
    )
  }
  if (!(await isEmptyDatabase(database))) {
    throw new DomainError('CONFLICT', 'the database is not empty: a backup is restored into an empty place only')
  }
  for await (const { location } of store.walk()) {
    throw new DomainError(
      'CONFLICT',
      `the blob store is not empty (${location}): a backup is restored into an empty place only`,
    )
  }
  return { backup, resumed: false }
}

/**
 * Puts a backup into an empty database and an empty store. Bytes before rows; until the last row is there no server
 * starts on it, and after an interruption the same command goes on where this one ended.
 * @throws DomainError as `prepareRestore`
 */
export async function restoreBackup(options: RestoreOptions): Promise<Restored> {
  const { database, archive, clock, events, actor } = options
  const { backup, resumed } = await prepareRestore(options)
  if (!resumed) await beginRestore(database, backup, clock)
  const blobs = await restoreBlobs(options, backup)
  faultPoint('restore-after-blobs')
  const others = backup.tables.filter(({ name }) => name !== blobTable)
  // Bytes of an interrupted run.
  await database.write((tx) => deleteRows(tx, others))
  let rows = 0
  for (const table of others) {
    for await (const piece of readTableFile(archive, table)) {
      await insertRows(database, table, piece)
      rows += piece.length
    }
  }
  await setNumbers(database, backup.tables)
  faultPoint('restore-after-rows')
  await endRestore(database, backup)
  await migrate(database, { clock })
  await database.write(async (tx) => {
    await renewEpoch(tx)
    await events.record(tx, actor, { type: 'restore_backup', backup: backup.id, archive: archive.name })
  })
  return { backup, rows, ...blobs }
}

/** Rows wait for so many blobs, or for the end. */
const blobsPerWrite = 64

/** Writes bytes and then rows of blobs, some at a time. A blob with a row is done. */
async function restoreBlobs(
  options: RestoreOptions,
  backup: Backup,
): Promise<{ blobs: number; bytes: number; damaged: readonly Digest[] }> {
  const { database, archive, clock, onRestored } = options
  const table = backup.tables.find(({ name }) => name === blobTable)
  if (table === undefined) return { blobs: 0, bytes: 0, damaged: [] }
  const column = (wanted: string) => table.columns.findIndex(({ name }) => name === wanted)
  const places = { digest: column('digest'), size: column('size'), location: column('location') }
  let blobs = 0
  let bytes = 0
  for await (const group of groupsOf(readTableFile(archive, table))) {
    const digests = group.map((row) => String(row[places.digest]))
    const known = await knownDigests(database, digests)
    const rows: Value[][] = []
    const damaged: PlacedBlob[] = []
    await forEachAtOnce(each(group.filter((_, index) => !known.has(digests[index]!))), copiesAtOnce, async (row) => {
      const blob = { digest: row[places.digest] as Digest, size: row[places.size] as number }
      const location = await placeOf(options, backup, blob)
      faultPoint('restore-after-blob')
      if (isQuarantined(location)) damaged.push({ ...blob, location })
      const placed = row.slice()
      placed[places.location] = location
      rows.push(placed)
    })
    await database.write(async (tx) => {
      await insertInto(tx, table, rows)
      for (const blob of damaged) await recordDamage(tx, blob, 'missing', clock.now(), true)
    })
    blobs += group.length
    bytes += group.reduce((sum, row) => sum + (row[places.size] as number), 0)
    onRestored?.({ count: blobs, total: table.file?.lines ?? 0, bytes, totalBytes: backup.blobs.bytes })
  }
  return { blobs, bytes, damaged: await listDamaged(database) }
}

/**
 * The location of the blob now. Without good bytes the blob stays known, in quarantine: it is not served, and a push
 * heals it.
 */
async function placeOf(
  options: RestoreOptions,
  backup: Backup,
  blob: { readonly digest: Digest; readonly size: number },
): Promise<BlobLocation> {
  const { store } = options
  const upload = uploadOf(backup.id, blob.digest)
  try {
    if (backup.blobs.damaged.every(({ digest }) => digest !== blob.digest))
      return await fetchBlob(options, upload, blob)
  } catch (error) {
    if (!(error instanceof BytesDiffer)) throw error
  }
  const nothing = await store.commit(upload, blob.digest, 0)
  await store.setAside(nothing)
  return store.quarantineOf(nothing)
}

async function* groupsOf(pieces: AsyncIterable<Value[][]>): AsyncGenerator<Value[][]> {
  for await (const piece of pieces) {
    for (let start = 0; start < piece.length; start += blobsPerWrite) yield piece.slice(start, start + blobsPerWrite)
  }
}

async function* each<T>(items: readonly T[]): AsyncGenerator<T> {
  yield* items
}
