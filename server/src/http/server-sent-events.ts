import { DomainError } from '../domain/errors.ts'
import { countedResponse } from './counted-body.ts'

export interface ServerSentEvent {
  readonly event: string
  /** Where to go on: a client that lost its connection sends it back in `Last-Event-ID`. */
  readonly id?: string
  readonly data: unknown
}

export interface EventStreamsOptions {
  /** Most streams that this process serves at a time. */
  readonly max?: number
  /** The streams of one account, so that it cannot take every place. */
  readonly maxPerOwner?: number
  /**
   * A stream ends after this, so that the rights of its account are asked for again. A browser comes back by itself.
   */
  readonly lifeMs?: number
  /** Between two looks at what there is to tell. */
  readonly pauseMs?: number
  readonly heartbeatMs?: number
}

/** A source of events. `wait` returns false when the stream is over. */
export interface Listening {
  readonly signal: AbortSignal
  wait(): Promise<boolean>
}

/** Gives events to a stream one at a time, as they are taken, so that a slow client costs no memory. */
export class EventStreams implements Disposable {
  readonly #max: number
  readonly #maxPerOwner: number
  readonly #lifeMs: number
  readonly #pauseMs: number
  readonly #heartbeatMs: number
  /** The owner of each stream. */
  readonly #open = new Map<AbortController, string>()
  #closed = false

  constructor({
    max = 256,
    maxPerOwner = 32,
    lifeMs = 60_000,
    pauseMs = 500,
    heartbeatMs = 10_000,
  }: EventStreamsOptions = {}) {
    this.#max = max
    this.#maxPerOwner = maxPerOwner
    this.#lifeMs = lifeMs
    this.#pauseMs = pauseMs
    this.#heartbeatMs = heartbeatMs
  }

  get open(): number {
    return this.#open.size
  }

  /**
   * `owner`: the listening account (`actorKey`).
   * @throws DomainError UNAVAILABLE when as many listen as may, or the process shuts down
   */
  respond(
    request: Request,
    owner: string,
    source: (listening: Listening) => AsyncGenerator<ServerSentEvent>,
  ): Response {
    const own = [...this.#open.values()].filter((each) => each === owner).length
    if (this.#closed || this.#open.size >= this.#max || own >= this.#maxPerOwner)
      throw new DomainError('UNAVAILABLE', 'too many streams of events are open: try again later', {
        retryAfterSeconds: 5,
      })
    const controller = new AbortController()
    const { signal } = controller
    this.#open.set(controller, owner)
    signal.addEventListener('abort', () => this.#open.delete(controller), { once: true })
    const life = setTimeout(() => controller.abort(), this.#lifeMs)
    signal.addEventListener('abort', () => clearTimeout(life), { once: true })
    request.signal.addEventListener('abort', () => controller.abort(), { once: true })
    const wait = async () => {
      await pause(this.#pauseMs, signal)
      return !signal.aborted
    }
    const headers = {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      // nginx would hold events back otherwise.
      'x-accel-buffering': 'no',
    }
    return countedResponse(this.#stream(source({ signal, wait }), controller), { headers })
  }

  /** Ends all streams: a process that shuts down does not wait for listeners. */
  [Symbol.dispose](): void {
    this.#closed = true
    for (const controller of this.#open.keys()) controller.abort()
  }

  #stream(events: AsyncGenerator<ServerSentEvent>, controller: AbortController): ReadableStream<Uint8Array> {
    const encoder = new TextEncoder()
    let next: Promise<IteratorResult<ServerSentEvent, unknown>> | undefined
    let beat: Promise<'nothing'> | undefined
    const nothing = async () => {
      await pause(this.#heartbeatMs, controller.signal)
      return 'nothing' as const
    }
    const end = async () => {
      controller.abort()
      await events.return(undefined)
    }
    return new ReadableStream<Uint8Array>(
      {
        start: (sink) => sink.enqueue(encoder.encode('retry: 1000\n\n')),
        pull: async (sink) => {
          next ??= events.next()
          beat ??= nothing()
          const come = await Promise.race([next, beat])
          if (come === 'nothing') beat = undefined
          if (come === 'nothing' && !controller.signal.aborted) {
            sink.enqueue(encoder.encode(': nothing new\n\n'))
            return
          }
          const { done, value } = come === 'nothing' ? { done: true, value: undefined } : come
          next = undefined
          if (done !== true && value !== undefined) {
            sink.enqueue(encoder.encode(textOf(value as ServerSentEvent)))
            return
          }
          await end()
          sink.close()
        },
        cancel: end,
      },
      { highWaterMark: 1 },
    )
  }
}

/** JSON has no line breaks of its own, so data is one line. */
function textOf({ event, id, data }: ServerSentEvent): string {
  return `event: ${event}\n${id === undefined ? '' : `id: ${id}\n`}data: ${JSON.stringify(data)}\n\n`
}

/** Ends early, and without an error, when the signal does. */
async function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return
  await new Promise<void>((resolve) => {
    const done = () => {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, ms)
    signal.addEventListener('abort', done, { once: true })
  })
}
