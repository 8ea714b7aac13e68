import { isConsolePath } from '#contract/console-paths.ts'
import { helpPath, isDocsPath } from '#contract/guides.ts'
import { ociErrorBody } from '#contract/oci-errors.ts'
import { StatementTimes, watchStatements } from '../database/statement-watch.ts'
import { anonymous, type Actor } from '../domain/access/actor.ts'
import { withOrigin, type RequestFailure, type RequestOrigin, type RequestPlace } from '../domain/request-origin.ts'
import type { Connection } from '../runtime/listener.ts'
import { guardAnswer } from './answer-headers.ts'
import type { Authenticate } from './authentication.ts'
import { counterOf } from './counted-body.ts'
import { isCaPath, type CaDoors } from './ca/ca-doors.ts'
import type { Csrf } from './csrf.ts'
import { operationOf, type Operation } from './operation.ts'
import { harborError } from './harbor/frame/harbor-error.ts'
import { apiPrefix, type HarborCall } from './harbor/frame/harbor-router.ts'
import type { OciCall } from './oci/oci-router.ts'
import type { OpenDoor, OpenDoorRefusal } from './open-door.ts'
import type { SessionCall } from './session/session-call.ts'
import { sessionPrefix } from './session/session-endpoints.ts'
import type { IsFromThisMachine } from './this-machine.ts'
import type { TokenEndpoint } from './token/token-endpoint.ts'
import type { Console } from './ui/console.ts'

/** The outcome of one request, for the log and the metrics. */
export interface Exchange {
  readonly method: string
  readonly agent: string | null
  readonly route: Route
  readonly path: string
  /** What the request is to its class, from a closed list. */
  readonly kind: Operation
  /** The operation of the API by its id, else `kind`. From closed lists. */
  readonly operation: string
  readonly clientAddress: string
  readonly requestId: string
  readonly actor: Actor
  readonly status: number
  /** Time from the request until its answer was ready to be sent. */
  readonly answeredMs: number
  /** Time from the request until the last byte of its answer was sent, or the client went away. */
  readonly durationMs: number
  /** Bytes of the request's body that were read. */
  readonly bytesIn: number
  /** Bytes of the answer's body; undefined where they are not known: an answer that was broken off, or a stream. */
  readonly bytesOut: number | undefined
  /** The length that the answer says it has. */
  readonly bytesAnnounced: number | undefined
  /** Whether the client went away before the end of the answer. */
  readonly aborted: boolean
  /** The repository that the request is about, or the project alone; as far as its path was understood. */
  readonly place?: RequestPlace | undefined
  /** Why it was refused or failed, where the answer is an error that was foreseen. */
  readonly failure?: RequestFailure | undefined
  /** What its statements took; undefined where nobody asks. */
  readonly statements?: StatementTimes | undefined
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
  | 'ca'
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
  /** Hears of every request when it comes. */
  readonly onAsked?: (route: Route) => void
  readonly ops: Readonly<
    Partial<Record<'health' | 'ready' | 'metrics', (request: Request) => Response | Promise<Response>>>
  >
  readonly metricsPath: string
  readonly clientAddressOf: (request: Request, connection: Connection) => string
  readonly isFromThisMachine: IsFromThisMachine
  /** Of a registry without accounts. */
  readonly openDoor?: OpenDoor | undefined
  readonly newRequestId: () => string
  /** For /, where there is no console. */
  readonly welcome: () => string
  readonly console: Console
  /** What makes clients trust the certificate. */
  readonly ca: CaDoors
  /** An error from authentication (database away, too many attempts) as an answer; undefined when nobody foresaw it. */
  readonly errorResponse: (error: unknown, route: Route) => Response | undefined
  readonly onError: (error: unknown) => void
  readonly onAnswered: (exchange: Exchange) => void
  /** Whether exchanges tell what their statements took. */
  readonly timesStatements?: boolean
}

