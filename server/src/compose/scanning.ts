import { join } from 'node:path'
import type { Config } from '../config/config.ts'
import { AdvisoryGenerations } from '../domain/scanning/data/advisory-generations.ts'
import { ImportThreads } from '../domain/scanning/data/import-threads.ts'
import { LayerThreads } from '../domain/scanning/detection/layer-threads.ts'
import { ensureBuiltInScanner } from '../domain/scanning/scanners.ts'
import type { ScanServices } from '../jobs/scan-artifact.ts'
import type { Foundation } from './foundation.ts'

/** Of one process: pulls go first. */
const layersAtOnce = 2

export interface Scanning {
  readonly advisories: AdvisoryGenerations
  readonly importThreads: Pick<ImportThreads, 'import'>
  readonly readLayer: ScanServices['readLayer']
}

/** The vulnerability data of this registry, for servers and for commands. */
export function composeAdvisories(
  config: Config,
  { database, clock, events }: Pick<Foundation, 'database' | 'clock' | 'events'>,
): AdvisoryGenerations {
  return new AdvisoryGenerations({ database, clock, events, folder: join(config.dataFolder, 'vulnerability-data') })
}

/** The engine, and its registration among the scanners. */
export async function composeScanning(
  config: Config,
  foundation: Foundation,
  owned: AsyncDisposableStack,
): Promise<Scanning> {
  const { database, clock } = foundation
  await database.write((tx) => ensureBuiltInScanner(tx, clock))
  const threads = owned.use(new LayerThreads({ maxThreads: layersAtOnce }))
  return {
    advisories: owned.use(composeAdvisories(config, foundation)),
    importThreads: owned.use(new ImportThreads()),
    readLayer: (layer, signal) => threads.read(layer, signal),
  }
}
