import { setTimeout as wait } from 'node:timers/promises'

const maxAheadMs = 20

/** Lets so many bytes through in a second, so that pulls and pushes have the disk and the network. */
export class ByteThrottle {
  readonly #bytesPerSecond: number
  #begun = performance.now()
  #bytes = 0

  constructor(bytesPerSecond: number) {
    this.#bytesPerSecond = bytesPerSecond
  }

  async take(bytes: number, signal: AbortSignal): Promise<void> {
    const now = performance.now()
    const due = this.#begun + (this.#bytes / this.#bytesPerSecond) * 1000
    // Unused time of a pause is lost.
    if (due < now) {
      this.#begun = now
      this.#bytes = 0
    }
    this.#bytes += bytes
    const ahead = this.#begun + (this.#bytes / this.#bytesPerSecond) * 1000 - now
    if (ahead > maxAheadMs) await wait(ahead, undefined, { signal })
  }
}
