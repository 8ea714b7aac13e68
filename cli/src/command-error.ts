export interface CommandErrorOptions {
  /** What to do now, in a line or a few; commands ready to be copied. */
  readonly next?: string
  readonly exitCode?: number
  readonly cause?: unknown
}

/** A failure that a person can do something about. */
export class CommandError extends Error {
  override readonly name = 'CommandError'
  readonly next: string | undefined
  readonly exitCode: number | undefined

  constructor(message: string, options: CommandErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.next = options.next
    this.exitCode = options.exitCode
  }
}
