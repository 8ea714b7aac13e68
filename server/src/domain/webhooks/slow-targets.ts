/** Kept in mind; of more the oldest is forgotten. */
const maxTargets = 10_000
/** A refusal comes at once. Only a receiver that lets a worker wait takes its time from others. */
const slowMs = 2_000
const firstRestMs = 10_000
const maxRestMs = 10 * 60 * 1_000

/**
 * Targets that gave no answer and took long about it. Each is left alone for a while, twice as long each time: it has a sequence
 * for each repository, and all of them together must not keep the workers from the receivers of others. One process' view.
 */
export class SlowTargets {
  readonly #resting = new Map<string, { readonly until: number; readonly restMs: number }>()

  isResting(target: string, now: number): boolean {
    return (this.#resting.get(target)?.until ?? 0) > now
  }

  /** Says how an attempt went. */
  note(target: string, { tookMs, answered, now }: { tookMs: number; answered: boolean; now: number }): void {
    const before = this.#resting.get(target)
    this.#resting.delete(target)
    if (answered || tookMs < slowMs) return
    const restMs = before === undefined ? firstRestMs : Math.min(maxRestMs, before.restMs * 2)
    this.#resting.set(target, { until: now + restMs, restMs })
    const [oldest] = this.#resting.keys()
    if (this.#resting.size > maxTargets && oldest !== undefined) this.#resting.delete(oldest)
  }
}
