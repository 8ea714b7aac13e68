import { isConsolePath } from '#contract/console-paths.ts'
import { anonymous, type Actor } from '../domain/access/actor.ts'
import { withOrigin } from '../domain/request-origin.ts'
import type { Connection } from '../runtime/listener.ts'
import type { Authenticate } from './authentication.ts'
import type { Csrf } from './csrf.ts'
import { apiPrefix, type HarborCall } from './harbor/frame/harbor-router.ts'
import type { OciCall } from './oci/oci-router.ts'
import type { SessionCall } from './session/session-call.ts'
import { sessionPrefix } from './session/session-endpoints.ts'
import type { TokenEndpoint } from './token/token-endpoint.ts'
import type { Console } from './ui/console.ts'

/** What happened with one request, for the log and the metrics. */
export interface Exchange {
  readonly request: Request
  readonly route: Route
  readonly path: string
  readonly clientAddress: string
  readonly requestId: string
  readonly actor: Actor
  readonly status: number
  readonly response: Response
  /** `performance.now()` when the request came. */
  readonly startedAt: number
}

/** Low-cardinality names of what was asked for. */
export type Route =
  | 'oci'
  | 'api'
  | 'api-version'
  | 'session'
  | 'token'
  | 'health'
  | 'ready'
  | 'metrics'
  | 'console'
  | 'unknown'

export interface RouterOptions {
  readonly oci: (call: OciCall) => Promise<Response>
  readonly api: (call: HarborCall) => Promise<Response>
  /** Forms of browsers below /c/. */
  readonly session: (call: SessionCall) => Promise<Response>
  readonly csrf: Csrf
  /** For /v2, where a browser's session is worth nothing. */
  readonly authenticate: Authenticate
  /** For the doors that browsers come in by, with their session. */
  readonly authenticateBrowser: Authenticate
  readonly token: TokenEndpoint
  readonly ops: Readonly<Partial<Record<'health' | 'ready' | 'metrics', () => Response | Promise<Response>>>>
  readonly metricsPath: string
  readonly clientAddressOf: (request: Request, connection: Connection) => string
  readonly newRequestId: () => string
  /** For /, where there is no console. */
  readonly welcome: () => string
  readonly console: Console
  /** An error from authentication (database away, too many attempts) as an answer; undefined when nobody foresaw it. */
  readonly errorResponse: (error: unknown, route: Route) => Response | undefined
  readonly onError: (error: unknown) => void
  readonly onAnswered: (exchange: Exchange) => void
}

/** The door every request comes in by. Never throws. */
export function composeRouter(options: RouterOptions): (request: Request, connection: Connection) => Promise<Response> {
  return async (request, connection) => {
    const clientAddress = options.clientAddressOf(request, connection)
    return await withOrigin({ clientAddress }, () => answer(request, connection, clientAddress))
  }

  async function answer(request: Request, connection: Connection, clientAddress: string): Promise<Response> {
    const startedAt = performance.now()
    const { path, search } = splitUrl(request.url)
    const requestId = requestIdOf(request, options.newRequestId)
    const route = routeOf(path, options.metricsPath)
    let actor: Actor = anonymous
    let response: Response
    try {
      if (route === 'oci') {
        const authentication = await options.authenticate(request, clientAddress)
        actor = authentication.actor
        response = await options.oci({
          request,
          path: path.slice('/v2'.length),
          search,
          authentication,
          body: () => connection.body(),
        })
      } else if (route === 'api' || route === 'session') {
        const { actor: known, ...rest } = await options.authenticateBrowser(request, clientAddress)
        actor = known
        const call = { request, clientAddress, body: () => connection.body() }
        response = await options.csrf.protect(request, { always: route === 'session' }, () =>
          route === 'session'
            ? options.session({ ...call, path: path.slice(sessionPrefix.length), actor })
            : options.api({
                ...call,
                path: path.slice(apiPrefix.length),
                search,
                authentication: { actor, ...rest },
                requestId,
              }),
        )
      } else if (route === 'token') {
        const answer = await options.token(request, clientAddress)
        actor = answer.actor
        response = answer.response
      } else {
        response = await answerWithoutAccount(options, route, request, path)
      }
    } catch (error) {
      const known = options.errorResponse(error, route)
      if (known === undefined) options.onError(error)
      response = known ?? new Response('internal server error\n', { status: 500 })
    }
    response.headers.set('x-request-id', requestId)
    if (route === 'oci') response.headers.set('docker-distribution-api-version', 'registry/2.0')
    options.onAnswered({
      request,
      route,
      path,
      clientAddress,
      requestId,
      actor,
      status: response.status,
      response,
      startedAt,
    })
    return response
  }
}

async function answerWithoutAccount(
  options: RouterOptions,
  route: Route,
  request: Request,
  path: string,
): Promise<Response> {
  switch (route) {
    case 'health':
    case 'ready':
    case 'metrics':
      return (await options.ops[route]?.()) ?? notFound()
    case 'api-version':
      return Response.json({ version: apiPrefix.slice('/api/'.length) })
    default:
      return (await options.console(request, path)) ?? (path === '/' ? welcome(options.welcome()) : notFound())
  }
}

function routeOf(path: string, metricsPath: string): Route {
  if (path.startsWith('/v2/') || path === '/v2') return 'oci'
  if (path.startsWith(`${apiPrefix}/`)) return 'api'
  if (path.startsWith(sessionPrefix)) return 'session'
  if (path === '/api/version') return 'api-version'
  if (path === '/service/token') return 'token'
  if (path === '/health' || path === '/healthz') return 'health'
  if (path === '/ready') return 'ready'
  if (path === metricsPath) return 'metrics'
  return path.startsWith('/assets/') || isConsolePath(path) ? 'console' : 'unknown'
}

function welcome(text: string): Response {
  return new Response(text, { headers: { 'content-type': 'text/plain; charset=utf-8' } })
}

function notFound(): Response {
  return new Response('nothing here; images are under /v2/\n', {
    status: 404,
    headers: { 'content-type': 'text/plain; charset=utf-8' },
  })
}

/** Path and query of an absolute URL, both as the client sent them. */
export function splitUrl(url: string): { path: string; search: string } {
  const start = url.indexOf('/', url.indexOf('://') + 3)
  if (start < 0) return { path: '/', search: '' }
  const query = url.indexOf('?', start)
  return query < 0
    ? { path: url.slice(start), search: '' }
    : { path: url.slice(start, query), search: url.slice(query + 1) }
}

const saneRequestId = /^[A-Za-z0-9._:/=+-]{1,128}$/

/** The client's own id when it can do no harm in a log or a header, else a new one. */
function requestIdOf(request: Request, newRequestId: () => string): string {
  const sent = request.headers.get('x-request-id')
  return sent !== null && saneRequestId.test(sent) ? sent : newRequestId()
}
