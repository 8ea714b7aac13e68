import { expect, test } from 'bun:test'
import { availableProcessors } from '#server/config/processors.ts'
import { checkWorkers } from './check-workers.ts'

test('more processes than processors are worth a warning', () => {
  expect(checkWorkers({ workers: 2 }, 2).status).toBe('good')
  expect(checkWorkers({ workers: 3 }, 2)).toMatchObject({ status: 'warning', remedy: ['set workers to 2, or to 0'] })
})

test('a container counts the processors of its quota, rounded up, and one at the least', () => {
  const all = availableProcessors('max 100000')
  expect(availableProcessors('100000 100000')).toBe(1)
  expect(availableProcessors('20000 100000')).toBe(1)
  expect(availableProcessors('99900000 100000')).toBe(all)
  expect(availableProcessors('')).toBe(all)
})
