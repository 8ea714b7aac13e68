import { labelled, type Labels } from './families.ts'
import type { MetricFamily } from './metric-families.ts'

const quantiles = [0.5, 0.9, 0.99]
/** The last observations of one series, from which quantiles are read. */
const windowSize = 256

interface Series {
  readonly labels: Labels
  readonly last: Float64Array
  count: number
  sum: number
}

/** Observations as a summary: quantiles of the last ones, and their sum and number since the start. */
export class Summary {
  readonly #name: string
  readonly #help: string
  readonly #series = new Map<string, Series>()

  constructor(name: string, help: string) {
    this.#name = name
    this.#help = help
  }

  /** Observes a value of one series; whoever has many of them keeps the function. `key` tells the labels apart. */
  series(key: string, labels: Labels): (value: number) => void {
    const found = this.#series.get(key) ?? { labels, last: new Float64Array(windowSize), count: 0, sum: 0 }
    this.#series.set(key, found)
    return (value) => {
      found.last[found.count % windowSize] = value
      found.count += 1
      found.sum += value
    }
  }

  observe(key: string, labels: Labels, value: number): void {
    this.series(key, labels)(value)
  }

  /** Each worker has its own: quantiles cannot be added up. */
  family(): MetricFamily {
    const samples: (readonly [string, number])[] = []
    for (const { labels, last, count, sum } of this.#series.values()) {
      const sorted = last.slice(0, Math.min(count, windowSize)).toSorted()
      for (const quantile of quantiles) {
        const value = sorted[Math.min(sorted.length - 1, Math.floor(quantile * sorted.length))]!
        samples.push([labelled({ ...labels, quantile }), value])
      }
      samples.push([`_sum${labelled(labels)}`, sum], [`_count${labelled(labels)}`, count])
    }
    return { name: this.#name, type: 'summary', help: this.#help, across: 'each', samples }
  }
}
