/** What an import could not take, counted, with the first ones named. */
export class ImportReport {
  #refused = 0
  readonly #examples: string[] = []
  readonly #passedOver: string[] = []

  /** An entry that cannot be read. */
  refused(what: string): void {
    this.#refused += 1
    if (this.#examples.length < 10) this.#examples.push(what.slice(0, 200))
  }

  /** A whole part about something that Berth does not scan for. */
  passedOver(what: string): void {
    if (this.#passedOver.length < 100) this.#passedOver.push(what.slice(0, 200))
  }

  summary(): ImportSummary {
    return { refused: this.#refused, examples: [...this.#examples], passedOver: [...this.#passedOver] }
  }
}

export interface ImportSummary {
  readonly refused: number
  readonly examples: readonly string[]
  readonly passedOver: readonly string[]
}
