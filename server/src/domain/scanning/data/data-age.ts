import type { Database, Reader } from '../../../database/database.ts'
import { preparedQuery } from '../../../database/prepared.ts'
import type { AdvisoryGeneration } from '../advisories.ts'

const dayMs = 24 * 60 * 60_000

/**
 * When the data was published: that is when the oldest of its sources with advisories was, for each of them finds what no other does.
 * Empty when one does not say.
 */
export function dataTimeOf(sources: AdvisoryGeneration['sources']): string {
  const times = sources.filter(({ advisories }) => advisories > 0).map(({ dataTime }) => dataTime)
  const oldest = times.toSorted()[0] ?? ''
  return oldest.startsWith('1970') ? '' : oldest
}

/** Why data of that time is too old to be relied on, in a sentence; undefined when it is not. `maxAgeDays` 0: data of any age is good. */
export function whyTooOld(dataTime: string, maxAgeDays: number, now: number): string | undefined {
  if (maxAgeDays === 0) return undefined
  if (dataTime === '') return `the vulnerability data does not say how old it is; ${importNewer}`
  const days = Math.floor((now - Date.parse(dataTime)) / dayMs)
  if (days <= maxAgeDays) return undefined
  return `the vulnerability data is ${days} days old, and scan_data_max_age_days allows ${maxAgeDays}; ${importNewer}`
}

const importNewer = 'import newer data, then scan again'

/** Whether a scan failed for the age of its data. */
export const isTooOld = (error: string): boolean => error.endsWith(importNewer)

const findMaxAge = preparedQuery<Record<never, never>, { value: string }>((db) =>
  db.selectFrom('setting').select('value').where('name', '=', 'scan_data_max_age_days'),
)

/** The setting of administrators; 0: any age. Asked of the database each time, so that every process knows it at once. */
export async function readMaxDataAgeDays(database: Database | { readonly read: Reader }): Promise<number> {
  const row = await findMaxAge.first(database.read, {})
  return row === undefined ? 0 : Number(JSON.parse(row.value))
}
