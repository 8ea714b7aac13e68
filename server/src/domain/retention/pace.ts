import { setImmediate as nextTurn } from 'node:timers/promises'
import { DomainError } from '../errors.ts'

/** Some milliseconds of matching. */
const spentPerTurn = 1_000_000

/** Gives the event loop its turn in the middle of long work, and ends what takes too long for somebody to wait for it. */
export class Pace {
  readonly #most: number
  #spent = 0
  #total = 0

  constructor(most = Infinity) {
    this.#most = most
  }

  /**
   * Whether it is time to `rest`. `cost`: steps of a matcher, or what takes as long.
   * @throws DomainError BAD_REQUEST when it was too much altogether
   */
  isDue(cost: number): boolean {
    this.#total += cost
    if (this.#total > this.#most)
      throw new DomainError(
        'BAD_REQUEST',
        'these patterns are too much work for so many tags at once; make them simpler, look at one repository, or run the policy dry',
      )
    this.#spent += cost
    return this.#spent >= spentPerTurn
  }

  async rest(): Promise<void> {
    this.#spent = 0
    await nextTurn()
  }
}
