import type { Agent, IncomingMessage, RequestOptions } from 'node:http'
import { Agent as HttpAgent, request as httpRequest } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import { rootCertificates } from 'node:tls'
import { connectionGuard, OutboundFailure } from '../outbound.ts'
import { BodyReader } from './body-reader.ts'
import { RegistryFailure } from './registry-failure.ts'
import type { RemoteRegistry, Timeouts } from './remote-registry.ts'

export type Method = 'GET' | 'HEAD' | 'POST' | 'PATCH' | 'PUT' | 'DELETE'

export interface HttpRequest {
  readonly method: Method
  readonly url: URL
  readonly headers: Readonly<Record<string, string>>
  /** Bytes, or a stream whose length stands in the headers. */
  readonly body?: Uint8Array | AsyncIterable<Uint8Array> | undefined
  readonly signal?: AbortSignal | undefined
}

export interface HttpAnswer {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  readonly body: BodyReader
  /** Where it came from, after redirects. */
  readonly url: URL
}

export interface TransportOptions {
  readonly remote: RemoteRegistry
  readonly timeouts: Timeouts
  /** Whether a name of this URL may lead to this machine. */
  readonly mayBeLocal: (url: URL) => boolean
}

/** Sends single requests: no redirect, no credential, no second try. Each connection passes the guard of addresses. */
export class Transport implements Disposable {
  readonly #options: TransportOptions
  readonly #home: URL
  readonly #agents = { http: new HttpAgent({ keepAlive: true }), https: new HttpsAgent({ keepAlive: true }) }

  constructor(options: TransportOptions) {
    this.#options = options
    this.#home = new URL(options.remote.url)
  }

  /** @throws RegistryFailure UNREACHABLE, TIMED_OUT, ADDRESS_REFUSED, REDIRECT_REFUSED; the signal's reason */
  async send(request: HttpRequest): Promise<HttpAnswer> {
    const { url, signal } = request
    signal?.throwIfAborted()
    const watch = new Watch(this.#options.timeouts, url)
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
    const sent = this.#open(request, resolve)
    sent.on('error', reject)
    const stop = (reason: unknown) => {
      reject(reason)
      sent.destroy()
    }
    watch.start(stop)
    sent.on('socket', (socket) => {
      if (!socket.connecting) return watch.connected()
      socket.once(url.protocol === 'https:' ? 'secureConnect' : 'connect', () => watch.connected())
    })
    const onAbort = () => stop(signal?.reason)
    signal?.addEventListener('abort', onAbort, { once: true })
    try {
      const [incoming] = await Promise.all([promise, writeBody(sent, request.body, watch, promise).catch(reject)])
      // Later errors of the connection come out of the body; without a listener they would end the process.
      sent.on('error', () => {})
      const status = incoming.statusCode ?? 0
      const isEmpty = request.method === 'HEAD' || status === 204 || status === 304
      const { timeouts } = this.#options
      const body = new BodyReader(incoming, { timeouts, host: url.host, signal, isEmpty })
      return { status, headers: incoming.headers, body, url }
    } catch (error) {
      sent.on('error', () => {})
      sent.destroy()
      throw signal?.aborted === true ? signal.reason : failureOf(error, url)
    } finally {
      watch.stop()
      signal?.removeEventListener('abort', onAbort)
    }
  }

  #open({ url, method, headers, body }: HttpRequest, onAnswer: (incoming: IncomingMessage) => void) {
    if (url.protocol !== 'http:' && url.protocol !== 'https:') {
      throw new RegistryFailure('REDIRECT_REFUSED', `${url.protocol} is not spoken: ${url.host}`)
    }
    const secure = url.protocol === 'https:'
    const options: RequestOptions & { rejectUnauthorized?: boolean; ca?: string | string[] } = {
      method,
      headers: {
        'user-agent': 'berth',
        // Bytes as they are: what is unpacked on the way has another digest, and may be a bomb.
        'accept-encoding': 'identity',
        ...headers,
        ...(body instanceof Uint8Array ? { 'content-length': String(body.byteLength) } : {}),
      },
      agent: secure ? this.#agents.https : (this.#agents.http as Agent),
      ...this.#guarded(url),
      ...this.#trust(url),
    }
    return secure ? httpsRequest(url, options, onAnswer) : httpRequest(url, options, onAnswer)
  }

  /** @throws RegistryFailure ADDRESS_REFUSED for a literal address */
  #guarded(url: URL) {
    const { lookup, assertAllowed } = connectionGuard(this.#options.mayBeLocal(url))
    try {
      assertAllowed(url.hostname.replace(/^\[|\]$/g, ''))
    } catch (error) {
      throw failureOf(error, url)
    }
    return lookup
  }

  /** Where a registry sends its clients (object storage) is known by the authorities of the system as well. */
  #trust(url: URL): { rejectUnauthorized?: boolean; ca?: string | string[] } {
    const { insecure, authority } = this.#options.remote
    if (insecure) return { rejectUnauthorized: false }
    if (authority === undefined) return {}
    return { ca: url.host === this.#home.host ? authority : [authority, ...rootCertificates] }
  }

  [Symbol.dispose](): void {
    this.#agents.http.destroy()
    this.#agents.https.destroy()
  }
}

/** Stops a request that finds no connection, whose bytes are not taken, or whose answer does not begin in time. */
class Watch {
  readonly #timeouts: Timeouts
  readonly #url: URL
  #timer: ReturnType<typeof setTimeout> | undefined
  #stop: (reason: RegistryFailure) => void = () => {}

  constructor(timeouts: Timeouts, url: URL) {
    this.#timeouts = timeouts
    this.#url = url
  }

  start(stop: (reason: RegistryFailure) => void): void {
    this.#stop = stop
    this.#arm(this.#timeouts.connectMs, 'no connection')
  }

  connected(): void {
    this.touch()
  }

  /** Bytes went out. */
  touch(): void {
    this.#arm(this.#timeouts.silenceMs, 'no answer')
  }

  stop(): void {
    clearTimeout(this.#timer)
  }

  #arm(ms: number, what: string): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => {
      this.#stop(new RegistryFailure('TIMED_OUT', `${this.#url.host} cannot be used: ${what} for ${ms} ms`))
    }, ms)
  }
}

type Outgoing = ReturnType<typeof httpRequest>

/** Writes as fast as the other side takes it. An answer that comes before the end (a refusal) ends the writing. */
async function writeBody(
  sent: Outgoing,
  body: HttpRequest['body'],
  watch: Watch,
  answer: Promise<unknown>,
): Promise<void> {
  if (body === undefined || body instanceof Uint8Array) return void sent.end(body)
  let answered = false
  const answering = answer.then(
    () => void (answered = true),
    () => void (answered = true),
  )
  for await (const chunk of body) {
    if (answered) break
    if (!sent.write(chunk)) {
      const drained = new Promise<void>((resolve) => sent.once('drain', resolve))
      await Promise.race([drained, answering])
    }
    watch.touch()
  }
  if (!answered) sent.end()
}

function failureOf(error: unknown, url: URL): unknown {
  if (error instanceof RegistryFailure) return error
  if (error instanceof OutboundFailure) return new RegistryFailure('ADDRESS_REFUSED', error.message, { cause: error })
  if (!(error instanceof Error)) return error
  return new RegistryFailure('UNREACHABLE', `${url.host} cannot be reached: ${error.message}`, { cause: error })
}
