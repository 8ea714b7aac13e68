import type { Reader } from '../../../database/database.ts'
import { severities, type Severity } from '../advisories.ts'
import type { ScanSummary } from '../scan-summary.ts'

/** Sums over the artifacts of the registry: a vulnerability in ten of them counts ten times. */
export interface SecuritySummary {
  readonly artifacts: number
  readonly scanned: number
  readonly total: number
  readonly fixable: number
  readonly exploited: number
  readonly bySeverity: Readonly<Partial<Record<Severity, number>>>
  readonly worst: readonly DangerousArtifact[]
}

export interface DangerousArtifact {
  readonly projectId: number
  readonly repository: string
  readonly digest: string
  readonly bySeverity: Readonly<Partial<Record<Severity, number>>>
}

const dangerous = 5
const artifactsAtOnce = 1_000

/** The scanner whose reports the views of the whole registry are made of; undefined when none is the default. */
export async function findDefaultScannerId(reader: Reader): Promise<string | undefined> {
  return (await reader.selectFrom('scanner').select('id').where('is_default', '=', 1).executeTakeFirst())?.id
}

/** Reads the counts that each report has, a batch of artifacts at a time, and no finding. */
export async function summariseSecurity(reader: Reader, scannerId: string): Promise<SecuritySummary> {
  const sums = { artifacts: 0, scanned: 0, total: 0, fixable: 0, exploited: 0 }
  const bySeverity: Partial<Record<Severity, number>> = {}
  let worst: DangerousArtifact[] = []
  for (let after = 0; ;) {
    const rows = await reader
      .selectFrom('artifact')
      .innerJoin('repository', 'repository.id', 'artifact.repository_id')
      .leftJoin('scan', (join) =>
        join
          .onRef('scan.digest', '=', 'artifact.digest')
          .on('scan.scanner_id', '=', scannerId)
          .on('scan.kind', '=', 'vulnerability'),
      )
      .select(['artifact.id', 'artifact.digest', 'repository.project_id', 'repository.name'])
      .select(['scan.report_id', 'scan.summary'])
      .where('artifact.id', '>', after)
      .orderBy('artifact.id')
      .limit(artifactsAtOnce)
      .execute()
    for (const row of rows) {
      sums.artifacts += 1
      if (row.report_id !== null) sums.scanned += 1
      if (row.summary === null) continue
      const summary = JSON.parse(row.summary) as ScanSummary
      sums.total += summary.total
      sums.fixable += summary.fixable
      sums.exploited += summary.exploited
      for (const severity of severities) {
        const count = summary.bySeverity[severity] ?? 0
        if (count > 0) bySeverity[severity] = (bySeverity[severity] ?? 0) + count
      }
      const { project_id: projectId, name: repository, digest } = row
      if (summary.total > 0) worst.push({ projectId, repository, digest, bySeverity: summary.bySeverity })
    }
    worst = worst.toSorted(byDanger).slice(0, dangerous)
    if (rows.length < artifactsAtOnce) return { ...sums, bySeverity, worst }
    after = rows.at(-1)!.id
  }
}

function byDanger(one: DangerousArtifact, other: DangerousArtifact): number {
  for (const severity of severities.toReversed()) {
    const difference = (other.bySeverity[severity] ?? 0) - (one.bySeverity[severity] ?? 0)
    if (difference !== 0) return difference
  }
  return 0
}
