import type { IncomingMessage } from 'node:http'
import { RegistryFailure } from './registry-failure.ts'
import type { Timeouts } from './remote-registry.ts'

export interface BodyOptions {
  readonly timeouts: Timeouts
  readonly host: string
  readonly signal: AbortSignal | undefined
  /** No body can come: the answer to HEAD, and statuses that have none. */
  readonly isEmpty: boolean
}

/** The body of an answer, piece by piece. Waits neither for silence nor for drops without end, and sees when it is cut. */
export class BodyReader {
  readonly #incoming: IncomingMessage
  readonly #options: BodyOptions
  readonly #chunks: AsyncIterator<Uint8Array>
  readonly #pace: ArrivalPace
  /** Bytes that the header announces. */
  readonly announced: number | undefined
  #received = 0

  constructor(incoming: IncomingMessage, options: BodyOptions) {
    this.#incoming = incoming
    this.#options = options
    incoming.on('error', () => {})
    this.#chunks = incoming[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>
    this.#pace = new ArrivalPace(options)
    const length = incoming.headers['content-length'] ?? ''
    this.announced = /^\d{1,15}$/.test(length) ? Number(length) : undefined
  }

  /** Whether everything that was announced has come. */
  get isComplete(): boolean {
    return this.#received === this.announced
  }

  /** The next piece; undefined at the end. @throws RegistryFailure CUT, TIMED_OUT; the signal's reason */
  async next(): Promise<Uint8Array | undefined> {
    const { host, signal, timeouts } = this.#options
    let piece: IteratorResult<Uint8Array>
    try {
      piece = await this.#pace.waitFor(unlessStopped(this.#chunks.next(), timeouts.silenceMs, host, signal))
    } catch (error) {
      this.discard()
      if (signal?.aborted === true) throw signal.reason
      if (error instanceof RegistryFailure) throw error
      throw this.#cut(error)
    }
    if (piece.done === true) {
      if (this.announced !== undefined && this.#received < this.announced) throw this.#cut(undefined)
      return undefined
    }
    this.#received += piece.value.byteLength
    this.#pace.count(piece.value.byteLength)
    return piece.value
  }

  /** Everything, if it is not too much. @throws RegistryFailure TOO_LARGE, and what `next` throws */
  async readAll(maxBytes: number, what: string): Promise<Uint8Array> {
    const tooLarge = () => {
      this.discard()
      return new RegistryFailure('TOO_LARGE', `${what} of ${this.#options.host} has more than ${maxBytes} bytes`)
    }
    if (this.announced !== undefined && this.announced > maxBytes) throw tooLarge()
    const pieces: Uint8Array[] = []
    const deadline = performance.now() + this.#options.timeouts.wholeMs
    let length = 0
    for (let piece = await this.next(); piece !== undefined; piece = await this.next()) {
      length += piece.byteLength
      if (length > maxBytes) throw tooLarge()
      pieces.push(piece)
      if (performance.now() > deadline) {
        this.discard()
        throw new RegistryFailure(
          'TIMED_OUT',
          `${what} of ${this.#options.host} did not come within ${this.#options.timeouts.wholeMs} ms`,
        )
      }
    }
    return Buffer.concat(pieces)
  }

  /** Reads no further. The connection is given up, unless nothing more can come on it: then the next request has it. */
  discard(): void {
    if (this.#options.isEmpty || this.announced === 0) this.#incoming.resume()
    else this.#incoming.destroy()
  }

  #cut(cause: unknown): RegistryFailure {
    const of = this.announced === undefined ? '' : ` of ${this.announced}`
    const message = `the answer of ${this.#options.host} broke off after ${this.#received}${of} bytes`
    return new RegistryFailure('CUT', message, { cause })
  }
}

/** Refuses a stream that drips: fewer bytes than there must be in a stretch of waiting. The time of its reader is not waiting. */
class ArrivalPace {
  readonly #timeouts: Timeouts
  readonly #host: string
  #waitedMs = 0
  #bytes = 0

  constructor({ timeouts, host }: BodyOptions) {
    this.#timeouts = timeouts
    this.#host = host
  }

  async waitFor<T>(piece: Promise<T>): Promise<T> {
    const began = performance.now()
    const result = await piece
    this.#waitedMs += performance.now() - began
    return result
  }

  count(bytes: number): void {
    const { windowMs, minBytes } = this.#timeouts
    this.#bytes += bytes
    if (this.#waitedMs < windowMs) return
    if (this.#bytes < minBytes) {
      throw new RegistryFailure(
        'TIMED_OUT',
        `${this.#host} sends too slowly: ${this.#bytes} bytes in ${Math.round(this.#waitedMs)} ms`,
      )
    }
    this.#waitedMs = 0
    this.#bytes = 0
  }
}

async function unlessStopped<T>(
  work: Promise<T>,
  silenceMs: number,
  host: string,
  signal: AbortSignal | undefined,
): Promise<T> {
  const { promise: stopped, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => {
    reject(new RegistryFailure('TIMED_OUT', `${host} sent nothing for ${silenceMs} ms`))
  }, silenceMs)
  const onAbort = () => reject(signal?.reason)
  if (signal?.aborted === true) onAbort()
  signal?.addEventListener('abort', onAbort, { once: true })
  try {
    return await Promise.race([work, stopped])
  } finally {
    clearTimeout(timer)
    signal?.removeEventListener('abort', onAbort)
    // A piece that comes later is nobody's business.
    work.catch(() => {})
  }
}
