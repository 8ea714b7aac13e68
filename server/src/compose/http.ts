import { randomUUID } from 'node:crypto'
import type { Config } from '../config/config.ts'
import type { ContentServices } from '../domain/artifacts/content-services.ts'
import type { StorageUsage } from '../domain/content/storage-usage.ts'
import { Jobs } from '../domain/jobs/jobs.ts'
import { Mirrors } from '../domain/proxy-cache/mirrors.ts'
import { currentOrigin } from '../domain/request-origin.ts'
import { composeCaDoors } from '../http/ca/ca-doors.ts'
import { RateBound } from '../http/ca/rate-bound.ts'
import { composeCsrf } from '../http/csrf.ts'
import { harborErrorOf } from '../http/harbor/frame/harbor-error.ts'
import { composeHarborRouter } from '../http/harbor/frame/harbor-router.ts'
import { harborRoutes } from '../http/harbor/routes.ts'
import { mirroring, mirroringTokens } from '../http/mirror/mirror.ts'
import { asDomainError, errorResponse } from '../http/oci/error-response.ts'
import type { OciServices } from '../http/oci/oci-request.ts'
import { composeOciRouter } from '../http/oci/oci-router.ts'
import type { Metrics } from '../http/ops/metrics.ts'
import { composeMetricsDoor } from '../http/ops/metrics-door.ts'
import { usableParts, type Probes } from '../http/ops/probes.ts'
import { composeClientFacts } from '../http/origin.ts'
import { composeOpenDoor } from '../http/open-door.ts'
import { isLoopbackHost } from '../http/request-names.ts'
import { composeRequestLog } from '../http/request-log.ts'
import { composeSlowRequestLog } from '../http/slow-request-log.ts'
import { composeRouter, type RouterOptions } from '../http/router.ts'
import type { EventStreams } from '../http/server-sent-events.ts'
import { composeSessionEndpoints } from '../http/session/session-endpoints.ts'
import { composeIsFromThisMachine } from '../http/this-machine.ts'
import { composeConsole } from '../http/ui/console.ts'
import type { Logging } from '../logging.ts'
import type { Accounts } from './accounts.ts'
import type { Certificates } from './certificates.ts'
import type { Foundation } from './foundation.ts'
import { composeHarborServices } from './harbor-services.ts'
import type { AdvisoryGenerations } from '../domain/scanning/data/advisory-generations.ts'
import type { Answer } from './listeners.ts'

export interface HttpServices {
  readonly foundation: Foundation
  readonly accounts: Accounts
  readonly content: ContentServices
  readonly oci: OciServices
  readonly usage: StorageUsage
  /** Kinds of jobs that can be asked for. */
  readonly jobKinds: readonly string[]
  readonly eventStreams: EventStreams
  readonly advisories: AdvisoryGenerations
  readonly certificates: Certificates
  readonly metrics: Metrics
  readonly logging: Logging
  readonly probes: Probes
  readonly onError: (error: unknown) => void
}

/** Everything that is answered at a port of clients. */
export function composeHttp(config: Config, services: HttpServices): Answer {
  const { accounts, metrics, logging, onError } = services
  const facts = composeClientFacts(config)
  const writeRequestLine = composeRequestLog(logging)
  const { slowRequestMs } = config.log
  const writeSlowRequest = composeSlowRequestLog(logging.logger, slowRequestMs)
  return composeRouter({
    ...composeDoors(config, services, facts),
    authenticate: accounts.authenticate,
    authenticateBrowser: accounts.authenticateBrowser,
    csrf: composeCsrf(facts),
    metricsPath: config.metrics.path,
    clientAddressOf: facts.clientAddressOf,
    isFromThisMachine: composeIsFromThisMachine(config),
    timesStatements: slowRequestMs > 0,
    openDoor: config.open ? composeOpenDoor({ ...config, reachable: isReachable(config) }) : undefined,
    newRequestId: randomUUID,
    welcome: () => 'Berth, a container registry. Images are under /v2/; sign in with: docker login\n',
    errorResponse: (error, route) => {
      const known = asDomainError(error)
      if (known === undefined) return undefined
      // The client hears one sentence. The text of another server or of the database goes to the log only.
      if (known.code === 'UNAVAILABLE' && known.cause !== undefined)
        logging.logger.warn({ error: known.cause, requestId: currentOrigin()?.requestId }, known.message)
      return route === 'api' ? harborErrorOf(known) : errorResponse(error)
    },
    onError,
    onAsked: (route) => metrics.begin(route),
    onAnswered: (exchange) => {
      metrics.observe(exchange)
      writeRequestLine(exchange)
      writeSlowRequest(exchange)
    },
  })
}

/** A cluster behind one address installs at once. */
const caDoorsPerMinute = 300

/** Images are named by the port of HTTPS, also for who asked the plain one. */
function nameInImages({ https, externalUrl }: Config, origin: string): string {
  const { protocol, host, hostname } = new URL(externalUrl ?? origin)
  if (protocol === 'https:' || https === undefined) return host
  return https.port === 443 ? hostname : `${hostname}:${https.port}`
}

/** Whether clients elsewhere reach a port of it. */
const isReachable = ({ http, https }: Config): boolean =>
  [http, https].some((listens) => listens !== undefined && !isLoopbackHost(listens.host))

type Doors = Pick<RouterOptions, 'session' | 'token' | 'oci' | 'api' | 'ops' | 'console' | 'ca'>

function composeDoors(
  config: Config,
  services: HttpServices,
  { originOf }: ReturnType<typeof composeClientFacts>,
): Doors {
  const { accounts, oci, metrics, probes, onError, foundation } = services
  const health = async () => usableParts(await probes.check())
  const jobs = new Jobs({ ...foundation, kinds: services.jobKinds })
  const mirror = { mirrors: new Mirrors(foundation), originOf }
  const harborServices = composeHarborServices(config, {
    ...services,
    ...foundation,
    jobs,
    system: { originOf, health },
  })
  const metricsAreHere = config.metrics.enabled && config.metrics.listen === undefined
  return {
    session: composeSessionEndpoints({ ...accounts, database: foundation.database, originOf, onError }),
    token: mirroringTokens(mirror, accounts.token),
    oci: mirroring(mirror, composeOciRouter({ services: oci, tokenService: config.token.service, originOf, onError })),
    api: composeHarborRouter({ services: harborServices, routes: harborRoutes, onError }),
    ops: {
      health: probes.health,
      ready: probes.ready,
      ...(metricsAreHere
        ? { metrics: composeMetricsDoor(config.metrics.token, (request) => metrics.respond(request.url)) }
        : {}),
    },
    console: composeConsole(),
    ca: composeCaDoors({
      root: async () => (await services.certificates.provider?.facts())?.authority,
      hostOf: (request) => nameInImages(config, originOf(request)),
      bound: new RateBound({ perMinute: caDoorsPerMinute }),
    }),
  }
}
