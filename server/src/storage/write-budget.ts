/** A write in the event loop that took longer means that the disk, not the page cache, sets the pace. */
const slowWriteMs = 25
/** For this long nothing is written in the event loop then. */
const slowForMs = 1_000
/** How long room stays unused before it is offered to the next upload. */
const offerMs = 1

/**
 * The pace at which the disk takes bytes, over all uploads. Memory must not fill with what waits for the
 * disk, and the event loop must not wait for it either.
 */
export class WriteBudget {
  readonly #limitBytes: number
  #bytes = 0
  #slowUntil = 0
  #offering: Timer | undefined
  readonly #waiting: (() => void)[] = []

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes
  }

  /** Bytes go on their way. Always granted, so that nobody waits while holding bytes. */
  take(bytes: number): void {
    this.#bytes += bytes
  }

  /** Bytes have arrived, or never will. */
  give(bytes: number): void {
    this.#bytes -= bytes
    this.#wakeOne()
  }

  hasRoom(): boolean {
    return this.#bytes < this.#limitBytes
  }

  /** A promise when the caller must wait before it reads more. */
  room(): Promise<void> | undefined {
    if (this.hasRoom()) return undefined
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  /** Whether a write in the event loop would, as far as one can know, hold it up only for a moment. */
  writesAreQuick(): boolean {
    return performance.now() >= this.#slowUntil
  }

  /** Runs a write in the event loop and learns from the time it takes. */
  timed(write: () => void): void {
    const startedAt = performance.now()
    try {
      write()
    } finally {
      const endedAt = performance.now()
      if (endedAt - startedAt > slowWriteMs) this.#slowUntil = endedAt + slowForMs
    }
  }

  /**
   * One for each write that ended, as it is about to bring the next. Its client may have sent nothing, and
   * then no further write ends: the room it leaves is offered to the others one by one, a little later.
   */
  #wakeOne(): void {
    if (this.#waiting.length === 0 || !this.hasRoom()) return
    this.#waiting.shift()!()
    if (this.#offering !== undefined) return
    this.#offering = setTimeout(() => {
      this.#offering = undefined
      this.#wakeOne()
    }, offerMs)
  }
}
