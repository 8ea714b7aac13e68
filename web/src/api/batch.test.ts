import { expect, test } from 'bun:test'
import { ApiError } from './api-error.ts'
import { maxBatchRows, runBatch, type BatchAnswer } from './batch.ts'

const items = Array.from({ length: 250 }, (_, index) => index)
const fine = (part: readonly (string | number)[], left = 0): BatchAnswer => ({
  results: part.slice(0, part.length - left).map((item) => ({ item, status: 200 })),
  left,
})

test('many items go in requests of a hundred, and what a request had no time for goes again', async () => {
  const sent: number[] = []
  const tried: number[] = []
  const { done, untried } = await runBatch(
    items,
    async (part) => {
      sent.push(part.length)
      return fine(part, sent.length === 1 ? 40 : 0)
    },
    { onProgress: (count) => tried.push(count) },
  )
  expect([done, untried]).toEqual([items, []])
  expect(sent).toEqual([maxBatchRows, maxBatchRows, 90])
  expect(tried).toEqual([60, 160, 250])
})

test('a row that is refused keeps its reason, and the others are done', async () => {
  const { done, refused } = await runBatch([1, 2], async () => ({
    results: [
      { item: 1, status: 412, code: 'PRECONDITION', reason: 'TAG_IMMUTABLE', message: 'immutable' },
      { item: 2, status: 200 },
    ],
    left: 0,
  }))
  expect(done).toEqual([2])
  expect([refused.get(1)?.status, refused.get(1)?.reason]).toEqual([412, 'TAG_IMMUTABLE'])
})

test('after a request that failed nothing more is sent, and what was done before is known', async () => {
  const gone = new ApiError(0, 'UNREACHABLE', '')
  let requests = 0
  const { done, untried, failure } = await runBatch(items, async (part) => {
    if ((requests += 1) > 1) throw gone
    return fine(part)
  })
  expect([done.length, untried.length, failure, requests]).toEqual([100, 150, gone, 2])
})

test('whoever stops it gets no further request', async () => {
  const stop = new AbortController()
  const { done, untried, failure } = await runBatch(
    items,
    async (part) => {
      stop.abort()
      return fine(part)
    },
    { signal: stop.signal },
  )
  expect([done.length, untried.length, failure]).toEqual([100, 150, undefined])
})
