import { setTimeout as pause } from 'node:timers/promises'
import { RegistryFailure, type RegistryFailureCode } from './registry-failure.ts'
import type { RetryPolicy } from './remote-registry.ts'

/** Failures that may be gone a moment later. */
const passing: ReadonlySet<RegistryFailureCode> = new Set([
  'UNREACHABLE',
  'TIMED_OUT',
  'UNAVAILABLE',
  'RATE_LIMITED',
  'CUT',
])

export type Sleep = (ms: number, signal: AbortSignal | undefined) => Promise<void>

export const sleepFor: Sleep = async (ms, signal) => await pause(ms, undefined, signal === undefined ? {} : { signal })

/**
 * How often, and after which pause, one piece of work is tried again: twice as long each time, half of it left to
 * chance, or as long as the registry asks for, if that is within the budget.
 */
export class RetryBudget {
  readonly #policy: RetryPolicy
  readonly #sleep: Sleep
  readonly #signal: AbortSignal | undefined
  #failures = 0
  #spentMs = 0

  constructor(policy: RetryPolicy, sleep: Sleep, signal: AbortSignal | undefined) {
    this.#policy = policy
    this.#sleep = sleep
    this.#signal = signal
  }

  /** Something was achieved: counting begins anew. The budget does not. */
  progressed(): void {
    this.#failures = 0
  }

  /** Returns after a pause when it makes sense to try again. @throws `error` when it does not */
  async orThrow(error: unknown): Promise<void> {
    const { attempts, firstPauseMs, maxPauseMs, budgetMs } = this.#policy
    if (!(error instanceof RegistryFailure) || !passing.has(error.code)) throw error
    if (++this.#failures >= attempts) throw error
    const longest = Math.min(maxPauseMs, firstPauseMs * 2 ** (this.#failures - 1))
    const wanted = error.retryAfterMs ?? longest * (0.5 + Math.random() / 2)
    if (this.#spentMs + wanted > budgetMs) throw error
    this.#spentMs += wanted
    await this.#sleep(wanted, this.#signal)
  }
}

/** Does the work until it succeeds or the budget ends. */
export async function retrying<T>(budget: RetryBudget, work: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await work()
    } catch (error) {
      await budget.orThrow(error)
    }
  }
}
