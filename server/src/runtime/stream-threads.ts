import { Worker } from 'node:worker_threads'
import type { FromThread, ToThread } from './stream-worker.ts'

export interface StreamThreadsOptions {
  /** Of a file that calls `serveStreams`: see `threadProgram`. */
  readonly program: URL
  readonly maxThreads: number
  /** A thread that computes so long without asking for more bytes is stuck. */
  readonly stuckAfterMs: number
  /** Of one run, waiting for bytes included. */
  readonly deadlineMs: number
}

/** A run took longer than it may; its thread is gone, and nothing else. */
export class ThreadStuck extends Error {
  override readonly name = 'ThreadStuck'
}

/** A thread died: most often of a lack of memory. */
export class ThreadDied extends Error {
  override readonly name = 'ThreadDied'
}

export interface RunOptions {
  readonly signal?: AbortSignal
}

const chunkBytes = 1024 * 1024
/** Chunks that may be on their way to a thread: it computes while the next ones are read. */
const maxChunksAhead = 4

/**
 * Runs work on streams of bytes in threads, off the event loop. This process reads the bytes, from wherever they come, and a
 * thread gets them as fast as it takes them. A thread that is stuck is ended, and the next run starts another.
 */
export class StreamThreads implements AsyncDisposable {
  readonly #options: StreamThreadsOptions
  readonly #idle: Worker[] = []
  readonly #waiting: (() => void)[] = []
  #threads = 0

  constructor(options: StreamThreadsOptions) {
    this.#options = options
  }

  /**
   * `request` goes to the thread's handler, which may open the stream more than once.
   * @throws ThreadStuck, ThreadDied, the reason of `signal`, what the stream throws, and an Error with the handler's message
   */
  async run(request: unknown, open: () => AsyncIterable<Uint8Array>, { signal }: RunOptions = {}): Promise<unknown> {
    signal?.throwIfAborted()
    const worker = await this.#take()
    // It may have waited long.
    let isWhole = true
    try {
      signal?.throwIfAborted()
      isWhole = false
      const value = await new ThreadRun(worker, open, this.#options).result(request, signal)
      isWhole = true
      return value
    } finally {
      this.#giveBack(worker, isWhole)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#idle.splice(0).map((worker) => worker.terminate()))
  }

  async #take(): Promise<Worker> {
    while (this.#idle.length === 0 && this.#threads >= this.#options.maxThreads) {
      const { promise, resolve } = Promise.withResolvers<void>()
      this.#waiting.push(resolve)
      await promise
    }
    const idle = this.#idle.pop()
    if (idle !== undefined) return idle
    this.#threads += 1
    try {
      return await startThread(this.#options.program)
    } catch (error) {
      this.#threads -= 1
      this.#waiting.shift()?.()
      throw error
    }
  }

  /** A thread whose run did not end in order may still be at it: it is not used again. */
  #giveBack(worker: Worker, isWhole: boolean): void {
    worker.removeAllListeners()
    if (isWhole) this.#idle.push(worker)
    else {
      this.#threads -= 1
      void worker.terminate()
    }
    this.#waiting.shift()?.()
  }
}

interface OpenStream {
  /** The thread's own count of what it opened. */
  readonly pass: number
  readonly chunks: AsyncIterator<Uint8Array>
  rest: Uint8Array
  wanted: number
  isReading: boolean
}

/** One run: its stream, its clocks, and the messages of its thread. */
class ThreadRun {
  readonly #worker: Worker
  readonly #open: () => AsyncIterable<Uint8Array>
  readonly #options: StreamThreadsOptions
  readonly #end = Promise.withResolvers<unknown>()
  #stream: OpenStream | undefined
  #isOver = false
  #stuck: ReturnType<typeof setTimeout> | undefined

  constructor(worker: Worker, open: () => AsyncIterable<Uint8Array>, options: StreamThreadsOptions) {
    this.#worker = worker
    this.#open = open
    this.#options = options
  }

