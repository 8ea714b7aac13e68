import { actorKey } from '../domain/access/actor.ts'
import type { Logging } from '../logging.ts'
import { operationOf } from './operation.ts'
import type { Exchange } from './router.ts'

const maxTextLength = 512

/**
 * One line for each request, at `info`; server errors at `error`; probes and metrics only at `debug`, because
 * they come every few seconds and say nothing. The line is assembled by hand: this runs for every request, and
 * only what clients choose needs escaping. `ms` ends when the answer is ready to be sent, not when it is sent.
 */
export function composeRequestLog({ logger, writeLine }: Logging): (exchange: Exchange) => void {
  return (exchange) => {
    const { status, route } = exchange
    // 501 is an answer: the operation is not built, and nothing failed.
    const failed = status >= 500 && status !== 501
    const level = failed ? 'error' : isProbe(route) ? 'debug' : 'info'
    if (!logger.isLevelEnabled(level)) return
    writeLine(requestLine(exchange, level))
  }
}

const isProbe = (route: Exchange['route']): boolean => route === 'health' || route === 'ready' || route === 'metrics'

export function requestLine(exchange: Exchange, level: string): string {
  const { request, route, path, clientAddress, requestId, actor, status, response, startedAt, failure } = exchange
  const milliseconds = Math.round((performance.now() - startedAt) * 100) / 100
  const { headers } = request
  const bytesIn = headers.get('content-length')
  const bytesOut = response.headers.get('content-length')
  const agent = headers.get('user-agent')
  return (
    `{"level":"${level}","time":"${now()}","message":"request","method":${quoted(request.method)}` +
    `,"operation":"${operationOf(request.method, route, path)}","path":${quoted(withoutUploadState(path))}` +
    `,"status":${status},"ms":${milliseconds}` +
    (failure === undefined ? '' : `,"errorCode":${quoted(failure.code)},"error":${quoted(failure.message)}`) +
    (isNumber(bytesIn) ? `,"bytesIn":${bytesIn}` : '') +
    (isNumber(bytesOut) ? `,"bytesOut":${bytesOut}` : '') +
    `,"actor":${quoted(actor.kind === 'user' || actor.kind === 'robot' ? actor.username : actorKey(actor))},"client":${quoted(clientAddress)}` +
    `,"requestId":${quoted(requestId)}${agent === null ? '' : `,"agent":${quoted(agent)}`}}`
  )
}

/** JSON text: one line whatever the client wrote, in bounded length. */
function quoted(text: string): string {
  return JSON.stringify(text.length > maxTextLength ? `${text.slice(0, maxTextLength)}…` : text)
}

const isNumber = (text: string | null): boolean => text !== null && /^\d{1,16}$/.test(text)

/** An upload's id is half the way to writing into it. The first characters are enough to follow it. */
function withoutUploadState(path: string): string {
  const start = path.lastIndexOf('/blobs/uploads/')
  if (start < 0) return path
  const idAt = start + '/blobs/uploads/'.length
  return path.length > idAt + 8 ? `${path.slice(0, idAt + 8)}…` : path
}

let lastMs = 0
let lastText = ''
/** The same millisecond is formatted once. */
function now(): string {
  const ms = Date.now()
  if (ms !== lastMs) {
    lastMs = ms
    lastText = new Date(ms).toISOString()
  }
  return lastText
}
