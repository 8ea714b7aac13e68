import type { Reader } from '../../database/database.ts'
import type { Concern } from '../activity/attention.ts'

/** As the alert does. */
const patienceMs = 3 * 86_400_000
const maxCounted = 1_000

/** For whoever looks after the whole registry: what has been held for long, so that nobody seems to wait for it. */
export async function findQuarantineConcerns(reader: Reader, now: number): Promise<readonly Concern[]> {
  const waiting = await reader
    .selectFrom('quarantine_entry')
    .select('artifact_id')
    .where('released_at', 'is', null)
    .where('entered_at', '<', now - patienceMs)
    .limit(maxCounted)
    .execute()
  return waiting.length === 0 ? [] : [{ kind: 'quarantine-waiting', severity: 'warning', count: waiting.length }]
}