  async result(request: unknown, signal: AbortSignal | undefined): Promise<unknown> {
    const { deadlineMs } = this.#options
    const fail = this.#end.reject
    const deadline = setTimeout(() => fail(new ThreadStuck(`it takes longer than ${deadlineMs} ms`)), deadlineMs)
    const onAbort = () => fail(signal?.reason)
    signal?.addEventListener('abort', onAbort, { once: true })
    this.#worker.on('message', (message: FromThread) => this.#onMessage(message))
    this.#worker.once('error', (error: Error) => fail(new ThreadDied(error.message.slice(0, 200))))
    this.#worker.once('exit', () => fail(new ThreadDied('the thread ended')))
    this.#send({ kind: 'run', request })
    this.#watch()
    try {
      return await this.#end.promise
    } finally {
      this.#isOver = true
      clearTimeout(deadline)
      clearTimeout(this.#stuck)
      signal?.removeEventListener('abort', onAbort)
      // A stream that hangs must not hold up the verdict on it.
      void this.#close().catch(() => {})
    }
  }

  #onMessage(message: FromThread): void {
    if (message.kind === 'done') this.#end.resolve(message.value)
    else if (message.kind === 'failed') this.#end.reject(new Error(message.message))
    else if (message.kind === 'open') void this.#reopen(message.pass)
    else if (message.kind === 'more' && message.pass === this.#stream?.pass) {
      this.#stream.wanted += 1
      void this.#feed(this.#stream)
    }
    this.#watch()
  }

  async #reopen(pass: number): Promise<void> {
    try {
      await this.#close()
      const chunks = this.#open()[Symbol.asyncIterator]()
      this.#stream = { pass, chunks, rest: new Uint8Array(0), wanted: maxChunksAhead, isReading: false }
      await this.#feed(this.#stream)
    } catch (error) {
      this.#end.reject(error)
    }
  }

  async #feed(stream: OpenStream): Promise<void> {
    if (stream.isReading) return
    stream.isReading = true
    const { pass } = stream
    try {
      while (stream.wanted > 0 && stream === this.#stream) {
        stream.wanted -= 1
        const chunk = await this.#next(stream)
        if (stream !== this.#stream) return
        if (chunk === undefined) {
          await this.#close()
          this.#send({ kind: 'end', pass })
        } else this.#send({ kind: 'chunk', pass, bytes: chunk }, [chunk.buffer])
        this.#watch()
      }
    } catch (error) {
      this.#end.reject(error)
    } finally {
      stream.isReading = false
    }
  }

  /** Bytes of their own, that can be given away. */
  async #next(stream: OpenStream): Promise<Uint8Array<ArrayBuffer> | undefined> {
    while (stream.rest.length === 0) {
      // Slow bytes are no fault of the thread.
      clearTimeout(this.#stuck)
      const { done, value } = await stream.chunks.next()
      if (done === true) return undefined
      stream.rest = value
    }
    const taken = new Uint8Array(stream.rest.subarray(0, chunkBytes))
    stream.rest = stream.rest.subarray(taken.length)
    return taken
  }

  async #close(): Promise<void> {
    const stream = this.#stream
    this.#stream = undefined
    await stream?.chunks.return?.()
  }

  #watch(): void {
    clearTimeout(this.#stuck)
    if (this.#isOver) return
    const { stuckAfterMs } = this.#options
    const fail = () => this.#end.reject(new ThreadStuck(`it computes longer than ${stuckAfterMs} ms`))
    this.#stuck = setTimeout(fail, stuckAfterMs)
  }

  #send(message: ToThread, transfer: ArrayBuffer[] = []): void {
    this.#worker.postMessage(message, transfer)
  }
}

/**
 * The file of a thread's program. In the executable, files that threads run have the paths that they have in the project, compiled.
 * @param path from the root of the project; its name ends in `-worker.ts`
 */
export function threadProgram(path: string): URL {
  return import.meta.url.includes('/$bunfs/')
    ? new URL(`./${path.replace(/\.ts$/, '.js')}`, import.meta.url)
    : new URL(`../../../${path}`, import.meta.url)
}

async function startThread(program: URL): Promise<Worker> {
  const worker = new Worker(program)
  worker.unref() // must not keep the process alive
  await new Promise<void>((resolve, reject) => {
    worker.once('message', () => resolve())
    worker.once('error', reject)
  })
  worker.removeAllListeners()
  return worker
}
