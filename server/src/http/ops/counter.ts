import { counterFamily, type Labels } from './families.ts'
import type { MetricFamily } from './metric-families.ts'

/** A number that grows, by labels of a closed list. On the way of a request there are only additions. */
export class Counter {
  readonly #name: string
  readonly #help: string
  readonly #byKey = new Map<string, { readonly labels: Labels; count: number }>()

  constructor(name: string, help: string) {
    this.#name = name
    this.#help = help
  }

  /** Counts in one series, which is told from now on; whoever has many of them keeps the function. */
  series(labels: Labels): (amount: number) => void {
    const key = Object.values(labels).join(' ')
    const found = this.#byKey.get(key) ?? { labels, count: 0 }
    this.#byKey.set(key, found)
    return (amount) => void (found.count += amount)
  }

  add(labels: Labels, amount = 1): void {
    this.series(labels)(amount)
  }

  family(): MetricFamily {
    const samples = [...this.#byKey.values()].map(({ labels, count }) => [labels, count] as const)
    return counterFamily(this.#name, this.#help, samples)
  }
}
