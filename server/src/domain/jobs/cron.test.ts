import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { assertCron, assertSeldom, cronOfPreset, nextOccurrence } from './cron.ts'

const at = (text: string) => Date.parse(text)
const nextOf = (cron: string, zone: string, from: string, count = 1): string[] => {
  const times: number[] = []
  for (let time = at(from); times.length < count;) times.push((time = nextOccurrence(cron, zone, time)))
  return times.map((time) => new Date(time).toISOString().replace('.000Z', 'Z'))
}

describe('six-field cron', () => {
  test('what people choose is what the words say', () => {
    const from = '2026-01-01T10:20:30Z'
    expect(nextOf(cronOfPreset.hourly, 'UTC', from)).toEqual(['2026-01-01T11:00:00Z'])
    expect(nextOf(cronOfPreset.daily, 'UTC', from)).toEqual(['2026-01-02T00:00:00Z'])
    expect(nextOf(cronOfPreset.weekly, 'UTC', from)).toEqual(['2026-01-04T00:00:00Z'])
  })

  test('an occurrence is strictly later than the moment asked from', () => {
    expect(nextOf('0 0 12 * * *', 'UTC', '2026-01-01T12:00:00Z')).toEqual(['2026-01-02T12:00:00Z'])
    expect(nextOf('*/20 * * * * *', 'UTC', '2026-01-01T12:00:00Z', 3)).toEqual([
      '2026-01-01T12:00:20Z',
      '2026-01-01T12:00:40Z',
      '2026-01-01T12:01:00Z',
    ])
  })

  test('day of month and day of week are alternatives when both are given; 5/10 goes from 5 on; ? is *', () => {
    expect(nextOf('0 0 0 13 * 5', 'UTC', '2026-01-03T00:00:00Z', 3)).toEqual([
      '2026-01-09T00:00:00Z',
      '2026-01-13T00:00:00Z',
      '2026-01-16T00:00:00Z',
    ])
    expect(nextOf('0 5/25 0 ? * *', 'UTC', '2026-01-03T00:00:00Z', 3)).toEqual([
      '2026-01-03T00:05:00Z',
      '2026-01-03T00:30:00Z',
      '2026-01-03T00:55:00Z',
    ])
  })

  test('a time that clocks skip comes right after the gap, and only on that day', () => {
    expect(nextOf('0 30 2 * * *', 'Europe/Berlin', '2026-03-28T00:00:00Z', 3)).toEqual([
      '2026-03-28T01:30:00Z',
      '2026-03-29T01:00:00Z',
      '2026-03-30T00:30:00Z',
    ])
    expect(nextOf('0 30 2 * * *', 'America/New_York', '2026-03-08T00:00:00Z', 2)).toEqual([
      '2026-03-08T07:00:00Z',
      '2026-03-09T06:30:00Z',
    ])
  })

  test('a time that clocks show twice comes once; every hour comes at every hour', () => {
    expect(nextOf('0 30 2 * * *', 'Europe/Berlin', '2026-10-24T12:00:00Z', 2)).toEqual([
      '2026-10-25T00:30:00Z',
      '2026-10-26T01:30:00Z',
    ])
    expect(nextOf('0 0 * * * *', 'Europe/Berlin', '2026-10-24T23:30:00Z', 4)).toEqual([
      '2026-10-25T00:00:00Z',
      '2026-10-25T01:00:00Z',
      '2026-10-25T02:00:00Z',
      '2026-10-25T03:00:00Z',
    ])
  })

  test('clocks without summer time, and those half an hour off, are right too', () => {
    expect(nextOf('0 0 9 * * 1-5', 'Asia/Shanghai', '2026-03-27T12:00:00Z')).toEqual(['2026-03-30T01:00:00Z'])
    expect(nextOf('0 0 9 * * *', 'Asia/Kolkata', '2026-03-27T12:00:00Z')).toEqual(['2026-03-28T03:30:00Z'])
    // Half an hour of summer time.
    expect(nextOf('0 0 12 * * *', 'Australia/Lord_Howe', '2026-04-03T12:00:00Z', 2)).toEqual([
      '2026-04-04T01:00:00Z',
      '2026-04-05T01:30:00Z',
    ])
  })

  test('what cannot be is refused with a sentence', () => {
    const wrong = [
      '',
      '* * * * *',
      '0 0 0 * * * *',
      '61 * * * * *',
      'a b c d e f',
      '@daily',
      '0 0 0 30 2 *',
      `0 ${'1,'.repeat(200)}1 * * * *`,
    ]
    for (const cron of wrong)
      expect(() => assertCron(cron, 'UTC', 0)).toThrow(expect.objectContaining({ code: 'BAD_REQUEST' }))
    for (const zone of ['', 'Mars/Olympus', '../etc', 'UTC; drop'])
      expect(() => assertCron('0 0 0 * * *', zone, 0)).toThrow(expect.objectContaining({ code: 'BAD_REQUEST' }))
  })

  test('every time found is a time that the fields name, on the clocks of the zone', () => {
    const zones = fc.constantFrom('UTC', 'Europe/Berlin', 'America/New_York', 'Asia/Shanghai', 'Australia/Lord_Howe')
    fc.assert(
      fc.property(
        zones,
        fc.integer({ min: 0, max: 59 }),
        fc.integer({ min: 4, max: 23 }),
        fc.integer({ min: at('2025-01-01T00:00:00Z'), max: at('2030-01-01T00:00:00Z') }),
        (zone, minute, hour, from) => {
          const next = nextOccurrence(`0 ${minute} ${hour} * * *`, zone, from)
          expect(next).toBeGreaterThan(from)
          // No day is left out: with summer time a day has 25 hours at the most.
          expect(next - from).toBeLessThanOrEqual(25 * 3_600_000)
          const parts = new Intl.DateTimeFormat('en-GB', {
            timeZone: zone,
            hour: '2-digit',
            minute: '2-digit',
            hourCycle: 'h23',
          })
          expect(parts.format(next)).toBe(`${String(hour).padStart(2, '0')}:${String(minute).padStart(2, '0')}`)
        },
      ),
      { numRuns: 300 },
    )
  })

  test('any text is either a schedule or refused, and quickly', () => {
    const field = fc.stringMatching(/^[0-9*/,?LW#A-Z-]{1,12}$/)
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.tuple(field, field, field, field, field, field).map((fields) => fields.join(' ')),
        ),
        (cron) => {
          try {
            expect(nextOccurrence(cron, 'UTC', at('2026-01-01T00:00:00Z'))).toBeGreaterThan(0)
          } catch (error) {
            expect(error).toMatchObject({ code: 'BAD_REQUEST' })
          }
        },
      ),
      { numRuns: 500 },
    )
  })
})

