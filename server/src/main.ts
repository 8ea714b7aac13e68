import { hostname } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { composeAccounts } from './compose/accounts.ts'
import { followBackupSchedule } from './compose/backup-schedule.ts'
import { watchCertificateEnd } from './compose/certificate-end.ts'
import { composeCertificates } from './compose/certificates.ts'
import { composeContent, composeOciServices } from './compose/content.ts'
import { measureDisks } from './compose/disks.ts'
import { openFoundation } from './compose/foundation.ts'
import { composeHttp } from './compose/http.ts'
import { composePlainAnswer } from './compose/plain-answer.ts'
import { openListeners, urlsOf } from './compose/listeners.ts'
import { startMeasuring } from './compose/registry-metrics.ts'
import { shareOfWorker } from './compose/processes.ts'
import { composeProxyCache } from './compose/proxy-cache.ts'
import { composeScanning } from './compose/scanning.ts'
import { composeOpenUpstream } from './compose/upstreams.ts'
import { followSignals } from './compose/signals.ts'
import { startBackground, startJobs } from './compose/work.ts'
import type { Config } from './config/config.ts'
import { PullRecorder } from './domain/artifacts/pull-recorder.ts'
import { RefusalLog } from './domain/pull-policies/refusal-log.ts'
import { Counter } from './http/ops/counter.ts'
import { StorageUsage } from './domain/content/storage-usage.ts'
import { PullNotices } from './domain/webhooks/pull-notices.ts'
import { currentOrigin } from './domain/request-origin.ts'
import { asDomainError } from './http/oci/error-response.ts'
import { Metrics } from './http/ops/metrics.ts'
import { composeProbes } from './http/ops/probes.ts'
import { ProxyMetrics } from './http/ops/proxy-metrics.ts'
import { EventStreams } from './http/server-sent-events.ts'
import type { Logger, Logging } from './logging.ts'
import { newProcessMark } from './runtime/process-mark.ts'
import type { WorkerLink } from './workers/worker-link.ts'

export interface RunningRegistry {
  /** The addresses of the registry, the safest first. */
  readonly urls: readonly string[]
  /** Whether the administrator still has the password that every reader of the manual knows. */
  readonly defaultPasswordStands: boolean
  /** Finishes what is being answered, at most for the configured time, and closes everything. */
  stop(): Promise<void>
}

/**
 * Starts a registry and returns when it can be used.
 * @throws the first error that keeps it from starting, after closing everything again
 */
export async function startRegistry(config: Config, logging: Logging, worker?: WorkerLink): Promise<RunningRegistry> {
  const owned = new AsyncDisposableStack()
  try {
    const own = worker === undefined ? config : shareOfWorker(config, worker)
    return await start(own, logging, owned, worker)
  } catch (error) {
    await owned.disposeAsync()
    throw error
  }
}

