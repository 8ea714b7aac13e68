import { setTimeout as pause } from 'node:timers/promises'

/** Bytes may come so much ahead of the limit: pieces come whole. */
const burstSeconds = 1

/** Slows all downloads of a project in this process to its share of the project's speed. */
export class SpeedLimit {
  /** Bytes per second; undefined: as fast as they come. */
  #rate: number | undefined
  #allowance = 0
  #filledAt = performance.now()

  /** `kilobits`: of the project, per second. `share`: the part of it that is this process's. */
  set(kilobits: number, share: number): void {
    this.#rate = kilobits > 0 ? ((kilobits * 1_024) / 8) * Math.min(1, share) : undefined
  }

  /** Returns when so many more bytes may be asked for. */
  async take(bytes: number, signal: AbortSignal): Promise<void> {
    if (this.#rate === undefined) return
    const now = performance.now()
    const earned = ((now - this.#filledAt) / 1_000) * this.#rate
    this.#filledAt = now
    this.#allowance = Math.min(this.#allowance + earned, this.#rate * burstSeconds) - bytes
    if (this.#allowance >= 0) return
    await pause((-this.#allowance / this.#rate) * 1_000, undefined, { signal })
  }
}
