const dayMs = 86_400_000
/** Advisories come every day: after a week an import is due, after a month too much is missing. */
export const dueDays = 7
export const outdatedDays = 30

export type DataAge = 'unknown' | 'fresh' | 'due' | 'outdated'

/** How far vulnerability data can be relied on, by when the newest of it was published. */
export function ageOf(publishedAt: string, now: number): { readonly age: DataAge; readonly days: number } {
  const time = Date.parse(publishedAt)
  // Some forms of data say nothing of their time.
  if (Number.isNaN(time) || time <= 0) return { age: 'unknown', days: 0 }
  const days = Math.max(0, Math.floor((now - time) / dayMs))
  return { age: days > outdatedDays ? 'outdated' : days > dueDays ? 'due' : 'fresh', days }
}
