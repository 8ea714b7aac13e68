import { thenRest } from '../../runtime/then-rest.ts'

/** Rows of one transaction: few, so that pushes get their turn. */
const perTransaction = 10

/**
 * Gives `rows` to `work` in groups, with `workers` groups at a time; begins no new one when the signal is aborted.
 * The first failure ends it, once what had begun has ended.
 */
export async function workThrough<Row>(
  rows: readonly Row[],
  { workers = 1, signal }: { readonly workers?: number | undefined; readonly signal?: AbortSignal | undefined },
  work: (group: readonly Row[]) => Promise<void>,
  size = perTransaction,
): Promise<void> {
  let next = 0
  let failed = false
  const run = async () => {
    while (next < rows.length && !failed && signal?.aborted !== true) {
      const group = rows.slice(next, next + size)
      next += size
      try {
        await thenRest(() => work(group))
      } catch (error) {
        failed = true
        throw error
      }
    }
  }
  const outcomes = await Promise.allSettled(Array.from({ length: workers }, run))
  const failure = outcomes.find((outcome) => outcome.status === 'rejected')
  if (failure !== undefined) throw failure.reason
}
