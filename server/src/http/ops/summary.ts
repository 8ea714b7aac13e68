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

  observe(key: string, labels: Labels, value: number): void {
    let series = this.#series.get(key)
    if (series === undefined) {
      series = { labels, last: new Float64Array(windowSize), count: 0, sum: 0 }
      this.#series.set(key, series)
    }
    series.last[series.count % windowSize] = value
    series.count += 1
    series.sum += value
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
