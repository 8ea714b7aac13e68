import { Cron } from 'croner'
import { DomainError } from '../errors.ts'

/** Schedules that people choose instead of writing a cron expression, as Harbor's portal words them. */
export const cronOfPreset = { hourly: '0 0 * * * *', daily: '0 0 0 * * *', weekly: '0 0 0 * * 0' } as const
export type CronPreset = keyof typeof cronOfPreset

const maxExpressionLength = 200

/**
 * Six fields, seconds first: `0 30 2 * * 1-5`. Where day of month and day of week are both given, either is enough, as
 * in every cron. `5/10` means from 5 on, as in Harbor.
 * @throws DomainError BAD_REQUEST for an expression or a time zone that cannot be, or a moment that never comes
 */
export function assertCron(expression: string, timeZone: string, now: number): void {
  nextOccurrence(expression, timeZone, now)
}

/**
 * The first moment (ms) after `after` that the expression names on the clocks of the time zone. A time that is left out
 * when clocks go forward comes right after the gap; one that happens twice when they go back comes once, but for
 * expressions that go through all hours.
 * @throws DomainError BAD_REQUEST
 */
export function nextOccurrence(expression: string, timeZone: string, after: number): number {
  const next = parseCron(expression, timeZone).nextRun(new Date(after))
  if (next === null) throw new DomainError('BAD_REQUEST', `the cron expression ${expression} never comes true`)
  return next.getTime()
}

const minuteMs = 60_000
const hourMs = 60 * minuteMs

/**
 * How often something may come by itself: not twice within an hour, unless a system administrator says so, and then not
 * twice within a minute.
 * @throws DomainError BAD_REQUEST
 */
export function assertSeldom(expression: string, byAdministrator: boolean): void {
  const [seconds = '', minutes = ''] = expression.trim().split(/\s+/)
  // Fields beyond the minute leave out whole hours; what two of them can lie apart is at least what these say.
  const sparse = byAdministrator ? `${seconds} * * * * *` : `${seconds} ${minutes} * * * *`
  const [first, second] = parseCron(sparse, 'UTC').nextRuns(2, new Date(0))
  const shortest = byAdministrator ? minuteMs : hourMs
  if (first !== undefined && second !== undefined && second.getTime() - first.getTime() >= shortest) return
  throw new DomainError(
    'BAD_REQUEST',
    byAdministrator
      ? `${expression} comes more than once a minute: give one second in the first field, as in 0 */5 * * * *`
      : `${expression} comes more than once an hour: give one second and one minute in the first two fields, as in 0 30 * * * *; a system administrator may set up to once a minute`,
  )
}

function parseCron(expression: string, timeZone: string): Cron {
  if (!isTimeZone(timeZone))
    throw new DomainError('BAD_REQUEST', `${timeZone.slice(0, 100)} is no time zone; one is Asia/Shanghai`)
  const fields = expression
    .slice(0, maxExpressionLength + 1)
    .trim()
    .split(/\s+/)
  if (expression.length > maxExpressionLength || fields.length !== 6)
    throw new DomainError(
      'BAD_REQUEST',
      'invalid cron string: it has six fields, from seconds to day of week: 0 30 2 * * * is half past two every day',
    )
  try {
    return new Cron(fields.join(' '), { mode: '6-part', timezone: timeZone, paused: true, sloppyRanges: true })
  } catch (cause) {
    const why = (cause as Error).message.replace(/^CronPattern: /, '')
    throw new DomainError('BAD_REQUEST', `the cron expression ${expression} cannot be: ${why}`)
  }
}

function isTimeZone(name: string): boolean {
  try {
    return Boolean(new Intl.DateTimeFormat('en', { timeZone: name }))
  } catch {
    return false
  }
}
