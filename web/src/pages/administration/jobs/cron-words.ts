/** What a simple expression says. */
export type CronWords =
  | { readonly every: 'hour'; readonly minute: string }
  | { readonly every: 'day' | 'weekday'; readonly time: string }
  | { readonly every: 'week'; readonly time: string; readonly dayOfWeek: number }

const isNumber = (text: string): boolean => /^\d+$/.test(text)

/** `every day at 02:30` of `0 30 2 * * *`; undefined for an expression that no such sentence can say. */
export function cronWords(cron: string): CronWords | undefined {
  const [second, minute = '', hour = '', dayOfMonth, month, dayOfWeek = ''] = cron.trim().split(/\s+/)
  if (second !== '0' || !isNumber(minute) || dayOfMonth !== '*' || month !== '*') return undefined
  if (hour === '*' && dayOfWeek === '*') return { every: 'hour', minute: minute.padStart(2, '0') }
  if (!isNumber(hour)) return undefined
  const time = `${hour.padStart(2, '0')}:${minute.padStart(2, '0')}`
  if (dayOfWeek === '*') return { every: 'day', time }
  if (dayOfWeek === '1-5') return { every: 'weekday', time }
  return /^[0-7]$/.test(dayOfWeek) ? { every: 'week', time, dayOfWeek: Number(dayOfWeek) % 7 } : undefined
}
