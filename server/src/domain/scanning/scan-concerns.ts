import type { Reader } from '../../database/database.ts'
import type { Concern } from '../activity/attention.ts'
import { findDefaultScannerId } from './hub/default-scanner.ts'
import { readScanAllProgress } from './scan-all.ts'

const mostCounted = 1_000

/** For whoever looks after the whole registry: what attackers use already, and images that the last scan of everything missed. */
export async function findScanConcerns(reader: Reader): Promise<readonly Concern[]> {
  const exploited = await countExploited(reader)
  const run = await readScanAllProgress(reader)
  const failed = run === undefined || run.ongoing ? 0 : run.byStatus.failed
  return [
    ...(exploited === 0
      ? []
      : [{ kind: 'exploited-vulnerabilities', severity: 'critical', count: exploited } as const]),
    ...(failed === 0 ? [] : [{ kind: 'scan-all-failed', severity: 'warning', count: failed } as const]),
  ]
}

async function countExploited(reader: Reader): Promise<number> {
  const scanner = await findDefaultScannerId(reader)
  if (scanner === undefined) return 0
  const some = reader
    .selectFrom('vulnerability_total')
    .select('vulnerability')
    .where('scanner_id', '=', scanner)
    .where('exploited', '=', 1)
    .limit(mostCounted)
  return (await some.execute()).length
}
