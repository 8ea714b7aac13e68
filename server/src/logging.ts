import { write, writeSync } from 'node:fs'
import { promisify, styleText } from 'node:util'
import pino, { type Logger } from 'pino'

export type { Logger } from 'pino'

export type LogLevel = 'debug' | 'info' | 'warn' | 'error'

/** Which requests have a line: all; those that were refused, failed or broken off; none. */
export type LoggedRequests = 'all' | 'errors' | 'off'

/** What can be changed while the process runs. */
export interface LogChoice {
  readonly level: LogLevel
  readonly requests: LoggedRequests
}

export interface LogOptions {
  readonly level: LogLevel
  /** Default: all. */
  readonly requests?: LoggedRequests
  readonly format: 'json' | 'pretty' | 'auto'
  /** Stands in every line of a process that is one of several; they write to the same place. */
  readonly worker?: number
}

export interface Logging {
  readonly logger: Logger
  /** Appends one finished JSON object without its newline: for lines too frequent to be assembled by the logger. */
  writeLine(json: string): void
  /** Decides what is logged from now on. */
  choose(choice: LogChoice): void
  loggedRequests(): LoggedRequests
  /** Resolves when everything logged so far is written; for the end of the process. */
  close(): Promise<void>
  /** The same without waiting for a write under way; for an end that cannot wait. */
  flush(): void
}

/** Where finished lines go. */
export interface LineSink {
  write(line: string): void
  flush(): void
  close(): Promise<void>
}

/**
 * Names under which a secret could come into a log by mistake. Nothing logs headers or bodies on purpose;
 * this is the second net.
 */
const secretFields =
  'authorization Authorization cookie set-cookie password secret token access_token refresh_token private_jwk password_hash initialAdminPassword admin_password secret_key secretAccessKey'.split(
    ' ',
  )

/**
 * Logs to standard error: JSON lines, or for people on a terminal. Everything happens in this thread,
 * because a worker could not be found inside the single executable.
 */
export function createLogging(options: LogOptions, sink: LineSink = new BufferedLines(2, options)): Logging {
  const pretty = options.format === 'pretty' || (options.format === 'auto' && process.stderr.isTTY === true)
  const written: LineSink = pretty ? new PrettyLines(sink) : sink
  const target = options.worker === undefined ? written : new NumberedLines(written, options.worker)
  const logger = pino(
    {
      level: options.level,
      base: null,
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
      messageKey: 'message',
      errorKey: 'error',
      serializers: { error: presentError },
      redact: { paths: secretFields.flatMap((name) => [`["${name}"]`, `*["${name}"]`]), censor: '[hidden]' },
    },
    target,
  )
  let { requests = 'all' } = options
  return {
    logger,
    choose(choice) {
      logger.level = choice.level
      requests = choice.requests
    },
    loggedRequests: () => requests,
    writeLine: (json) => target.write(`${json}\n`),
    close: () => target.close(),
    flush: () => target.flush(),
  }
}

/** An error with its causes, without the stack of foreseen ones and without the values of a database row. */
function presentError(error: unknown): unknown {
  if (!(error instanceof Error)) return String(error)
  const { name, message, stack, cause } = error
  const code = (error as { code?: unknown }).code
  return {
    name,
    ...(code === undefined ? {} : { code }),
    message: withoutCredentials(message),
    stack: withoutCredentials(
      stack
        ?.split('\n')
        .slice(1, 12)
        .map((line) => line.trim())
        .join(' | ') ?? '',
    ),
    ...(cause === undefined ? {} : { cause: presentError(cause) }),
  }
}

/** `scheme://user:password@host` loses its password; bearer and basic credentials are cut out. */
export function withoutCredentials(text: string): string {
  return text
    .replace(/(:\/\/[^\s:/@]*):[^\s@/]*@/g, '$1:[hidden]@')
    .replace(/\b(bearer|basic)\s+[\w.~+/=-]{8,}/gi, '$1 [hidden]')
}

/**
 * Collects lines for a moment and writes them together, one write at a time, off the event loop. When the
 * reader of the log stands still, memory is bounded: lines are dropped, and their number is logged.
 */
export class BufferedLines implements LineSink {
  static readonly #flushAfterMs = 50
  static readonly #flushAtLength = 64 * 1024
  static readonly #maxLength = 8 * 1024 * 1024

  readonly #descriptor: number
  #text = ''
  #dropped = 0
  #writing: Promise<void> | undefined
  #timer: ReturnType<typeof setTimeout> | undefined

  /** The limit of bytes for one call; undefined: everything that waits. */
  readonly #pieceBytes: number | undefined

