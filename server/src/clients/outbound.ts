import { lookup as dnsLookup } from 'node:dns'
import { request as httpRequest, type IncomingMessage, type RequestOptions } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { isIP, type LookupFunction } from 'node:net'
import { isGuardedAddress, isPublicAddress } from './address-guard.ts'

export interface OutboundRequest {
  readonly url: URL
  readonly method?: 'GET' | 'HEAD' | 'POST'
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  /** Takes any certificate. */
  readonly insecure?: boolean
  /** PEM; instead of the authorities of the system. */
  readonly authority?: string | undefined
  /** Ends the request and the reading of its answer. */
  readonly signal?: AbortSignal
}

interface AnswerHead {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
}

export interface OutboundAnswer extends AnswerHead {
  readonly body: string
}

export interface OutboundStream extends AnswerHead {
  /** Throws OutboundFailure when its bytes do not come in time. What is not read to its end is discarded. */
  readonly body: AsyncIterable<Uint8Array>
  /** Closes the connection of a body that nobody wants. */
  discard(): void
}

/** It did not come to an answer: no such host, no connection, a certificate, too slow, too long, or guarded. */
export class OutboundFailure extends Error {
  override readonly name = 'OutboundFailure'
}

export interface OutboundOptions {
  /** Lets names lead to this machine and its link. */
  readonly allowLocal: boolean
  /** Keeps to the internet, whatever else is allowed: for addresses that people without rights in the registry enter. */
  readonly publicOnly?: boolean
  readonly timeoutMs?: number
  readonly maxBytes?: number
}

const standardTimeoutMs = 10_000
const standardMaxBytes = 1024 * 1024

/** Sends one request. Redirects are answers like any other: a caller that follows one comes through the guard again. */
export type Outbound = (request: OutboundRequest) => Promise<OutboundAnswer>

/**
 * The one door for HTTP to addresses that people typed in. The guard looks at the address that the connection is made
 * to, so a name that resolves otherwise a moment later gains nothing.
 */
export function composeOutbound({ maxBytes = standardMaxBytes, ...options }: OutboundOptions): Outbound {
  const open = composeOutboundStream(options)
  return async (request) => {
    const { status, headers, body } = await open(request)
    return { status, headers, body: await readText(body, maxBytes) }
  }
}

/** The same door for answers that do not fit into memory. */
export function composeOutboundStream({
  allowLocal,
  publicOnly = false,
  timeoutMs = standardTimeoutMs,
}: Omit<OutboundOptions, 'maxBytes'>): (request: OutboundRequest) => Promise<OutboundStream> {
  const { lookup, assertAllowed } = publicOnly ? publicGuard : connectionGuard(allowLocal)
  return async ({ url, method = 'GET', headers = {}, body, insecure = false, authority, signal }) => {
    if (url.protocol !== 'http:' && url.protocol !== 'https:')
      throw new OutboundFailure(`${url.protocol} is not spoken`)
    assertAllowed(url.hostname.replace(/^\[|\]$/g, ''))
    const ends = [AbortSignal.timeout(timeoutMs), ...(signal === undefined ? [] : [signal])]
    const options: RequestOptions & { rejectUnauthorized?: boolean; ca?: string } = {
      method,
      headers: { 'user-agent': 'berth', accept: 'application/json', ...headers },
      agent: false,
      signal: AbortSignal.any(ends),
      ...lookup,
      ...(insecure ? { rejectUnauthorized: false } : {}),
      ...(authority === undefined ? {} : { ca: authority }),
    }
    const send = url.protocol === 'https:' ? httpsRequest : httpRequest
    const failure = (cause: unknown) => {
      if (cause instanceof OutboundFailure) return cause
      return new OutboundFailure(`${url.host} cannot be reached: ${(cause as Error).message}`, { cause })
    }
    try {
      const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
      const sent = send(url, options, resolve)
      sent.on('error', reject)
      sent.end(body)
      const answer = await promise
      return {
        status: answer.statusCode ?? 0,
        headers: answer.headers,
        body: readBody(answer, failure),
        discard: () => void answer.destroy(),
      }
    } catch (cause) {
      throw failure(cause)
    }
  }
}

async function* readBody(
  answer: IncomingMessage,
  failure: (cause: unknown) => Error,
): AsyncGenerator<Uint8Array, void> {
  try {
    yield* answer as AsyncIterable<Buffer>
  } catch (cause) {
    throw failure(cause)
  } finally {
    answer.destroy()
  }
}

/** Looks at the address that a connection is about to be made to. */
export interface ConnectionGuard {
  readonly lookup: { readonly lookup?: LookupFunction }
  /** A literal address is never looked up. @throws OutboundFailure */
  readonly assertAllowed: (host: string) => void
}

/** The guard for connections that are made otherwise than by `Outbound`: spread `lookup` into what connects. */
export function connectionGuard(allowLocal: boolean): ConnectionGuard {
  return allowLocal ? { lookup: {}, assertAllowed: () => {} } : localGuard
}

const localGuard = guardBy(
  (address) => !isGuardedAddress(address),
  (host) =>
    `${host} is an address of this machine or its link, which is not called; outbound.allow_local would allow it`,
)

const publicGuard = guardBy(isPublicAddress, (host) => `${host} is no address of the internet`)

function guardBy(isAllowed: (address: string) => boolean, refusalOf: (host: string) => string): ConnectionGuard {
  const refused = (host: string) => new OutboundFailure(refusalOf(host))
  return {
    lookup: {
      lookup: (hostname, options, callback) => {
        dnsLookup(hostname, { ...options, all: true }, (error, addresses) => {
          if (error !== null) return callback(error, '')
          const allowed = addresses.filter(({ address }) => isAllowed(address))
          const [first] = allowed
          if (first === undefined) return callback(refused(hostname), '')
          if (options.all === true) return callback(null, allowed)
          return callback(null, first.address, first.family)
        })
      },
    },
    assertAllowed: (host) => {
      if (isIP(host) !== 0 && !isAllowed(host)) throw refused(host)
    },
  }
}

async function readText(body: AsyncIterable<Uint8Array>, maxBytes: number): Promise<string> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of body) {
    length += chunk.byteLength
    if (length > maxBytes) throw new OutboundFailure(`the answer has more than ${maxBytes} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}
