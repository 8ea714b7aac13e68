import { labelled, type Labels } from './families.ts'
import type { MetricFamily } from './metric-families.ts'

interface Counts {
  readonly labels: Labels
  readonly counts: Uint32Array
  sumSeconds: number
}

/** Durations by labels of a closed list, in buckets. On the way of a request there are only additions. */
export class Durations {
  readonly #name: string
  readonly #help: string
  readonly #buckets: readonly number[]
  readonly #byKey = new Map<string, Counts>()

  /** @param buckets upper bounds in seconds */
  constructor(name: string, help: string, buckets: readonly number[]) {
    this.#name = name
    this.#help = help
    this.#buckets = buckets
  }

  /** Observes a value of one series; whoever has many of them keeps the function. `key` tells the labels apart. */
  series(key: string, labels: Labels): (seconds: number) => void {
    const buckets = this.#buckets
    const found = this.#byKey.get(key) ?? { labels, counts: new Uint32Array(buckets.length + 1), sumSeconds: 0 }
    this.#byKey.set(key, found)
    return (seconds) => {
      let index = 0
      while (index < buckets.length && seconds > buckets[index]!) index += 1
      found.counts[index]! += 1
      found.sumSeconds += seconds
    }
  }

  observe(key: string, labels: Labels, seconds: number): void {
    this.series(key, labels)(seconds)
  }

  family(): MetricFamily {
    const samples: (readonly [string, number])[] = []
    for (const { labels, counts, sumSeconds } of this.#byKey.values()) {
      let sum = 0
      for (const [index, count] of counts.entries()) {
        sum += count
        samples.push([`_bucket${labelled({ ...labels, le: this.#buckets[index] ?? '+Inf' })}`, sum])
      }
      samples.push([`_sum${labelled(labels)}`, sumSeconds], [`_count${labelled(labels)}`, sum])
    }
    return { name: this.#name, type: 'histogram', help: this.#help, across: 'sum', samples }
  }
}
