import { expect, test } from 'bun:test'
import { cronWords } from './cron-words.ts'

test('a simple expression is a sentence', () => {
  expect(cronWords('0 5 * * * *')).toEqual({ every: 'hour', minute: '05' })
  expect(cronWords('0 30 2 * * *')).toEqual({ every: 'day', time: '02:30' })
  expect(cronWords('0 0 9 * * 1-5')).toEqual({ every: 'weekday', time: '09:00' })
  expect(cronWords('0 0 0 * * 0')).toEqual({ every: 'week', time: '00:00', dayOfWeek: 0 })
})

test('Sunday is 0 and 7', () => {
  expect(cronWords('0 0 0 * * 7')).toEqual({ every: 'week', time: '00:00', dayOfWeek: 0 })
})

test('spaces count once', () => {
  expect(cronWords('  0  30 2 * *   * ')).toEqual({ every: 'day', time: '02:30' })
})

test('an expression that says more is no sentence', () => {
  for (const cron of ['0 */5 * * * *', '0 0 0 1 * *', '0 0 0 * 2 *', '0 0 1,2 * * *', '0 0 0 * * 1,3', '', 'often'])
    expect([cron, cronWords(cron)]).toEqual([cron, undefined])
})

test('seconds that are not zero are no sentence, which would hide them', () => {
  expect(cronWords('30 0 2 * * *')).toBeUndefined()
})
