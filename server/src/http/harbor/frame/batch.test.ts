import { expect, test } from 'bun:test'
import { DomainError } from '../../../domain/errors.ts'
import { withOrigin } from '../../../domain/request-origin.ts'
import { answerBatch, batchBody, maxBatchRows } from './batch.ts'
import { z } from 'zod'

function callOf<Item>(items: readonly Item[]) {
  const reported: unknown[] = []
  const controller = new AbortController()
  const request = new Request('http://registry.test/', { signal: controller.signal })
  return {
    call: { body: { items }, request, report: (error: unknown) => void reported.push(error) },
    reported,
    controller,
  }
}
const still = { clock: { now: () => 0 } }

test('each row has the status, the code and the reason of the operation for it alone', async () => {
  const { call, reported } = callOf(['a', 'b', 'c', 'd'])
  const bug = new Error('a bug, with secrets in its text')
  const { body } = await answerBatch(call, still, async (item) => {
    if (item === 'b') throw new DomainError('PRECONDITION', 'b is immutable', { reason: 'TAG_IMMUTABLE' })
    if (item === 'c') throw bug
  })
  expect(body).toEqual({
    results: [
      { item: 'a', status: 200 },
      { item: 'b', status: 412, code: 'PRECONDITION', reason: 'TAG_IMMUTABLE', message: 'b is immutable' },
      { item: 'c', status: 500, code: 'UNKNOWN', reason: 'UNKNOWN', message: 'internal server error' },
      { item: 'd', status: 200 },
    ],
    left: 0,
  })
  expect(reported).toEqual([bug])
})

test('a row that nobody foresaw names the request, as the answer to it alone does', async () => {
  const origin = { clientAddress: '192.0.2.1', isFromThisMachine: () => false, requestId: 'id-1' }
  const { body } = await withOrigin(origin, () =>
    answerBatch(callOf([1]).call, still, () => Promise.reject(new Error('a bug'))),
  )
  expect(body.results[0]?.message).toBe('internal server error (request id-1)')
})

test('what is named twice is done once', async () => {
  const done: number[] = []
  const { body } = await answerBatch(callOf([1, 2, 1]).call, still, async (item) => void done.push(item))
  expect([done, body.results.length]).toEqual([[1, 2], 2])
})

test('when its time is up the rest is left, and one row at least is done', async () => {
  let now = 0
  const answer = await answerBatch(callOf([1, 2, 3]).call, { clock: { now: () => now } }, async () => {
    now += 15_000
  })
  expect([answer.body.results.map(({ item }) => item), answer.body.left]).toEqual([[1, 2], 1])
  const slow = await answerBatch(callOf([1, 2]).call, { clock: { now: () => now } }, async () => {
    now += 60_000
  })
  expect(slow.body.left).toBe(1)
})

test('nothing more is done for a client that is gone', async () => {
  const { call, controller } = callOf([1, 2, 3])
  const done: number[] = []
  await answerBatch(call, still, async (item) => {
    done.push(item)
    controller.abort()
  })
  expect(done).toEqual([1])
})

test('a body has one row at least, a bounded number at the most, and no word that means nothing', () => {
  const body = batchBody(z.number())
  const rows = (count: number) => ({ items: Array.from({ length: count }, (_, index) => index) })
  expect([0, 1, maxBatchRows, maxBatchRows + 1].map((count) => body.safeParse(rows(count)).success)).toEqual([
    false,
    true,
    true,
    false,
  ])
  expect(body.safeParse({ items: [1], force: true }).success).toBe(false)
})
