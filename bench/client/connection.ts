import type { Socket } from 'bun'

/** Where a registry listens. */
export interface Endpoint {
  readonly host: string
  readonly port: number
  readonly tls: boolean
}

/** One response. `text` is there when it was asked for or when it is an error; otherwise the body is counted and dropped. */
export interface Answer {
  readonly status: number
  /** Status line and headers as received, without the empty line. */
  readonly head: string
  readonly bodyBytes: number
  readonly text?: string
}

export interface Exchange {
  /** Request line, headers, empty line, and a small body if there is one. */
  readonly head: Uint8Array
  /** Further body parts, sent from where they lie: never copied, never joined. */
  readonly body?: readonly Uint8Array[]
  /** HEAD: a Content-Length in the answer announces nothing. */
  readonly withoutBody?: boolean
  readonly keepText?: boolean
}

function latin1(bytes: Buffer, start = 0, end = bytes.length): string {
  return bytes.toString('latin1', start, end)
}

const endOfHead = Buffer.from('\r\n\r\n')

/**
 * One HTTP/1.1 connection, one request at a time, on a bare socket. It exists because the load
 * generator shares two cores with the servers: bodies are sent from precomputed buffers and
 * answers are counted, not kept. A request repeated with the same `head` buffer whose answer has
 * the same length, status and end of head as before is not parsed again.
 */
export class Connection {
  #socket: Socket<Connection>
  #resolve: ((answer: Answer) => void) | undefined
  #reject: ((error: Error) => void) | undefined
  #outgoing: Uint8Array[] = []
  #outgoingOffset = 0
  #exchange: Exchange | undefined
  #received: Buffer | undefined
  #answer: Answer | undefined
  #remaining = 0
  #bodyBytes = 0
  #chunks: ChunkedDecoder | undefined
  #keeping = false
  #kept: Buffer[] = []
  #lastHead: Uint8Array | undefined
  #lastAnswer: Answer | undefined
  #lastLength = -1
  #lastEndOfHead = 0
  #closed: Error | undefined

  private constructor(socket: Socket<Connection>) {
    this.#socket = socket
  }

  static async open(endpoint: Endpoint): Promise<Connection> {
    const opened = Promise.withResolvers<Connection>()
    // A refused connection rejects `Bun.connect` itself, and nobody waits for this one then.
    opened.promise.catch(() => {})
    await Bun.connect<Connection>({
      hostname: endpoint.host,
      port: endpoint.port,
      ...(endpoint.tls ? { tls: { rejectUnauthorized: false } } : {}),
      socket: {
        open(socket) {
          socket.data = new Connection(socket)
          if (!endpoint.tls) opened.resolve(socket.data)
        },
        handshake(socket, success, error) {
          // A self-signed certificate is expected: `success` only says whether the handshake came to its end.
          if (success || error !== null) opened.resolve(socket.data)
          else opened.reject(new Error('TLS handshake failed'))
        },
        data(socket, bytes) {
          socket.data.#onBytes(bytes)
        },
        drain(socket) {
          socket.data.#flush()
        },
        close(socket) {
          const error = new Error('the server closed the connection')
          opened.reject(error)
          // Before the connection is open there is nobody to tell but `open`.
          if (socket.data !== undefined) socket.data.#fail(error)
        },
        error(socket, error) {
          opened.reject(error)
          if (socket.data !== undefined) socket.data.#fail(error)
        },
      },
    })
    return opened.promise
  }

  /** Sends one request and waits for its whole answer. @throws when the connection breaks. */
  exchange(exchange: Exchange): Promise<Answer> {
    if (this.#closed) return Promise.reject(this.#closed)
    const { promise, resolve, reject } = Promise.withResolvers<Answer>()
    this.#resolve = resolve
    this.#reject = reject
    this.#exchange = exchange
    this.#bodyBytes = 0
    this.#outgoing = exchange.body ? [exchange.head, ...exchange.body] : [exchange.head]
    this.#outgoingOffset = 0
    this.#flush()
    return promise
  }

  close(): void {
    this.#closed ??= new Error('the connection is closed')
    this.#socket.end()
  }

  #flush(): void {
    for (;;) {
      const part = this.#outgoing[0]
      if (part === undefined) return
      const left = part.byteLength - this.#outgoingOffset
      const written = this.#socket.write(part, this.#outgoingOffset, left)
      if (written < 0) return
      if (written < left) {
        this.#outgoingOffset += written
        return
      }
      this.#outgoing.shift()
      this.#outgoingOffset = 0
    }
  }

