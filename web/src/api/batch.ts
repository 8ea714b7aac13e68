import { ApiError } from './api-error.ts'
import type { AnswerOf } from './client.ts'

export type BatchAnswer = AnswerOf<'POST /batch/delete-labels'>
type Item = string | number

/** As many as the API takes by one request. */
export const maxBatchRows = 100

export interface BatchOutcome {
  /** By item, the refusal as if it had come alone. */
  readonly refused: ReadonlyMap<Item, ApiError>
  readonly done: readonly Item[]
  /** Items that were not sent, because a request failed or somebody stopped it. */
  readonly untried: readonly Item[]
  /** Why it did not go on. */
  readonly failure: unknown
}

interface BatchOptions {
  /** After each request: how many were tried. */
  onProgress?(tried: number): void
  readonly signal?: AbortSignal
}

/** Sends items in requests of a hundred, one after the other, and again what a request had no time for. */
export async function runBatch(
  items: readonly Item[],
  send: (items: Item[]) => Promise<BatchAnswer>,
  { onProgress, signal }: BatchOptions = {},
): Promise<BatchOutcome> {
  const refused = new Map<Item, ApiError>()
  const done: Item[] = []
  let untried = [...items]
  let failure: unknown
  while (untried.length > 0 && signal?.aborted !== true) {
    const part = untried.slice(0, maxBatchRows)
    try {
      const { results, left } = await send(part)
      for (const { item, status, code = '', message = '', reason } of results)
        if (status < 300) done.push(item)
        else refused.set(item, new ApiError(status, code, message, { reason }))
      untried = untried.slice(part.length - left)
    } catch (error) {
      failure = error
      break
    }
    onProgress?.(items.length - untried.length)
  }
  return { refused, done, untried, failure }
}
