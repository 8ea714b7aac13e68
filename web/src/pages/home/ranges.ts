const hourMs = 3_600_000

export const ranges = ['day', 'week', 'month', 'quarter'] as const
export type RangeName = (typeof ranges)[number]

const spans: Readonly<Record<RangeName, { readonly hours: number; readonly step: number }>> = {
  day: { hours: 24, step: 1 },
  week: { hours: 7 * 24, step: 6 },
  month: { hours: 30 * 24, step: 24 },
  quarter: { hours: 90 * 24, step: 72 },
}

/** The query of a range that ends with this hour; the same for an hour, so that it is asked once. */
export function rangeOf(name: RangeName): { readonly from: string; readonly to: string; readonly step: number } {
  const { hours, step } = spans[name]
  // Points of a day and more begin at midnight of who looks.
  const end = new Date(Date.now())
  if (step >= 24) end.setHours(24, 0, 0, 0)
  else end.setMinutes(60, 0, 0)
  return { from: new Date(end.getTime() - hours * hourMs).toISOString(), to: end.toISOString(), step }
}