  /** With a worker's number, other processes write to the descriptor too. */
  constructor(descriptor: number, { worker }: { readonly worker?: number } = {}) {
    this.#descriptor = descriptor
    this.#pieceBytes = worker === undefined ? undefined : unmixedBytes
  }

  write(line: string): void {
    if (this.#text.length > BufferedLines.#maxLength) {
      this.#dropped += 1
      return
    }
    this.#text += line
    if (this.#writing !== undefined) return
    if (this.#text.length >= BufferedLines.#flushAtLength) this.#start()
    else this.#timer ??= setTimeout(() => this.#start(), BufferedLines.#flushAfterMs).unref()
  }

  async close(): Promise<void> {
    while (this.#writing !== undefined || this.#text !== '') {
      if (this.#writing === undefined) this.#start()
      await this.#writing
    }
  }

  flush(): void {
    for (let bytes = Buffer.from(this.#take()); bytes.length > 0;) {
      try {
        bytes = bytes.subarray(writeSync(this.#descriptor, bytes))
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') return // the log has no reader any more
      }
    }
  }

  #start(): void {
    this.#writing = this.#writeAll(Buffer.from(this.#take())).finally(() => {
      this.#writing = undefined
      if (this.#text !== '') this.#timer ??= setTimeout(() => this.#start(), BufferedLines.#flushAfterMs).unref()
    })
  }

  async #writeAll(bytes: Buffer): Promise<void> {
    while (bytes.length > 0) {
      try {
        bytes = bytes.subarray(await writeSome(this.#descriptor, this.#pieceOf(bytes)))
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') return // the reader is gone; serving goes on
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
    }
  }

  /** As many whole lines as fit; a longer line goes alone. */
  #pieceOf(bytes: Buffer): Buffer {
    if (this.#pieceBytes === undefined || bytes.length <= this.#pieceBytes) return bytes
    const fitting = bytes.lastIndexOf(newline, this.#pieceBytes - 1)
    const end = fitting >= 0 ? fitting : bytes.indexOf(newline)
    return end >= 0 ? bytes.subarray(0, end + 1) : bytes
  }

  #take(): string {
    clearTimeout(this.#timer)
    this.#timer = undefined
    if (this.#dropped > 0) {
      const time = new Date().toISOString()
      this.#text += `{"level":"warn","time":"${time}","message":"log lines dropped","lines":${this.#dropped}}\n`
      this.#dropped = 0
    }
    const text = this.#text
    this.#text = ''
    return text
  }
}

/** PIPE_BUF of Linux: what is written to a pipe at once up to here does not mix with what others write. */
const unmixedBytes = 4096
const newline = 0x0a

/** Says in each line which of several processes wrote it. */
class NumberedLines implements LineSink {
  readonly #sink: LineSink
  readonly #ending: string

  constructor(sink: LineSink, worker: number) {
    this.#sink = sink
    this.#ending = `,"worker":${worker}}\n`
  }

  write(line: string): void {
    this.#sink.write(line.slice(0, line.lastIndexOf('}')) + this.#ending)
  }

  flush(): void {
    this.#sink.flush()
  }

  close(): Promise<void> {
    return this.#sink.close()
  }
}

const writeSome = promisify(
  (descriptor: number, bytes: Buffer, done: (error: Error | null, written: number) => void): void =>
    write(descriptor, bytes, done),
)

const colours = { debug: 'gray', info: 'green', warn: 'yellow', error: 'red', fatal: 'red' } as const

/** `14:03:07 info  message  key=value …` from each JSON line. */
class PrettyLines implements LineSink {
  readonly #sink: LineSink

  constructor(sink: LineSink) {
    this.#sink = sink
  }

  write(line: string): void {
    this.#sink.write(prettyLine(line))
  }

  flush(): void {
    this.#sink.flush()
  }

  close(): Promise<void> {
    return this.#sink.close()
  }
}

export function prettyLine(line: string): string {
  const { level, time, message, ...rest } = JSON.parse(line) as Record<string, unknown>
  const word = String(level)
  const colour = colours[word as keyof typeof colours] ?? 'white'
  const facts = Object.entries(rest).map(([key, value]) => `${styleText('gray', `${key}=`)}${presentValue(value)}`)
  const moment = new Date(String(time)).toTimeString().slice(0, 8)
  const words = [
    styleText('gray', moment),
    styleText(colour, word.padEnd(5)),
    printable(String(message ?? '')),
    ...facts,
  ]
  return `${words.join(' ')}\n`
}

function presentValue(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  return printable(/[\s"=]/.test(text) && typeof value === 'string' ? JSON.stringify(text) : text)
}

// oxlint-disable-next-line no-control-regex -- they are what is looked for
const unprintable = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g

/** A terminal obeys control characters; names chosen by clients must not reach it raw. */
function printable(text: string): string {
  return text.replace(unprintable, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)
}
