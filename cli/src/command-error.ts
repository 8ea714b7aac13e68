import type { ExitKind } from './exit-codes.ts'

export interface CommandErrorOptions {
  /** The remedy, in a line or a few; commands can be copied as they are. */
  readonly next?: string
  /** Says the exit code; default: `failed`. */
  readonly kind?: ExitKind
  /** A finer word for programs. */
  readonly reason?: string | undefined
  readonly cause?: unknown
}

/** A failure that a person can do something about. */
export class CommandError extends Error {
  override readonly name = 'CommandError'
  readonly next: string | undefined
  readonly kind: ExitKind | undefined
  readonly reason: string | undefined

  constructor(message: string, options: CommandErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.next = options.next
    this.kind = options.kind
    this.reason = options.reason
  }
}

/** Another process has said what is wrong; this one ends with the same code. */
export class EndedWith extends Error {
  override readonly name = 'EndedWith'
  readonly exitCode: number

  constructor(exitCode: number) {
    super(`ended with ${exitCode}`)
    this.exitCode = exitCode
  }
}
