import { existsSync, rmSync, writeFileSync } from 'node:fs'
import { randomBytes } from 'node:crypto'
import { dirname, join } from 'node:path'
import type { Config } from '../config/config.ts'
import type { Metrics } from '../http/ops/metrics.ts'
import type { BackgroundTask } from '../jobs/background.ts'
import type { Logger } from '../logging.ts'
import { StorageFull, type BlobStoreProbe } from '../storage/blob-store.ts'
import { volumeOf } from '../storage/volume.ts'

/**
 * SQLite cannot even be read without some room for its log and its index. A file of this size lies beside it, and is
 * given up when a registry is to start on a disk that another program has filled: pulls then go on.
 */
const reserveBytes = 2 << 20
const reserveName = 'berth.reserve'
/** With less than this the start is in danger. */
const scarceBytes = reserveBytes
/** Only where there is plenty is room taken for it again. */
const plentyBytes = 16 * reserveBytes
const lookEveryMs = 5_000

type Look = typeof volumeOf
type Log = Pick<Logger, 'warn' | 'error' | 'info'>

const folderOf = ({ database }: Pick<Config, 'database'>): string | undefined =>
  database.kind === 'sqlite' ? dirname(database.file) : undefined

/** Before the database is opened: gives the reserve up where hardly anything is free. */
export async function giveUpReserve(
  config: Pick<Config, 'database'>,
  logger: Log,
  look: Look = volumeOf,
): Promise<void> {
  const folder = folderOf(config)
  if (folder === undefined || !existsSync(join(folder, reserveName))) return
  const { freeBytes } = await look(folder)
  if (freeBytes >= scarceBytes) return
  rmSync(join(folder, reserveName), { force: true })
  logger.warn({ folder, freeBytes }, 'the disk is full: the reserve was given up, so that pulls go on; free some space')
}

/** Keeps the reserve, and says in the log and in the metrics when a disk becomes full and when it has room again. */
export function watchDisks(
  config: Pick<Config, 'database'>,
  services: {
    readonly store: BlobStoreProbe
    readonly metrics: Pick<Metrics, 'gauge'>
    readonly logger: Log
    /** One process of several keeps the reserve and says it. */
    readonly leads: boolean
    readonly look?: Look
  },
): BackgroundTask {
  const { store, metrics, logger, leads, look = volumeOf } = services
  const folder = folderOf(config)
  const state = { full: false, freeBytes: Number.NaN }
  metrics.gauge(
    'storage_full',
    'Whether the disk of the database or the store has no room for pushes.',
    () => Number(state.full),
    'same',
  )
  if (folder !== undefined) {
    metrics.gauge(
      'database_disk_free_bytes',
      'Free bytes of the disk with the SQLite file.',
      () => state.freeBytes,
      'same',
    )
  }
  return {
    name: 'watch-disks',
    runs: 'everywhere',
    intervalMs: lookEveryMs,
    async run() {
      if (folder !== undefined) state.freeBytes = (await look(folder)).freeBytes
      const isFull = state.freeBytes < scarceBytes || (await hasNoRoom(store))
      if (leads && folder !== undefined && state.freeBytes > plentyBytes) keepReserve(folder)
      if (isFull === state.full) return
      state.full = isFull
      if (!leads) return
      if (isFull)
        logger.error(
          { freeBytes: state.freeBytes },
          'the disk is full: pushes are refused, pulls go on; free some space',
        )
      else logger.info({ freeBytes: state.freeBytes }, 'the disk has room again: pushes are taken')
    },
  }
}

async function hasNoRoom(store: BlobStoreProbe): Promise<boolean> {
  try {
    await store.probe()
    return false
  } catch (error) {
    // Everything else fails `/ready`, which asks the same.
    return error instanceof StorageFull
  }
}

function keepReserve(folder: string): void {
  const file = join(folder, reserveName)
  // Bytes that no file system can press together or leave out.
  if (!existsSync(file)) writeFileSync(file, randomBytes(reserveBytes), { mode: 0o600 })
}