async function start(
  config: Config,
  logging: Logging,
  owned: AsyncDisposableStack,
  worker: WorkerLink | undefined,
): Promise<RunningRegistry> {
  const { logger } = logging
  const metrics = composeMetrics(worker, owned)
  const foundation = await openFoundation(config, logger, owned, { metrics, worker })
  const accounts = await composeAccounts(config, { ...foundation, logger, metrics })
  // Each process looks for itself, so that each fails its own /ready.
  const onDamaged = () => void foundation.database.checkPages().catch(() => {})
  const certificates = composeCertificates(config, foundation, { logger })
  followSignals(foundation.signals, { ...accounts, onDamaged, onCertificate: certificates.look })
  const violations = new Counter(
    'berth_policy_violations_total',
    'Pulls that a policy did not want, by mode and cause.',
  )
  metrics.collect(() => [violations.family()])
  const count = (mode: string, cause: string) => violations.add({ mode, cause })
  const refusals = new RefusalLog({ ...foundation, count })
  const content = composeContent(config, foundation, refusals)
  const pulls = new PullRecorder(foundation.database)
  const pullNotices = new PullNotices(foundation)
  const proxyMetrics = new ProxyMetrics()
  metrics.collect(() => proxyMetrics.families())
  const proxyCache = owned.use(
    composeProxyCache(foundation, {
      ...{ content, registries: accounts.registries, meter: proxyMetrics, logger },
      openUpstream: composeOpenUpstream(config),
    }),
  )
  const oci = proxyCache.inFrontOf(composeOciServices(config, content, { pulls, pullNotices, ...accounts }))
  const usage = new StorageUsage(foundation)
  const { database } = foundation
  metrics.gauge('database_damaged', 'Processes that have met damaged pages of the database.', () =>
    database.damage() === undefined ? 0 : 1,
  )
  const eventStreams = new EventStreams()
  let draining = false

  const leads = worker === undefined || worker.number === 1
  const work = { foundation, process: thisProcess(), logger, owned, leads }
  await startBackground(config, work, {
    ...{ content, pulls, pullNotices, refusals, accounts, usage, metrics, proxyCache, certificates },
  })
  await followBackupSchedule(config, foundation)
  const scanning = await composeScanning(config, foundation, { accounts, content, owned })
  const jobKinds = await startJobs(config, work, { content, scanning, accounts, metrics })

  metrics.add('unhandled_errors', 0, 'Requests that failed with an error that nobody foresaw.')
  const onError = (error: unknown) => {
    if (asDomainError(error) === undefined) metrics.add('unhandled_errors', 1)
    logger.error({ error, requestId: currentOrigin()?.requestId }, 'request failed')
  }
  const isDraining = () => draining
  const probes = composeProbes({ ...foundation, isDraining })
  const answer = composeHttp(config, {
    ...{ foundation, accounts, content, oci, usage, jobKinds, eventStreams, advisories: scanning.advisories },
    ...{ metrics, logging, probes, onError, certificates },
  })
  startMeasuring(config, {
    ...{ foundation, metrics, logger, owned, probes, isDraining, process: work.process, leads },
    signInSettings: async () => {
      const { auth_mode: authMode, self_registration: selfRegistration } = await accounts.settings.getSettings()
      return { authMode: String(authMode), selfRegistration: selfRegistration === true }
    },
  })
  await measureDisks(config, { metrics, logger, owned, leads })
  const { provider } = certificates
  await watchCertificateEnd(provider, { clock: foundation.clock, logger, metrics, owned, leads })
  const listeners = await openListeners(config, answer, {
    ...{ logging, onError, metrics, owned, worker, certificate: provider },
    answerPlain: composePlainAnswer(answer, certificates.acme),
  })

  return {
    urls: urlsOf(config, listeners),
    defaultPasswordStands: await accounts.defaultPasswordStands(),
    async stop() {
      draining = true
      await sleep(config.drainDelayMs)
      eventStreams[Symbol.dispose]()
      const clean = await Promise.all(listeners.map((listener) => listener.stop(config.drainTimeoutMs)))
      if (clean.includes(false)) logger.warn('requests were cut off: they took longer than the drain timeout')
      await flushLast(logger, 'the last pull counts were lost', pulls)
      await flushLast(logger, 'the last pulls are missing in the audit log', accounts.pullAudit)
      await flushLast(logger, 'the last counts of proxy projects were lost', proxyCache.traffic)
      await flushLast(logger, 'webhooks were not told of the last pulls', pullNotices)
      await flushLast(logger, 'the last refusals of policies are missing in the audit log', refusals)
      await owned.disposeAsync()
    },
  }
}

/** With several workers, each one answers for all. */
function composeMetrics(worker: WorkerLink | undefined, owned: AsyncDisposableStack): Metrics {
  if (worker === undefined) return new Metrics()
  const metrics = new Metrics({ number: worker.number, metricsOfOthers: () => worker.metricsOfOthers() })
  owned.defer(worker.keepMetrics(() => metrics.families()))
  return metrics
}

function thisProcess(): { readonly id: string; readonly host: string; readonly pid: number } {
  const { pid } = process
  const host = hostname()
  return { id: newProcessMark(), host, pid }
}

async function flushLast(logger: Logger, loss: string, gathered: { flush(): Promise<void> }): Promise<void> {
  await gathered.flush().catch((error: unknown) => logger.error({ error }, loss))
}
