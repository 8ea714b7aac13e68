import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import {
  backgroundTasks,
  collectorOf,
  composeAccounts,
  composeBlobStore,
  composeOciServices,
  composeSignals,
  followSignals,
  openDatabase,
} from './compose.ts'
import { composeHarborServices } from './compose/harbor-services.ts'
import type { Config } from './config/config.ts'
import { sampleActivity } from './domain/activity/samples.ts'
import { systemClock } from './domain/clock.ts'
import { Jobs } from './domain/jobs/jobs.ts'
import { StorageUsage } from './domain/content/storage-usage.ts'
import { composeCsrf } from './http/csrf.ts'
import { asDomainError, errorResponse } from './http/oci/error-response.ts'
import { composeOciRouter } from './http/oci/oci-router.ts'
import { harborErrorOf } from './http/harbor/frame/harbor-error.ts'
import { composeHarborRouter } from './http/harbor/frame/harbor-router.ts'
import { harborRoutes } from './http/harbor/routes.ts'
import { Metrics } from './http/ops/metrics.ts'
import { composeProbes } from './http/ops/probes.ts'
import { composeClientFacts } from './http/origin.ts'
import { composeHttpsRedirect } from './http/redirect-to-https.ts'
import { composeRequestLog } from './http/request-log.ts'
import { composeRouter, type Exchange } from './http/router.ts'
import { EventStreams } from './http/server-sent-events.ts'
import { composeSessionEndpoints } from './http/session/session-endpoints.ts'
import { composeConsole } from './http/ui/console.ts'
import { readTlsPair, watchTlsFiles } from './http/tls-reload.ts'
import { Background } from './jobs/background.ts'
import { composeJobKinds } from './jobs/kinds.ts'
import { JobWorker } from './jobs/worker.ts'
import type { Logging } from './logging.ts'
import { listen, type Connection, type Listener } from './runtime/listener.ts'

export interface RunningRegistry {
  /** Where it can be reached, the safest first. */
  readonly urls: readonly string[]
  /** Whether the administrator still has the password that every reader of the manual knows. */
  readonly defaultPasswordStands: boolean
  /** Finishes what is being answered, at most for the configured time, and closes everything. */
  stop(): Promise<void>
}

const pullFlushMs = 5_000
const sampleMs = 60_000

/**
 * Starts a registry and returns when it can be used.
 * @throws whatever keeps it from starting, with everything closed again
 */
export async function startRegistry(config: Config, logging: Logging): Promise<RunningRegistry> {
  const { logger } = logging
  const clock = systemClock
  const owned = new AsyncDisposableStack()
  try {
    const database = owned.use(await openDatabase(config, clock))
    const store = owned.use(await composeBlobStore(config))
    const onSignalError = (error: unknown) => logger.warn({ error }, 'other replicas are not heard; tried again')
    const signals = owned.use(composeSignals(config, onSignalError))
    const accounts = await composeAccounts(config, { database, clock, signals })
    followSignals(signals, accounts)
    const { pullAudit } = accounts
    const services = { ...composeOciServices(config, { database, store, clock }), pullAudit }
    const usage = new StorageUsage({ database, clock })
    const metrics = new Metrics()
    const facts = composeClientFacts(config)
    const eventStreams = new EventStreams()
    let draining = false

    const processId = `${hostname()}:${process.pid}:${randomUUID()}`
    const background = new Background({
      database,
      clock,
      holder: processId,
      onError: (task, error) => logger.error({ task, error }, 'background task failed; it is tried again'),
    })
    owned.use(background)
    background.start([
      { name: 'flush-pulls', runs: 'everywhere', intervalMs: pullFlushMs, run: () => services.pulls.flush() },
      {
        name: 'sample-activity',
        runs: 'once',
        intervalMs: sampleMs,
        run: () => sampleActivity({ database, clock, usage }),
      },
      { name: 'flush-pull-audit', runs: 'everywhere', intervalMs: pullFlushMs, run: () => pullAudit.flush() },
      ...backgroundTasks(config, services, {
        sessions: accounts.sessions,
        store,
        onCollected: (collected) => {
          metrics.add('gc_blobs_deleted', collected.blobs)
          metrics.add('gc_bytes_freed', collected.freedBytes)
          if (collected.blobs + collected.links > 0) logger.info({ ...collected }, 'garbage collected')
        },
      }),
    ])

    const jobKinds = composeJobKinds({
      ...services,
      store,
      collector: collectorOf(config, services, store),
      settings: config,
    })
    const worker = new JobWorker({
      database,
      clock,
      kinds: jobKinds,
      process: { id: processId, host: hostname(), pid: process.pid },
      ...config.jobs,
      onError: (doing, error) => logger.error({ doing, error }, 'work on jobs failed; it is tried again'),
      onEnded: ({ job: { id, kind, attempt }, outcome, error }) =>
        logger[error === undefined ? 'info' : 'warn']({ job: id, kind, attempt, error }, `job ${outcome}`),
    })
    owned.use(worker)
    await worker.start()

    const onError = (error: unknown) => logger.error({ error }, 'request failed')
    const probes = composeProbes({ database, store, clock, isDraining: () => draining })
    const writeRequestLine = composeRequestLog(logging)
    const jobs = new Jobs({ database, clock, kinds: jobKinds.map(({ name }) => name) })
    const health = async () => {
      const checks = await probes.check()
      return { database: checks.database === 'ok', storage: checks.storage !== 'failed' }
    }
    const harborServices = composeHarborServices(config, {
      ...{ database, clock, accounts, content: services, jobs, eventStreams, usage },
      system: { originOf: facts.originOf, health },
    })
    const router = composeRouter({
      authenticate: accounts.authenticate,
      authenticateBrowser: accounts.authenticateBrowser,
      csrf: composeCsrf(facts),
      session: composeSessionEndpoints({ ...accounts, originOf: facts.originOf }),
      token: accounts.token,
      oci: composeOciRouter({ services, tokenService: config.token.service, originOf: facts.originOf, onError }),
      api: composeHarborRouter({ services: harborServices, routes: harborRoutes, onError }),
      ops: {
        health: probes.health,
        ready: probes.ready,
        ...(config.metrics.enabled && config.metrics.listen === undefined ? { metrics: () => metrics.respond() } : {}),
      },
      metricsPath: config.metrics.path,
      clientAddressOf: facts.clientAddressOf,
      newRequestId: randomUUID,
      welcome: () => 'Berth, a container registry. Images are under /v2/; sign in with: docker login\n',
      console: composeConsole(),
      errorResponse: (error, route) => {
        const known = asDomainError(error)
        if (known === undefined) return undefined
        return route === 'api' ? harborErrorOf(known) : errorResponse(error)
      },
      onError,
      onAnswered: (exchange: Exchange) => {
        metrics.observe(exchange)
        writeRequestLine(exchange)
      },
    })

    const listeners = await openListeners(config, router, { logging, onError, metrics, owned })
    const inFlight = () => listeners.reduce((sum, listener) => sum + listener.inFlight(), 0)
    metrics.gauge('http_requests_in_flight', 'Requests being answered now.', inFlight)

    return {
      urls: urlsOf(config, listeners),
      defaultPasswordStands: await accounts.defaultPasswordStands(),
      async stop() {
        draining = true
        eventStreams[Symbol.dispose]()
        const clean = await Promise.all(listeners.map((listener) => listener.stop(config.drainTimeoutMs)))
        if (clean.includes(false)) logger.warn('requests were cut off: they took longer than the drain timeout')
        await services.pulls
          .flush()
          .catch((error: unknown) => logger.error({ error }, 'the last pull counts were lost'))
        await pullAudit
          .flush()
          .catch((error: unknown) => logger.error({ error }, 'the last pulls are missing in the audit log'))
        await owned.disposeAsync()
      },
    }
  } catch (error) {
    await owned.disposeAsync()
    throw error
  }
}

