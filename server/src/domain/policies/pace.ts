import { setImmediate as nextTurn } from 'node:timers/promises'
import { DomainError } from '../errors.ts'

/** Some milliseconds of matching. */
const spentPerTurn = 500_000

export interface PaceOptions {
  /** Of the whole work: the budget of one request. */
  readonly max?: number
  /** What is too much, for the person who asked. */
  readonly tooMuch?: () => DomainError
}

const patternsTooMuch = (): DomainError =>
  new DomainError(
    'BAD_REQUEST',
    'these patterns are too much work for so many tags at once; make them simpler, look at one repository, or run the policy dry',
  )

/** Gives the event loop its turn in the middle of long work, and ends what takes too long for somebody to wait for it. */
export class Pace {
  readonly #max: number
  readonly #tooMuch: () => DomainError
  #spent = 0
  #total = 0

  constructor({ max = Infinity, tooMuch = patternsTooMuch }: PaceOptions = {}) {
    this.#max = max
    this.#tooMuch = tooMuch
  }

  /**
   * Whether it is time to `rest`. `cost`: looks of a matcher (`Matcher.costPerCharacter`), or what takes as long.
   * @throws DomainError when it was too much altogether
   */
  isDue(cost: number): boolean {
    this.#total += cost
    if (this.#total > this.#max) throw this.#tooMuch()
    this.#spent += cost
    return this.#spent >= spentPerTurn
  }

  async rest(): Promise<void> {
    this.#spent = 0
    await nextTurn()
  }
}
