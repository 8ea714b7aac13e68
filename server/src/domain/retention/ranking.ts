/** A unit that rules count and date: an artifact, or a tag where each is looked at by itself. */
export interface Unit {
  readonly pushedAt: number
  readonly pulledAt: number | undefined
  /** Tells those of one moment apart, the same way each time. */
  readonly order: number
}

/** The latest `capacity` units by a time of theirs, out of any number: no more than twice as many are held. */
export class Ranking {
  readonly capacity: number
  readonly #timeOf: (unit: Unit) => number
  #units: Unit[] = []
  #sorted = true

  constructor(capacity: number, timeOf: (unit: Unit) => number) {
    this.capacity = capacity
    this.#timeOf = timeOf
  }

  add(unit: Unit): void {
    if (this.capacity === 0) return
    this.#units.push(unit)
    this.#sorted = false
    if (this.#units.length >= Math.max(2 * this.capacity, 1_024)) this.#settle()
  }

  /** Its place among those that were added, from 1; beyond `capacity` it is only known to be beyond. */
  placeOf(unit: Unit): number {
    this.#settle()
    let [low, high] = [0, this.#units.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.#compare(this.#units[middle]!, unit) < 0) low = middle + 1
      else high = middle
    }
    return low + 1
  }

  #settle(): void {
    if (this.#sorted) return
    this.#units.sort((one, other) => this.#compare(one, other))
    this.#units = this.#units.slice(0, this.capacity)
    this.#sorted = true
  }

  /** The latest first; of one moment, the one pushed last. */
  #compare(one: Unit, other: Unit): number {
    const [time, otherTime] = [this.#timeOf(one), this.#timeOf(other)]
    if (time !== otherTime) return time < otherTime ? 1 : -1
    return other.pushedAt - one.pushedAt || other.order - one.order
  }
}
