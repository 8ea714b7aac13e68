import { DomainError } from '../errors.ts'

/** First and last byte of a chunk, as its Content-Range says. */
export interface Chunk {
  readonly start: number
  readonly end: number
}

/** @throws DomainError UPLOAD_OFFSET_WRONG (detail.offset: where to go on) */
export function assertContinues({ offset }: { readonly offset: number }, chunk: Chunk | undefined): void {
  if (chunk === undefined || chunk.start === offset) return
  throw new DomainError('UPLOAD_OFFSET_WRONG', `this upload continues at byte ${offset}, not at ${chunk.start}`, {
    detail: { offset },
  })
}

/** Counts the bytes of one request to an upload, and stops those that are too many before they are written. */
export class ChunkCounter {
  readonly #offset: number
  readonly #expected: number | undefined
  readonly #maxBytes: number
  #received = 0

  constructor(offset: number, chunk: Chunk | undefined, maxBytes: number) {
    this.#offset = offset
    this.#expected = chunk === undefined ? undefined : chunk.end - chunk.start + 1
    this.#maxBytes = maxBytes
  }

  /** @throws DomainError SIZE_INVALID when the chunk is longer than announced, or the blob too large */
  count(bytes: number): void {
    this.#received += bytes
    if (this.#expected !== undefined && this.#received > this.#expected) throw chunkLengthWrong(this.#expected)
    if (this.#offset + this.#received <= this.#maxBytes) return
    throw new DomainError('SIZE_INVALID', `a blob may have ${this.#maxBytes} bytes here at the most`, {
      detail: { maxBytes: this.#maxBytes },
    })
  }

  /** @throws DomainError SIZE_INVALID when the chunk is shorter than announced */
  assertWhole(): void {
    if (this.#expected !== undefined && this.#received !== this.#expected) throw chunkLengthWrong(this.#expected)
  }
}

function chunkLengthWrong(expected: number): DomainError {
  return new DomainError(
    'SIZE_INVALID',
    `the chunk does not have the ${expected} bytes that its Content-Range announces`,
  )
}