/** The door every request comes in by. Never throws. */
export function composeRouter(options: RouterOptions): (request: Request, connection: Connection) => Promise<Response> {
  return async (request, connection) => {
    const clientAddress = options.clientAddressOf(request, connection)
    const isFromThisMachine = () => options.isFromThisMachine(request, connection)
    const requestId = requestIdOf(request, options.newRequestId)
    const origin: RequestOrigin = { clientAddress, isFromThisMachine, requestId }
    const statements = options.timesStatements ? new StatementTimes() : undefined
    const work = () => answer(request, connection, origin, { requestId, statements })
    return await withOrigin(origin, () => (statements === undefined ? work() : watchStatements(statements, work)))
  }

  async function answer(
    request: Request,
    connection: Connection,
    origin: RequestOrigin,
    { requestId, statements }: { readonly requestId: string; readonly statements: StatementTimes | undefined },
  ): Promise<Response> {
    const { clientAddress } = origin
    const startedAt = performance.now()
    const { path, search } = splitUrl(request.url)
    const route = routeOf(path, options.metricsPath)
    options.onAsked?.(route)
    const answered = await dispatch({ request, connection, clientAddress, path, search, requestId, route })
    const { actor, response } = answered
    guardAnswer(route, response)
    response.headers.set('x-request-id', requestId)
    if (route === 'oci') response.headers.set('docker-distribution-api-version', 'registry/2.0')
    if (response.status >= 400) linkHelp(response, origin)
    const answeredMs = performance.now() - startedAt
    const bytesAnnounced = announcedBytes(request, response)
    const counted = counterOf(response)
    const { method } = request
    const { status } = response
    // Nothing of request and response can be relied on once they are over.
    const agent = request.headers.get('user-agent')
    const kind = operationOf(method, route, path)
    const operation = origin.operation ?? kind
    const { place } = origin
    const failure = status >= 400 ? origin.failure : undefined
    const end = (aborted: boolean, durationMs: number) => {
      const bytesOut = counted?.() ?? (aborted ? undefined : bytesAnnounced)
      const bytesIn = connection.receivedBytes()
      // Written out: to spread objects is dear where everything else is cheap.
      options.onAnswered({
        method,
        route,
        path,
        clientAddress,
        requestId,
        actor,
        status,
        answeredMs,
        bytesAnnounced,
        agent,
        kind,
        operation,
        place,
        failure,
        statements,
        durationMs,
        aborted,
        bytesIn,
        bytesOut,
      })
    }
    if (counted === undefined && (bytesAnnounced ?? 0) <= sentAtOnceBytes) end(false, answeredMs)
    else connection.onSent(({ aborted }) => end(aborted, performance.now() - startedAt))
    return response
  }

  async function dispatch(incoming: Incoming): Promise<Answered> {
    const { request, route } = incoming
    const refused = options.openDoor?.(request, route)
    if (refused !== undefined) return { actor: anonymous, response: refusalOf(refused, route) }
    try {
      if (route === 'oci') return await answerOci(options, incoming)
      if (route === 'api' || route === 'session') return await answerBrowser(options, incoming, route)
      if (route === 'token') return await options.token(request, incoming.clientAddress)
      return { actor: anonymous, response: await answerWithoutAccount(options, incoming) }
    } catch (error) {
      const known = options.errorResponse(error, route)
      if (known === undefined) options.onError(error)
      return { actor: anonymous, response: known ?? new Response('internal server error\n', { status: 500 }) }
    }
  }
}

/** The kernel takes so much from us at once, whatever the client does: the end of such an answer is not waited for. */
const sentAtOnceBytes = 64 * 1024

/** Undefined: the answer does not say how long it is. */
function announcedBytes({ method }: Request, { headers, status }: Response): number | undefined {
  if (method === 'HEAD' || status === 204 || status === 304) return 0
  const length = headers.get('content-length')
  return length === null ? undefined : Number(length)
}

/** RFC 8288 and the relation `help` of HTML: where a person reads what the refusal means. */
function linkHelp({ headers }: Response, { failure }: RequestOrigin): void {
  const code = headers.get('x-berth-error') ?? failure?.code
  if (code !== undefined) headers.append('link', `<${helpPath(code)}>; rel="help"`)
}

interface Incoming extends Pick<Exchange, 'route' | 'path' | 'clientAddress' | 'requestId'> {
  readonly request: Request
  readonly connection: Connection
  readonly search: string
}

interface Answered extends Pick<Exchange, 'actor'> {
  readonly response: Response
}

async function answerOci(options: RouterOptions, incoming: Incoming): Promise<Answered> {
  const { request, connection, path, search, clientAddress } = incoming
  const authentication = await options.authenticate(request, clientAddress)
  const body = () => connection.body()
  const response = await options.oci({ request, path: path.slice('/v2'.length), search, authentication, body })
  return { actor: authentication.actor, response }
}

async function answerBrowser(options: RouterOptions, incoming: Incoming, route: 'api' | 'session'): Promise<Answered> {
  const { request, connection, path, search, clientAddress, requestId } = incoming
  const authentication = await options.authenticateBrowser(request, clientAddress)
  const { actor } = authentication
  const call = { request, clientAddress, body: () => connection.body() }
  const response = await options.csrf.protect(request, { always: route === 'session' }, () =>
    route === 'session'
      ? options.session({ ...call, path: path.slice(sessionPrefix.length), actor })
      : options.api({ ...call, path: path.slice(apiPrefix.length), search, authentication, requestId }),
  )
  return { actor, response }
}

/** In the words of the protocol that the client speaks. */
function refusalOf({ status, message }: OpenDoorRefusal, route: Route): Response {
  if (route === 'api' || route === 'session')
    return harborError(status, status === 421 ? 'MISDIRECTED_REQUEST' : 'FORBIDDEN', message)
  if (route === 'oci' || route === 'token')
    return Response.json(ociErrorBody([{ code: 'DENIED', message }]), { status })
  return new Response(`${message}\n`, { status, headers: { 'content-type': 'text/plain; charset=utf-8' } })
}

async function answerWithoutAccount(
  options: RouterOptions,
  { route, request, path, clientAddress }: Incoming,
): Promise<Response> {
  switch (route) {
    case 'health':
    case 'ready':
    case 'metrics':
      return (await options.ops[route]?.(request)) ?? notFound()
    case 'ca':
      return await options.ca(request, path, clientAddress)
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
  if (path === '/health' || path === '/healthz' || path === '/livez') return 'health'
  if (path === '/ready' || path === '/readyz') return 'ready'
  if (path === metricsPath) return 'metrics'
  if (isCaPath(path)) return 'ca'
  return path.startsWith('/assets/') || isDocsPath(path) || isConsolePath(path) ? 'console' : 'unknown'
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