  #onBytes(bytes: Buffer): void {
    const exchange = this.#exchange
    if (exchange === undefined) {
      this.#fail(new Error(`bytes that nobody asked for: ${latin1(bytes, 0, 80)}`))
      return
    }
    if (this.#answer !== undefined) {
      this.#onBody(bytes)
      return
    }
    if (this.#received === undefined && exchange.head === this.#lastHead && this.#isRepetition(bytes)) {
      this.#finish(this.#lastAnswer!)
      return
    }
    const received = this.#received === undefined ? bytes : Buffer.concat([this.#received, bytes])
    const end = received.indexOf(endOfHead)
    if (end < 0) {
      this.#received = received
      return
    }
    this.#received = undefined
    const head = latin1(received, 0, end)
    this.#answer = { status: Number(head.slice(9, 12)), head, bodyBytes: 0 }
    this.#chunks = undefined
    if (exchange.withoutBody || this.#answer.status === 204) this.#remaining = 0
    else if (/^transfer-encoding: *chunked/im.test(head)) this.#chunks = new ChunkedDecoder()
    else {
      const length = headerOf(head, 'content-length')
      if (length === undefined) {
        this.#fail(new Error(`an answer without a length: ${head}`))
        return
      }
      this.#remaining = Number(length)
    }
    this.#keeping = exchange.keepText === true || this.#answer.status >= 400
    const whole = this.#chunks === undefined && end + endOfHead.length + this.#remaining === received.length
    if (whole && !this.#keeping && this.#answer.status === 200) {
      this.#lastHead = exchange.head
      this.#lastLength = received.length
      this.#lastEndOfHead = end
      const answer = { ...this.#answer, bodyBytes: this.#remaining }
      this.#lastAnswer = answer
      this.#finish(answer)
      return
    }
    this.#onBody(received.subarray(end + endOfHead.length))
  }

  #isRepetition(bytes: Buffer): boolean {
    const end = this.#lastEndOfHead
    return (
      bytes.length === this.#lastLength &&
      bytes[9] === 0x32 &&
      bytes[10] === 0x30 &&
      bytes[11] === 0x30 &&
      bytes[end] === 0x0d &&
      bytes[end + 1] === 0x0a &&
      bytes[end + 2] === 0x0d &&
      bytes[end + 3] === 0x0a
    )
  }

  #onBody(bytes: Buffer): void {
    if (this.#keeping) this.#kept.push(Buffer.from(bytes))
    let complete: boolean
    if (this.#chunks) {
      complete = this.#chunks.push(bytes)
      this.#bodyBytes = this.#chunks.bodyBytes
    } else {
      this.#bodyBytes += bytes.length
      this.#remaining -= bytes.length
      if (this.#remaining < 0) {
        this.#fail(new Error('more bytes than the answer announced'))
        return
      }
      complete = this.#remaining === 0
    }
    if (!complete) return
    const answer = { ...this.#answer!, bodyBytes: this.#bodyBytes }
    if (!this.#keeping) {
      this.#finish(answer)
      return
    }
    const raw = Buffer.concat(this.#kept)
    this.#kept = []
    this.#finish({ ...answer, text: (this.#chunks ? ChunkedDecoder.join(raw) : raw).toString() })
  }

  #finish(answer: Answer): void {
    const resolve = this.#resolve
    this.#exchange = undefined
    this.#answer = undefined
    this.#resolve = undefined
    this.#reject = undefined
    resolve?.(answer)
  }

  #fail(error: Error): void {
    this.#closed ??= error
    const reject = this.#reject
    this.#resolve = undefined
    this.#reject = undefined
    reject?.(error)
  }
}

/** The value of a header in a raw head, or undefined. */
export function headerOf(head: string, name: string): string | undefined {
  const found = new RegExp(`^${name}: *(.*?)\\r?$`, 'im').exec(head)
  return found?.[1]
}

/** Finds the end of a chunked body and counts what is in it. */
class ChunkedDecoder {
  bodyBytes = 0
  #line = ''
  #left = 0
  #state: 'size' | 'data' | 'data-end' | 'trailer' = 'size'

  /** Takes the next bytes; true when the body has come to its end. */
  push(bytes: Buffer): boolean {
    let at = 0
    while (at < bytes.length) {
      if (this.#state === 'data') {
        const taken = Math.min(this.#left, bytes.length - at)
        this.bodyBytes += taken
        this.#left -= taken
        at += taken
        if (this.#left === 0) this.#state = 'data-end'
        continue
      }
      const newline = bytes.indexOf(0x0a, at)
      if (newline < 0) {
        this.#line += latin1(bytes, at)
        return false
      }
      const line = (this.#line + latin1(bytes, at, newline)).trim()
      this.#line = ''
      at = newline + 1
      if (this.#state === 'data-end') this.#state = 'size'
      else if (this.#state === 'trailer') {
        if (line === '') return true
      } else {
        this.#left = Number.parseInt(line, 16)
        this.#state = this.#left === 0 ? 'trailer' : 'data'
      }
    }
    return false
  }

  /** The body without its framing. */
  static join(raw: Buffer): Buffer {
    const parts: Buffer[] = []
    for (let at = 0; at < raw.length;) {
      const newline = raw.indexOf(0x0a, at)
      const size = Number.parseInt(latin1(raw, at, newline), 16)
      if (size === 0) break
      parts.push(raw.subarray(newline + 1, newline + 1 + size))
      at = newline + 1 + size + 2
    }
    return Buffer.concat(parts)
  }
}
