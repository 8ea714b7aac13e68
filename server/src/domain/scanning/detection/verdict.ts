import type { Unread } from '../inventory.ts'

/** The verdict on a layer or a file that cannot be looked into: the one error that a parser of this folder throws. */
export class Unreadable extends Error {
  override readonly name = 'Unreadable'
  readonly code: Unread['code']

  constructor(code: Unread['code'], reason: string) {
    super(reason)
    this.code = code
  }

  about(where: string): Unread {
    return { code: this.code, where, reason: this.message }
  }
}

export const damaged = (reason: string): Unreadable => new Unreadable('DAMAGED', reason)

export const tooLarge = (reason: string): Unreadable => new Unreadable('TOO_LARGE', reason)

/** Whatever a parser threw over foreign bytes, as a verdict: a library's error says that the text is not as its format wants it. */
export function verdictOf(error: unknown): Unreadable {
  if (error instanceof Unreadable) return error
  if (error instanceof RangeError) return new Unreadable('TOO_DEEP', 'it is nested too deep, or too large')
  return damaged(error instanceof Error ? error.message.slice(0, 200) : 'it cannot be read')
}
