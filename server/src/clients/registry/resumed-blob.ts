import { algorithmOf, encodedOf, type Digest } from '#contract/digest.ts'
import { createHasher, type Hasher } from '../../runtime/hasher.ts'
import type { BodyReader } from './body-reader.ts'
import type { RetryBudget } from './retry-budget.ts'
import { RegistryFailure } from './registry-failure.ts'

/** One answer with bytes of a blob. */
export interface OpenedPart {
  readonly body: BodyReader
  /** Position of its first byte in the blob. */
  readonly start: number
  /** Of the whole blob; undefined when the registry does not say. */
  readonly sizeBytes: number | undefined
}

export interface ResumedBlobOptions {
  readonly host: string
  /** Position of the first byte that is wanted. */
  readonly from: number
  /** Position behind the last one; undefined where nobody knows: then the end of the answer is the end. */
  readonly end: number | undefined
  /** Position that nothing is wanted behind; undefined for a whole blob, which has nothing there. */
  readonly until: number | undefined
  /** Compared at the end; undefined for a part. */
  readonly digest: Digest | undefined
  readonly budget: RetryBudget
  /** Asks for everything from a position on. */
  readonly reopen: (start: number) => Promise<OpenedPart | undefined>
}

/** Fewer bytes than this between two cuts are no progress. */
const progressBytes = 256 * 1024

/**
 * The bytes of a blob as one stream, however many answers they take: one that breaks off, drips or falls silent is
 * gone on with from the byte it had come to. Nothing is read before somebody wants it.
 */
export function resumedBlob(first: OpenedPart, options: ResumedBlobOptions): ReadableStream<Uint8Array> {
  const reading = new BlobReading(first, options)
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const piece = await reading.next()
        if (piece === undefined) controller.close()
        else controller.enqueue(piece)
      },
      cancel() {
        reading.discard()
      },
    },
    { highWaterMark: 0 },
  )
}

class BlobReading {
  readonly #options: ResumedBlobOptions
  readonly #hasher: Hasher | undefined
  #part: OpenedPart
  /** Of the next byte of the answer. */
  #arriving: number
  /** Of the next byte that is wanted. */
  #position: number
  #sinceCut = 0

  constructor(first: OpenedPart, options: ResumedBlobOptions) {
    this.#options = options
    this.#part = first
    this.#arriving = first.start
    this.#position = options.from
    this.#hasher = options.digest === undefined ? undefined : createHasher(algorithmOf(options.digest))
  }

  discard(): void {
    this.#part.body.discard()
  }

  /** The next bytes; undefined behind the last one. */
  async next(): Promise<Uint8Array | undefined> {
    for (;;) {
      const { end, until } = this.#options
      if (this.#position === end || this.#position === until) return await this.#finish()
      const piece = await this.#nextPiece()
      if (piece === undefined) {
        if (end === undefined) return await this.#finish()
        await this.#goOn(
          new RegistryFailure('CUT', `${this.#options.host} ended a blob ${end - this.#position} bytes early`),
        )
        continue
      }
      const wanted = this.#wantedOf(piece)
      if (wanted.byteLength > 0) return wanted
    }
  }

  async #nextPiece(): Promise<Uint8Array | undefined> {
    for (;;) {
      try {
        return await this.#part.body.next()
      } catch (error) {
        await this.#goOn(error)
      }
    }
  }

  /** Without bytes that had come already, and of a part without those behind it. */
  #wantedOf(piece: Uint8Array): Uint8Array {
    const { end, until, digest, host } = this.#options
    const skipped = Math.min(piece.byteLength, Math.max(0, this.#position - this.#arriving))
    this.#arriving += piece.byteLength
    let wanted = piece.subarray(skipped)
    if (until !== undefined) wanted = wanted.subarray(0, until - this.#position)
    if (end !== undefined && this.#position + wanted.byteLength > end) {
      this.discard()
      throw new RegistryFailure('TOO_LARGE', `${host} sends more than the ${end} bytes of ${digest ?? 'a blob'}`)
    }
    this.#position += wanted.byteLength
    this.#sinceCut += wanted.byteLength
    this.#hasher?.update(wanted)
    return wanted
  }

  async #goOn(error: unknown): Promise<void> {
    const { budget, reopen, host } = this.#options
    this.discard()
    if (this.#sinceCut >= progressBytes) budget.progressed()
    this.#sinceCut = 0
    await budget.orThrow(error)
    const part = await reopen(this.#position)
    if (part === undefined) throw new RegistryFailure('UNKNOWN', `${host} has the blob no longer`, { cause: error })
    this.#part = part
    this.#arriving = part.start
  }

  async #finish(): Promise<undefined> {
    const { digest, host } = this.#options
    // Its end gives the connection back for the next request. Where no end is announced, nobody waits for one.
    if (this.#part.body.isComplete) await this.#part.body.next()
    else this.discard()
    if (digest === undefined || this.#hasher?.digestHex() === encodedOf(digest)) return undefined
    throw new RegistryFailure('DIGEST_MISMATCH', `the bytes that ${host} sends for ${digest} have another digest`)
  }
}
