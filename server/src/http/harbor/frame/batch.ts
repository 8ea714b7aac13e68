import { z } from 'zod'
import { withRequestId } from '../../../domain/request-origin.ts'
import { asDomainError } from '../../oci/error-response.ts'
import { refusalOf } from './harbor-error.ts'
import type { Call } from './route.ts'
import type { HarborServices } from './services.ts'

export const maxBatchRows = 100

/** No row begins after that: proxies give up on an answer that takes a minute. */
const maxBatchMs = 20_000

/** The body of a batch: what it is about, one by one. What is wished for all of them comes by `extend`. */
export const batchBody = <Item extends z.ZodType>(item: Item) =>
  z.strictObject({
    items: z.array(item).min(1).max(maxBatchRows).describe(`1 to ${maxBatchRows}; each is done by itself.`),
  })

export const batchAnswer = z.object({
  results: z.array(
    z.object({
      item: z.union([z.string(), z.number().int()]),
      status: z.number().int().describe('What the operation for one alone would have answered.'),
      code: z.string().optional(),
      reason: z.string().optional().describe('As in the header X-Berth-Error.'),
      message: z.string().optional(),
    }),
  ),
  left: z.number().int().describe('Items at the end that were not tried, because time was up: send them again.'),
})

type BatchCall<Item> = Pick<Call<unknown, unknown, { readonly items: readonly Item[] }>, 'body' | 'request' | 'report'>

/**
 * Does the same to each of the items, one after the other. `each` is the verb of the single operation: it asks for the
 * rights in its transaction and records its event, so a row is refused, counted and audited as if it had come alone. What one
 * row says concerns no other.
 */
export async function answerBatch<Item extends string | number>(
  { body, request, report }: BatchCall<Item>,
  { clock }: Pick<HarborServices, 'clock'>,
  each: (item: Item) => Promise<unknown>,
): Promise<{ body: z.output<typeof batchAnswer> }> {
  const items = [...new Set(body.items)]
  const until = clock.now() + maxBatchMs
  const results: z.output<typeof batchAnswer>['results'] = []
  for (const item of items) {
    if (results.length > 0 && (clock.now() >= until || request.signal.aborted)) break
    results.push({ item, ...(await outcomeOf(each(item), report)) })
  }
  return { body: { results, left: items.length - results.length } }
}

async function outcomeOf(work: Promise<unknown>, report: (error: unknown) => void) {
  try {
    await work
    return { status: 200 }
  } catch (thrown) {
    const error = asDomainError(thrown)
    if (error === undefined || error.cause !== undefined) report(thrown)
    // As the router answers what it has no words for.
    return error === undefined ? unforeseen() : refusalOf(error)
  }
}

const unforeseen = () => ({
  ...{ status: 500, code: 'UNKNOWN', reason: 'UNKNOWN' },
  message: withRequestId('internal server error'),
})
