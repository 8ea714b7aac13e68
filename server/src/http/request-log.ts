import { actorKey, type Actor } from '../domain/access/actor.ts'
import type { LoggedRequests, Logging, LogLevel } from '../logging.ts'
import type { Exchange } from './router.ts'

const maxTextLength = 512

/**
 * One line for each request, when its answer has been sent or given up: at `info`; server errors at `error`; probes and
 * metrics only at `debug`, because they come every few seconds and say nothing. The line is assembled by hand: this runs
 * for every request, and only what clients choose needs escaping. docs/reference/log.md describes the fields.
 */
export function composeRequestLog(logging: Logging): (exchange: Exchange) => void {
  const { logger, writeLine } = logging
  return (exchange) => {
    const level = levelOf(exchange)
    if (!logger.isLevelEnabled(level) || !isWanted(exchange, logging.loggedRequests())) return
    writeLine(requestLine(exchange, level))
  }
}

function levelOf({ status, route }: Exchange): LogLevel {
  // 501 is an answer: the operation is not built, and nothing failed.
  if (status >= 500 && status !== 501) return 'error'
  return isProbe(route) ? 'debug' : 'info'
}

/** 401 begins every sign-in of docker, and 404 every push of something new. */
const isOrdinary = (status: number): boolean => status < 400 || status === 401 || status === 404 || status === 501

function isWanted({ status, aborted }: Exchange, wanted: LoggedRequests): boolean {
  if (wanted === 'all') return true
  return wanted === 'errors' && (aborted || !isOrdinary(status))
}

const isProbe = (route: Exchange['route']): boolean => route === 'health' || route === 'ready' || route === 'metrics'

export function requestLine(exchange: Exchange, level: string): string {
  const { method, path, status, agent, durationMs, answeredMs, bytesIn, bytesOut, aborted, failure, place } = exchange
  return (
    `{"level":"${level}","time":"${now()}","message":"request","method":${quoted(method)}` +
    `,"operation":"${exchange.operation}","path":${quoted(withoutUploadState(path))}` +
    `,"status":${status},"ms":${rounded(durationMs)}` +
    (durationMs === answeredMs ? '' : `,"answeredMs":${rounded(answeredMs)}`) +
    (aborted ? ',"aborted":true' : '') +
    (failure === undefined ? '' : `,"errorCode":${quoted(failure.code)},"error":${quoted(failure.message)}`) +
    (bytesIn === 0 ? '' : `,"bytesIn":${bytesIn}`) +
    (bytesOut === undefined ? '' : `,"bytesOut":${bytesOut}`) +
    announced(exchange) +
    (place === undefined ? '' : `,"project":${quoted(place.project)}`) +
    (place?.repository === undefined ? '' : `,"repository":${quoted(place.repository)}`) +
    `,"actor":${quoted(nameOf(exchange.actor))},"client":${quoted(exchange.clientAddress)}` +
    `,"requestId":${quoted(exchange.requestId)}${agent === null ? '' : `,"agent":${quoted(agent)}`}}`
  )
}

/** The length of what was broken off, where nobody knows how much of it went out. */
function announced({ aborted, bytesOut, bytesAnnounced }: Exchange): string {
  const isUnknown = aborted && bytesOut === undefined && bytesAnnounced !== undefined
  return isUnknown ? `,"bytesAnnounced":${bytesAnnounced}` : ''
}

const nameOf = (actor: Actor): string =>
  actor.kind === 'user' || actor.kind === 'robot' ? actor.username : actorKey(actor)

const rounded = (ms: number): number => Math.round(ms * 100) / 100

/** JSON text: one line whatever the client wrote, in bounded length. */
function quoted(text: string): string {
  if (text.length > maxTextLength) return JSON.stringify(`${text.slice(0, maxTextLength)}…`)
  return isPlain.test(text) ? `"${text}"` : JSON.stringify(text)
}

/** Needs no escaping in JSON (RFC 8259 §7). To ask costs a third of escaping. */
const isPlain = /^[ !#-[\]-~]*$/

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
