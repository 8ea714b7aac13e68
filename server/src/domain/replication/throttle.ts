import { setTimeout as pause } from 'node:timers/promises'

/** Bytes a second behind a kilobit a second, Harbor's unit of speed. */
const bytesPerKilobit = 128
/** Of a second's worth, so that small blobs are not slowed down. */
const burstSeconds = 1

/** Lets bytes through at the speed of a rule, however many streams there are. */
export class Throttle {
  readonly #bytesPerMs: number
  readonly #now: () => number
  readonly #sleep: (ms: number, signal: AbortSignal) => Promise<void>
  /** When all that was let through would have gone through by itself. */
  #paidUntil = Number.NEGATIVE_INFINITY

  /** `kilobits` a second; 0: as fast as it goes. */
  constructor(
    kilobits: number,
    now: () => number = () => performance.now(),
    sleep: (ms: number, signal: AbortSignal) => Promise<void> = async (ms, signal) =>
      await pause(ms, undefined, { signal }),
  ) {
    this.#bytesPerMs = (kilobits * bytesPerKilobit) / 1_000
    this.#now = now
    this.#sleep = sleep
  }

  async *through(bytes: AsyncIterable<Uint8Array>, signal: AbortSignal): AsyncGenerator<Uint8Array> {
    for await (const piece of bytes) {
      signal.throwIfAborted()
      await this.#pay(piece.byteLength, signal)
      yield piece
    }
  }

  async #pay(bytes: number, signal: AbortSignal): Promise<void> {
    if (this.#bytesPerMs === 0) return
    const now = this.#now()
    this.#paidUntil = Math.max(this.#paidUntil, now - burstSeconds * 1_000) + bytes / this.#bytesPerMs
    if (this.#paidUntil > now) await this.#sleep(this.#paidUntil - now, signal)
  }
}
