import { createServer } from 'node:net'
import { SentWatch, type Sent } from './sent-watch.ts'

/** A certificate chain (leaf first) and its private key, both PEM. */
export interface TlsPair {
  readonly certificate: string
  readonly privateKey: string
}

export interface ListenOptions {
  readonly host: string
  /** 0 picks a free one. */
  readonly port: number
  readonly tls?: TlsPair
  /** Several processes listen on the port: this one is the first of them, or joins those that do. */
  readonly sharedPort?: 'first' | 'joins'
  /** Must not throw: what it throws is a bug, is given to `onError` and answered with a bare 500. */
  readonly fetch: (request: Request, connection: Connection) => Response | Promise<Response>
  readonly onError: (error: unknown) => void
  readonly timeouts?: Partial<ListenerTimeouts>
}

export interface ListenerTimeouts {
  /** Between requests, and while a client reads nothing of its response. Longer than Go's 90 s for idle connections. */
  readonly idleSeconds: number
  /** How long a client may send nothing in the middle of a request body. */
  readonly bodyStallSeconds: number
  /** A request body must keep this average once it has made us wait for `bodyGraceSeconds`. */
  readonly bodyBytesPerSecond: number
  readonly bodyGraceSeconds: number
  /**
   * How long the old certificate is served beside the new one. Making a listener keeps the event loop for a moment, and
   * what comes meanwhile waits at the old one, which would reset it if it ended at once: 14 of 32 clients that open
   * connections without a pause, a change, and 4 with this.
   */
  readonly overlapMs: number
}

const defaultTimeouts: ListenerTimeouts = {
  idleSeconds: 120,
  bodyStallSeconds: 60,
  bodyBytesPerSecond: 128,
  bodyGraceSeconds: 60,
  overlapMs: 250,
}

/**
 * Chunks that have arrived already are handed out without a turn of the event loop, and a client may make them as
 * small as a byte: after so many the others have their turn.
 */
const chunksPerTurn = 64

/** The other end of a request. */
export interface Connection {
  readonly secure: boolean
  /** The IP address of the socket's other end: a proxy's when there is one. */
  address(): string
  /**
   * The request's body as it arrives; undefined when it has none. Use it instead of `request.body`: a
   * client may take as long as it likes while bytes move, and one that only holds the connection is cut off.
   * The time the reader takes for a chunk does not count against the client.
   * @throws ClientTooSlow; BodyIncomplete when the client goes away or sends a broken body
   */
  body(): AsyncIterable<Uint8Array> | undefined
  /** Bytes of the body that have been read so far. */
  receivedBytes(): number
  /** Calls `done` once, when the answer to this request has been sent, or nobody is there to take it any more. */
  onSent(done: (sent: Sent) => void): void
}

export interface Listener {
  readonly host: string
  readonly port: number
  readonly secure: boolean
  /** Requests being answered now. */
  inFlight(): number
  /**
   * Running connections finish on the old certificate; from the end of the promise on, new ones get the new one. At the
   * moment the old one ends the kernel resets connections of which it has the first packet but not yet the first byte
   * of data, unless net.ipv4.tcp_migrate_req is 1 (docs/guides/tls.md).
   * @throws when the pair is unusable; the old one stays
   */
  replaceCertificate(pair: TlsPair): Promise<void>
  /** Refuses new connections, waits for requests in flight, then cuts off what is left. True when nothing was cut off. */
  stop(drainTimeoutMs: number): Promise<boolean>
}

/** The client kept the connection but sent (almost) nothing of the body it had announced. */
export class ClientTooSlow extends Error {
  override readonly name = 'ClientTooSlow'
}

/** The client went away in the middle of a body, or what it sent is none. */
export class BodyIncomplete extends Error {
  override readonly name = 'BodyIncomplete'
}

/**
 * Starts to listen. Bun's parser accepts some requests that RFC 9112 wants refused (two Host fields, a Host that is no
 * authority, a repeated Content-Length, CONNECT); they are answered with 400 here.
 * @throws with `code: 'EADDRINUSE'` and the `port` when it is taken
 */
export async function listen(options: ListenOptions): Promise<Listener> {
  const timeouts = { ...defaultTimeouts, ...options.timeouts }
  const secure = options.tls !== undefined
  // With reusePort the kernel would let a second Berth share the port and take half of its connections.
  const shared = secure || options.sharedPort !== undefined
  if (shared && options.sharedPort !== 'joins' && options.port !== 0) {
    await assertPortIsFree(options.host, options.port)
  }

  const serve = (port: number, tls: TlsPair | undefined) =>
    Bun.serve({
      hostname: options.host,
      port,
      ...(tls === undefined ? {} : { tls: { cert: tls.certificate, key: tls.privateKey } }),
      // Set in both cases: with `development: false` alone, Bun shares the port with any process that asks.
      reusePort: shared,
      development: false,
      // Blobs have no size limit of their own; manifests and tokens are limited where they are read.
      maxRequestBodySize: Number.MAX_SAFE_INTEGER,
      idleTimeout: timeouts.idleSeconds,
      fetch(request, server) {
        if (!isWellFormed(request)) return badRequest()
        const connection = new BunConnection(request, server, secure, timeouts)
        const answer = options.fetch(request.headers.has('host') ? request : withOwnName(request, server), connection)
        if (request.method === 'GET' || request.method === 'HEAD' || answer instanceof Response) return answer
        return answer.finally(() => connection.becomeIdle())
      },
      error(error) {
        options.onError(error)
        return new Response('internal error\n', { status: 500, headers: { connection: 'close' } })
      },
    })

  let server = withPort(options.port, () => serve(options.port, options.tls))
  const host = options.host
  const port = server.port!
  const retired = new Set<Bun.Server<undefined>>()

  return {
    host,
    port,
    secure,
    inFlight: () => [...retired].reduce((sum, each) => sum + each.pendingRequests, server.pendingRequests),
    async replaceCertificate(pair) {
      if (!secure) throw new Error('this listener does not speak TLS')
      const previous = server
      server = serve(port, pair) // both listen for a moment; the kernel spreads new connections over them
      retired.add(previous)
      await new Promise((resolve) => setTimeout(resolve, timeouts.overlapMs))
      void previous.stop(false).then(() => retired.delete(previous))
    },
    async stop(drainTimeoutMs) {
      const servers = [server, ...retired]
      const drained = Promise.all(servers.map((each) => each.stop(false))).then(() => true)
      const timer = Promise.withResolvers<false>()
      const timeout = setTimeout(() => timer.resolve(false), drainTimeoutMs)
      const clean = await Promise.race([drained, timer.promise])
      clearTimeout(timeout)
      await Promise.all(servers.map((each) => each.stop(true)))
      return clean
    },
  }
}

