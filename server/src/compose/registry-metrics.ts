import type { Config } from '../config/config.ts'
import { measureProjects, type ProjectMeasures } from '../domain/measures/measure-projects.ts'
import { measureRegistry, type RegistryMeasures } from '../domain/measures/measure-registry.ts'
import { exporterFamilies, type HarborFacts } from '../http/ops/harbor-metrics.ts'
import { gaugeFamily } from '../http/ops/families.ts'
import type { Metrics } from '../http/ops/metrics.ts'
import { usableParts, type Checks, type Probes } from '../http/ops/probes.ts'
import { registryFamilies } from '../http/ops/registry-metrics.ts'
import type { Logger } from '../logging.ts'
import { version } from '../version.ts'
import { timeRead } from './measured-database.ts'
import type { Foundation } from './foundation.ts'

const lookEveryMs = 5_000
/** A hundredth of the database's time is enough for what takes long to count. */
const restTimes = 100

export interface RegistryMetricsServices {
  readonly foundation: Pick<Foundation, 'database' | 'clock'>
  readonly metrics: Metrics
  readonly logger: Pick<Logger, 'warn'>
  readonly owned: AsyncDisposableStack
  readonly probes: Pick<Probes, 'check'>
  readonly isDraining: () => boolean
  readonly process: { readonly id: string }
  /** One of several workers reads what the registry holds, for all. */
  readonly leads: boolean
  readonly signInSettings: () => Promise<{ readonly authMode: string; readonly selfRegistration: boolean }>
}

/** Whoever may read the metrics may know which projects there are: metrics that everybody reads name public ones alone. */
const areClosed = ({ metrics }: Config): boolean => metrics.token !== undefined || metrics.listen !== undefined

interface Found {
  readonly registry: RegistryMeasures
  readonly projects: readonly ProjectMeasures[]
  readonly system: HarborFacts['system']
}

/** Reads again and again what the registry holds and whether it can be used, for the metrics. */
export function startMeasuring(config: Config, services: RegistryMetricsServices): void {
  if (!config.metrics.enabled) return
  const { metrics, owned, isDraining, leads } = services
  const state: { checks?: Checks; readSeconds?: number; found?: Found } = {}
  metrics.collect(() => ownFamilies(state, isDraining()))
  metrics.collect(() => (state.found === undefined ? [] : registryFamilies(state.found.registry)))
  metrics.collectHarbor('exporter', () =>
    state.found === undefined || state.checks === undefined
      ? []
      : exporterFamilies({
          ...state.found,
          projects: state.found.projects.filter((project) => project.public || areClosed(config)),
          components: componentsOf(state.checks),
          pool: { id: services.process.id, concurrency: config.jobs.concurrency },
        }),
  )
  // Apart from each other: readiness is told also while a database that hangs is waited for, or much is counted.
  repeat(owned, async () => void (state.checks = await services.probes.check()))
  repeat(owned, async () => void (state.readSeconds = await timeRead(services.foundation.database)))
  if (leads) repeat(owned, async () => void (state.found = await measure(services)), restTimes)
}

/** Looks again and again, and rests after each look `restTimes` as long as it took. */
function repeat(owned: AsyncDisposableStack, look: () => Promise<void>, restTimes = 0): void {
  let timer: ReturnType<typeof setTimeout> | undefined
  let closed = false
  const round = async () => {
    const startedAt = performance.now()
    try {
      await look()
    } catch {
      // The database is away: /ready says so, and the facts keep the time at which they were read.
    }
    const took = performance.now() - startedAt
    if (!closed) timer = setTimeout(() => void round(), Math.max(lookEveryMs, took * restTimes)).unref()
  }
  const first = round()
  owned.defer(async () => {
    closed = true
    clearTimeout(timer)
    await first
  })
}

async function measure({ foundation, signInSettings }: RegistryMetricsServices): Promise<Found> {
  const registry = await measureRegistry(foundation.database, foundation.clock.now())
  const projects = await measureProjects(foundation.database)
  return { registry, projects, system: { ...(await signInSettings()), version } }
}

function ownFamilies(
  { checks, readSeconds }: { readonly checks?: Checks; readonly readSeconds?: number },
  draining: boolean,
) {
  const usable = checks === undefined ? undefined : usableParts(checks)
  const isReady = usable?.database === true && usable.storage && !draining
  return [
    gaugeFamily('berth_ready', 'Whether this process can serve, as /ready says.', 'each', [[{}, Number(isReady)]]),
    gaugeFamily('berth_draining', 'Whether this process is about to end.', 'each', [[{}, Number(draining)]]),
    ...(checks === undefined
      ? []
      : [
          gaugeFamily('berth_check_ok', 'Whether a part works, as /ready says.', 'each', [
            [{ part: 'database' }, Number(checks.database === 'ok')],
            [{ part: 'storage' }, Number(checks.storage === 'ok')],
          ]),
        ]),
    ...(readSeconds === undefined
      ? []
      : [gaugeFamily('berth_database_read_seconds', 'Time of the last probing read.', 'each', [[{}, readSeconds]])]),
  ]
}

/** As `GET /api/v2.0/health` has them. */
function componentsOf(checks: Checks): HarborFacts['components'] {
  const { database, storage } = usableParts(checks)
  return [
    ['core', true],
    ['database', database],
    ['jobservice', database],
    ['registry', storage],
  ]
}
