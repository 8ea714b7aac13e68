import { setImmediate as nextTurn } from 'node:timers/promises'

/** Some milliseconds of matching. */
const spentPerTurn = 1_000_000

/** Gives the event loop its turn in the middle of long work. */
export class Pace {
  #spent = 0

  /** Whether it is time to `rest`. `cost`: steps of a matcher, or what takes as long. */
  isDue(cost: number): boolean {
    this.#spent += cost
    return this.#spent >= spentPerTurn
  }

  async rest(): Promise<void> {
    this.#spent = 0
    await nextTurn()
  }
}
