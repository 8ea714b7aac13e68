import { expect, test } from 'bun:test'
import { assertContinues, ChunkCounter } from './chunk.ts'

const codeOf = (work: () => void): unknown => {
  try {
    work()
    return 'done'
  } catch (error) {
    return (error as { code?: unknown }).code
  }
}

test('a chunk goes on where the upload stands, and hears where that is', () => {
  expect(codeOf(() => assertContinues({ offset: 5 }, undefined))).toBe('done')
  expect(codeOf(() => assertContinues({ offset: 5 }, { start: 5, end: 9 }))).toBe('done')
  for (const start of [0, 4, 6]) {
    expect(() => assertContinues({ offset: 5 }, { start, end: 9 })).toThrow(
      expect.objectContaining({ code: 'UPLOAD_OFFSET_WRONG', detail: { offset: 5 } }),
    )
  }
})

test('a chunk has the bytes that it announces, no more and no fewer', () => {
  const counting = (...pieces: number[]) => {
    const counter = new ChunkCounter(10, { start: 10, end: 14 }, Infinity)
    return codeOf(() => {
      for (const piece of pieces) counter.count(piece)
      counter.assertWhole()
    })
  }
  expect([counting(5), counting(2, 3), counting(2, 2), counting(3, 3), counting()]).toEqual([
    'done',
    'done',
    'SIZE_INVALID',
    'SIZE_INVALID',
    'SIZE_INVALID',
  ])
})

test('a blob stops at the largest size, counted from its first byte', () => {
  const counter = new ChunkCounter(10, undefined, 12)
  expect(codeOf(() => counter.count(2))).toBe('done')
  expect(codeOf(() => counter.count(1))).toBe('SIZE_INVALID')
})