type Answer = (request: Request, connection: Connection) => Response | Promise<Response>

interface ListenerServices {
  readonly logging: Logging
  readonly onError: (error: unknown) => void
  readonly metrics: Metrics
  readonly owned: AsyncDisposableStack
}

/** HTTPS when it is configured, HTTP beside it as a redirect or alone, and the port of the metrics. */
async function openListeners(config: Config, answer: Answer, services: ListenerServices): Promise<Listener[]> {
  const { onError, owned, metrics } = services
  const listeners: Listener[] = []
  const open = async (options: Parameters<typeof listen>[0]) => {
    const listener = await listen(options)
    owned.defer(async () => void (await listener.stop(0)))
    listeners.push(listener)
    return listener
  }
  if (config.https !== undefined) {
    const files = config.https
    const pair = await readTlsPair(files)
    const listener = await open({ host: files.host, port: files.port, tls: pair, fetch: answer, onError })
    const { logger } = services.logging
    owned.defer(
      watchTlsFiles({
        ...files,
        current: pair,
        onChange: (changed) => {
          listener.replaceCertificate(changed)
          logger.info('the certificate was replaced')
        },
        onRefused: (error) => logger.error({ error }, 'the new certificate cannot be used; the old one stays'),
      }),
    )
    if (config.http !== undefined) {
      const redirect = composeHttpsRedirect({ externalUrl: config.externalUrl, httpsPort: listener.port })
      await open({ ...config.http, fetch: redirect, onError })
    }
  } else if (config.http !== undefined) {
    await open({ ...config.http, fetch: answer, onError })
  }
  if (config.metrics.enabled && config.metrics.listen !== undefined) {
    await open({
      ...config.metrics.listen,
      fetch: (request) =>
        new URL(request.url).pathname === config.metrics.path
          ? metrics.respond()
          : new Response('not found\n', { status: 404 }),
      onError,
    })
  }
  return listeners
}

function urlsOf(config: Config, listeners: readonly Listener[]): string[] {
  const own = listeners
    .slice(0, config.http !== undefined && config.https !== undefined ? 2 : 1)
    .map(({ secure, host, port }) => {
      const name = config.hostname ?? (host === '0.0.0.0' || host === '::' ? 'localhost' : host)
      const usual = secure ? 443 : 80
      return `${secure ? 'https' : 'http'}://${name.includes(':') ? `[${name}]` : name}${port === usual ? '' : `:${port}`}`
    })
  return config.externalUrl === undefined
    ? own
    : [config.externalUrl, ...own.filter((url) => url !== config.externalUrl)]
}
