import { dirname } from 'node:path'
import type { Config } from '../config/config.ts'
import { fact, type Sample } from '../http/ops/families.ts'
import type { Metrics } from '../http/ops/metrics.ts'
import type { Logger } from '../logging.ts'
import { volumeOf, type Volume } from '../storage/volume.ts'

const lookEveryMs = 15_000

/** Folders of this machine that the registry fills, by what lies there. */
export function foldersOf({ database, storage }: Pick<Config, 'database' | 'storage'>): ReadonlyMap<string, string> {
  return new Map([
    ...(database.kind === 'sqlite' ? [['database', dirname(database.file)] as const] : []),
    ...(storage.kind === 'filesystem' ? [['storage', storage.folder] as const] : []),
  ])
}

export interface DiskServices {
  readonly metrics: Pick<Metrics, 'collect'>
  readonly logger: Pick<Logger, 'info'>
  readonly owned: AsyncDisposableStack
  /** One line is enough for all workers. */
  readonly leads: boolean
}

/** Says at the start how much room the disks have, and tells the metrics again and again. */
export async function measureDisks(
  config: Pick<Config, 'database' | 'storage'>,
  services: DiskServices,
): Promise<void> {
  const { metrics, logger, owned, leads } = services
  const folders = foldersOf(config)
  if (folders.size === 0) return
  let volumes: readonly (readonly [place: string, volume: Volume])[] = []
  const look = async () => {
    volumes = await Promise.all([...folders].map(async ([place, folder]) => [place, await volumeOf(folder)] as const))
  }
  await look()
  if (leads) {
    const disks = volumes.map(([place, { freeBytes, totalBytes }]) => ({ place, freeBytes, totalBytes }))
    logger.info({ disks }, 'disks')
  }
  metrics.collect(() => [
    fact('berth_disk_free_bytes', 'Bytes that may still be written.', ...samplesOf(({ freeBytes }) => freeBytes)),
    fact('berth_disk_total_bytes', 'Size of the disk.', ...samplesOf(({ totalBytes }) => totalBytes)),
  ])
  // A folder that cannot be looked at fails /ready, which asks for more.
  const timer = setInterval(() => void look().catch(() => {}), lookEveryMs).unref()
  owned.defer(() => clearInterval(timer))

  function samplesOf(valueOf: (volume: Volume) => number): Sample[] {
    return volumes.map(([place, volume]) => [{ place }, valueOf(volume)] as const)
  }
}
