import type { Config } from '../config/config.ts'
import type { Metrics } from '../http/ops/metrics.ts'
import { composeMetricsDoor } from '../http/ops/metrics-door.ts'
import { composeHttpsRedirect } from '../http/redirect-to-https.ts'
import type { Logging } from '../logging.ts'
import { listen, type Connection, type Listener } from '../runtime/listener.ts'
import type { CertificateProvider } from './certificates.ts'

export type Answer = (request: Request, connection: Connection) => Response | Promise<Response>

export interface ListenerServices {
  readonly logging: Logging
  readonly onError: (error: unknown) => void
  readonly metrics: Metrics
  readonly certificate: CertificateProvider | undefined
  /** What the port of plain HTTP answers by itself, beside HTTPS; undefined: it redirects. */
  readonly answerPlain: PlainAnswer
  readonly owned: AsyncDisposableStack
  /** This process is one of several on the same ports. */
  readonly worker: { readonly joins: boolean } | undefined
}

export type PlainAnswer = (request: Request, connection: Connection) => Promise<Response> | undefined

type Open = (options: Omit<Parameters<typeof listen>[0], 'onError'>) => Promise<Listener>

/** HTTPS when it is configured, HTTP beside it as a redirect or alone, and the port of the metrics. */
export async function openListeners(config: Config, answer: Answer, services: ListenerServices): Promise<Listener[]> {
  const { onError, owned, worker, certificate } = services
  const listeners: Listener[] = []
  const sharing = worker === undefined ? {} : ({ sharedPort: worker.joins ? 'joins' : 'first' } as const)
  const open: Open = async (options) => {
    const listener = await listen({ ...options, ...sharing, onError })
    owned.defer(async () => void (await listener.stop(0)))
    listeners.push(listener)
    return listener
  }
  if (config.https !== undefined && certificate !== undefined) {
    const { port } = await openHttps({ ...config.https, certificate }, answer, open, services)
    if (config.http !== undefined) {
      const redirect = composeHttpsRedirect({ externalUrl: config.externalUrl, httpsPort: port })
      await open({
        ...config.http,
        fetch: (request, connection) => services.answerPlain(request, connection) ?? redirect(request),
      })
    }
  } else if (config.http !== undefined) {
    await open({ ...config.http, fetch: answer })
  }
  await openMetrics(config, open, services)
  return listeners
}

async function openHttps(
  {
    host,
    port,
    certificate,
  }: { readonly host: string; readonly port: number; readonly certificate: CertificateProvider },
  answer: Answer,
  open: Open,
  { logging: { logger }, owned }: ListenerServices,
): Promise<Listener> {
  const pair = await certificate.first()
  const listener = await open({ host, port, tls: pair, fetch: answer })
  owned.defer(
    certificate.follow(pair, {
      onChange: async (changed) => {
        await listener.replaceCertificate(changed)
        logger.info('the certificate was replaced')
      },
      onRefused: (error) => logger.error({ error }, 'the new certificate cannot be used; the old one stays'),
    }),
  )
  return listener
}

async function openMetrics({ metrics: given }: Config, open: Open, { metrics }: ListenerServices): Promise<void> {
  if (!given.enabled || given.listen === undefined) return
  const answer = composeMetricsDoor(given.token, (request) => metrics.respond(request.url))
  await open({
    ...given.listen,
    fetch: (request) =>
      new URL(request.url).pathname === given.path ? answer(request) : new Response('not found\n', { status: 404 }),
  })
}

/** Where the registry can be reached, the safest address first. */
export function urlsOf(config: Config, listeners: readonly Listener[]): string[] {
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
