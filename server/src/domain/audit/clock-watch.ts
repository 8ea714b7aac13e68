import type { Clock } from '../clock.ts'

/** A clock that is kept by NTP drifts by less between two looks. */
const noticedMs = 2_000

/** Compares the clock with one that nobody can set. */
export class ClockWatch {
  readonly #clock: Clock
  readonly #monotonic: () => number
  #ahead: number | undefined

  constructor({ clock, monotonic }: { readonly clock: Clock; readonly monotonic: () => number }) {
    this.#clock = clock
    this.#monotonic = monotonic
  }

  /** By how many seconds the clock was set since the last look; undefined when it was not. */
  look(): number | undefined {
    const ahead = this.#clock.now() - this.#monotonic()
    const before = this.#ahead
    this.#ahead = ahead
    if (before === undefined || Math.abs(ahead - before) < noticedMs) return undefined
    return Math.round((ahead - before) / 1_000)
  }
}
