import { join } from 'node:path'
import { ScannerClient } from '../clients/scanner/scanner-client.ts'
import type { Config } from '../config/config.ts'
import type { ContentServices } from '../domain/artifacts/content-services.ts'
import { ScanRobots } from '../domain/robots/scan-robots.ts'
import { ReportThreads } from '../domain/scanning/adapter/report-threads.ts'
import type { OpenScannerAdapter } from '../clients/scanner/scanner-adapter.ts'
import { AdvisoryGenerations } from '../domain/scanning/data/advisory-generations.ts'
import { ImportThreads } from '../domain/scanning/data/import-threads.ts'
import { LayerThreads } from '../domain/scanning/detection/layer-threads.ts'
import { BomThreads, type ReadBomStream } from '../domain/scanning/sboms/bom-threads.ts'
import { ensureBuiltInScanner } from '../domain/scanning/scanners.ts'
import { composeAdapterEngine } from '../jobs/adapter-engine.ts'
import type { BuiltInEngineServices } from '../jobs/built-in-engine.ts'
import type { ScanEngine } from '../jobs/scan-engine.ts'
import type { Accounts } from './accounts.ts'
import type { Foundation } from './foundation.ts'

/** Of one process: pulls go first. */
const layersAtOnce = 2

export interface Scanning {
  readonly advisories: AdvisoryGenerations
  readonly importThreads: Pick<ImportThreads, 'import'>
  readonly readLayer: BuiltInEngineServices['readLayer']
  readonly readBom: ReadBomStream
  readonly adapters: ScanEngine
  readonly scansArePulls: () => Promise<boolean>
}

/** The vulnerability data of this registry, for servers and for commands. */
export function composeAdvisories(
  config: Config,
  { database, clock, events }: Pick<Foundation, 'database' | 'clock' | 'events'>,
): AdvisoryGenerations {
  return new AdvisoryGenerations({ database, clock, events, folder: join(config.dataFolder, 'vulnerability-data') })
}

/** The client of adapters, which an administrator entered the addresses of. */
export function composeOpenScannerAdapter({ outbound }: Config): OpenScannerAdapter {
  return (address) => new ScannerClient({ address, allowLocal: outbound.allowLocal })
}

/** The engine with its registration among the scanners, and the adapters beside it. */
export async function composeScanning(
  config: Config,
  foundation: Foundation,
  { accounts, content, owned }: ScanningServices,
): Promise<Scanning> {
  const { database, clock } = foundation
  await database.write((tx) => ensureBuiltInScanner(tx, clock))
  const threads = owned.use(new LayerThreads({ maxThreads: layersAtOnce }))
  return {
    advisories: owned.use(composeAdvisories(config, foundation)),
    importThreads: owned.use(new ImportThreads()),
    readLayer: (layer, signal) => threads.read(layer, signal),
    readBom: owned.use(new BomThreads()).read,
    adapters: composeAdapters(config, foundation, { accounts, content, owned }),
    scansArePulls: async () => !(await accounts.settings.getSettings()).scanner_skip_update_pulltime,
  }
}

interface ScanningServices {
  readonly accounts: Pick<Accounts, 'settings' | 'tokens'>
  readonly content: Pick<ContentServices, 'admit' | 'manifests'>
  readonly owned: AsyncDisposableStack
}

function composeAdapters(
  config: Config,
  { database, clock, secrets }: Foundation,
  { accounts: { settings, tokens }, content: { admit, manifests }, owned }: ScanningServices,
): ScanEngine {
  const reports = owned.use(new ReportThreads())
  return composeAdapterEngine({
    ...{ database, clock, secrets, admit, manifests, tokens },
    scanRobots: new ScanRobots({
      database,
      clock,
      settings: async () => ({ prefix: (await settings.getSettings()).robot_name_prefix }),
    }),
    openAdapter: composeOpenScannerAdapter(config),
    readReport: reports.read,
    registryUrl: ({ internal }) => registryUrlOf(config, internal),
  })
}

/** Where adapters pull from: as the settings say, or by the name and port that clients use. */
function registryUrlOf(
  { internalUrl, externalUrl, hostname, http, https }: Config,
  internal: boolean,
): string | undefined {
  const said = internal ? (internalUrl ?? externalUrl) : externalUrl
  if (said !== undefined || hostname === undefined) return said
  if (https !== undefined) return `https://${hostname}:${https.port}`
  return http === undefined ? undefined : `http://${hostname}:${http.port}`
}