describe('how often something may come', () => {
  const allowed = (cron: string, byAdministrator: boolean): boolean => {
    try {
      assertSeldom(cron, byAdministrator)
      return true
    } catch (error) {
      expect(error).toMatchObject({ code: 'BAD_REQUEST' })
      return false
    }
  }

  test.each([
    '0 0 * * * *',
    '59 59 * * * *',
    '0 30 2 * * *',
    '0 30 2 * * 1-5',
    '0 0 1-23/2 * * *',
    '7 8 * 1 1 *',
    ...Object.values(cronOfPreset),
  ])('%s comes at most once an hour, and anybody may set it', (cron) => {
    expect([allowed(cron, false), allowed(cron, true)]).toEqual([true, true])
  })

  test.each([
    '0 * * * * *',
    '0 0,30 * * * *',
    '0 */59 * * * *',
    '0 0-1 3 * * *',
    '30 5/25 0 1 1 *',
    '0 1,2 3 4 5 *',
    '0 ? * * * *',
  ])('%s comes more than once an hour: an administrator may set it', (cron) => {
    expect([allowed(cron, false), allowed(cron, true)]).toEqual([false, true])
  })

  test.each([
    '* * * * * *',
    '*/30 * * * * *',
    '0,1 0 0 1 1 *',
    '0-59 0 0 * * *',
    '* * 18 * * *',
    '? 0 0 * * *',
    '5/50 0 0 * * *',
  ])('%s comes more than once a minute: nobody sets it', (cron) => {
    expect([allowed(cron, false), allowed(cron, true)]).toEqual([false, false])
  })

  test('what is allowed never comes sooner than said', () => {
    const field = (most: number) =>
      fc.oneof(
        fc.constant('*'),
        fc.integer({ min: 0, max: most }).map(String),
        fc.uniqueArray(fc.integer({ min: 0, max: most }), { minLength: 1, maxLength: 3 }).map((each) => each.join(',')),
        fc.integer({ min: 1, max: most }).map((step) => `*/${step}`),
      )
    fc.assert(
      fc.property(field(59), field(59), field(23), fc.boolean(), (second, minute, hour, byAdministrator) => {
        const cron = `${second} ${minute} ${hour} * * *`
        if (!allowed(cron, byAdministrator)) return
        let before = nextOccurrence(cron, 'UTC', at('2026-01-01T00:00:00Z'))
        for (let count = 0; count < 5; count++) {
          const next = nextOccurrence(cron, 'UTC', before)
          expect(next - before).toBeGreaterThanOrEqual(byAdministrator ? 60_000 : 3_600_000)
          before = next
        }
      }),
      { numRuns: 200 },
    )
  })
})