const sentWatch = new SentWatch()

class BunConnection implements Connection {
  readonly secure: boolean
  readonly #request: Request
  readonly #server: Bun.Server<undefined>
  readonly #timeouts: ListenerTimeouts
  /** Asked for more than once in a request, and made anew by Bun each time. */
  #address: string | undefined
  #watching = false
  #received = 0

  constructor(request: Request, server: Bun.Server<undefined>, secure: boolean, timeouts: ListenerTimeouts) {
    this.#request = request
    this.#server = server
    this.secure = secure
    this.#timeouts = timeouts
  }

  address(): string {
    return (this.#address ??= this.#server.requestIP(this.#request)?.address ?? 'unknown')
  }

  receivedBytes(): number {
    return this.#received
  }

  /** Bun forgets the address of a request that is over. */
  onSent(done: (sent: Sent) => void): void {
    sentWatch.follow(this.#request, () => this.#server.requestIP(this.#request) === null, done)
  }

  body(): AsyncIterable<Uint8Array> | undefined {
    const body = this.#request.body
    return body === null ? undefined : this.#watched(body)
  }

  /** This must run before the response is handed to Bun; the timer cannot be reached afterwards. */
  becomeIdle(): void {
    if (this.#watching) this.#server.timeout(this.#request, this.#timeouts.idleSeconds)
  }

  // Bun's idle timer runs from the start of the request and is reset neither by arriving body bytes nor by
  // a busy handler (measured with 1.4.5), so it is set anew around every wait for the client.
  async *#watched(body: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
    const { bodyStallSeconds, bodyBytesPerSecond, bodyGraceSeconds } = this.#timeouts
    this.#watching = true
    const reader = body.getReader()
    let waitedMs = 0
    let chunksThisTurn = 0
    let done = false
    try {
      for (;;) {
        this.#server.timeout(this.#request, bodyStallSeconds)
        const askedAt = performance.now()
        const next = await reader.read().catch((cause: unknown) => {
          throw new BodyIncomplete('the body ended before it was complete', { cause })
        })
        waitedMs += performance.now() - askedAt
        if (next.done) break
        this.#server.timeout(this.#request, 0)
        this.#received += next.value.byteLength
        if (waitedMs > bodyGraceSeconds * 1000 && this.#received < (waitedMs / 1000) * bodyBytesPerSecond) {
          throw new ClientTooSlow(`only ${this.#received} bytes arrived in ${Math.round(waitedMs / 1000)} s`)
        }
        yield next.value
        chunksThisTurn += 1
        if (chunksThisTurn < chunksPerTurn) continue
        await new Promise((resolve) => setImmediate(resolve))
        chunksThisTurn = 0
      }
      done = true
      // The time that follows (hashing, fsync of a huge upload) is ours, not the client's.
      this.#server.timeout(this.#request, 0)
    } finally {
      if (!done) await reader.cancel().catch(() => {}) // it may have failed already, with the error now on its way
      reader.releaseLock()
    }
  }
}

const authority = /^(?:[A-Za-z0-9._-]{1,255}|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?$/
const knownHosts = new Set<string>()

/** RFC 9112 §3.2 (exactly one valid Host) and §6.3 (one Content-Length): the parts Bun does not enforce. */
function isWellFormed(request: Request): boolean {
  const host = request.headers.get('host')
  if (host !== null && !knownHosts.has(host)) {
    if (!authority.test(host)) return false
    if (knownHosts.size < 64) knownHosts.add(host)
  }
  // CONNECT, and a target that is neither a path nor a URL, leave no absolute URL. HTTP/1.0 needs no Host, and the URL
  // is the bare path then; of HTTP/1.1 Bun itself refuses a request without one.
  if (!request.url.startsWith(host === null ? '/' : 'http')) return false
  return !(request.headers.get('content-length')?.includes(',') ?? false)
}

/** The request of HTTP/1.0 that names no host, as one to the address that it came in by. Its body stays with `request`. */
function withOwnName({ url, method, headers, signal }: Request, server: Bun.Server<undefined>): Request {
  return new Request(`${server.url.origin}${url}`, { method, headers, signal })
}

function badRequest(): Response {
  return new Response('bad request\n', { status: 400, headers: { connection: 'close' } })
}

/** Bun's error does not say which port it is about. */
function withPort<T>(port: number, open: () => T): T {
  try {
    return open()
  } catch (error) {
    throw error instanceof Error ? Object.assign(error, { port }) : error
  }
}

function assertPortIsFree(host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const probe = createServer()
    probe.once('error', reject)
    probe.listen({ host, port, exclusive: true }, () => probe.close(() => resolve()))
  })
}
