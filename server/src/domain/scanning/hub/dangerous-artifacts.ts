import { sql } from 'kysely'
import type { Digest } from '#contract/digest.ts'
import type { Reader } from '../../../database/database.ts'
import type { ScanSummary } from '../scan-summary.ts'

/** An artifact with findings. */
export interface DangerousArtifact {
  readonly artifactId: number
  readonly projectId: number
  readonly repository: string
  readonly digest: Digest
  readonly summary: ScanSummary
  readonly reportedAt: number | undefined
  readonly pulledAt: number | undefined
}

export interface DangerousPage {
  /** `severity`: as Harbor orders them. `exploited`: first those with most findings that are known to be exploited. */
  readonly order: 'severity' | 'exploited'
  readonly limit: number
  readonly offset: number
}

/** Artifacts with findings above the unrated ones, the worst first; read along an index of reports. */
export async function listDangerousArtifacts(
  reader: Reader,
  scannerId: string,
  { order, limit, offset }: DangerousPage,
): Promise<readonly DangerousArtifact[]> {
  const rows = await reader
    .selectFrom('scan')
    .innerJoin('artifact', 'artifact.digest', 'scan.digest')
    .innerJoin('repository', 'repository.id', 'artifact.repository_id')
    .select(['artifact.id', 'artifact.pulled_at', 'scan.digest', 'scan.summary', 'scan.reported_at'])
    .select(['repository.project_id', 'repository.name'])
    .where('scan.scanner_id', '=', scannerId)
    // As text, so that the index of these alone serves it.
    .where('scan.danger', '>', sql.lit(0))
    .$if(order === 'exploited', (query) => query.orderBy('scan.exploited', 'desc'))
    .orderBy('scan.danger', 'desc')
    .orderBy('scan.digest')
    .orderBy('artifact.id')
    .limit(limit)
    .offset(offset)
    // Only a report has a danger.
    .$narrowType<{ summary: string }>()
    .execute()
  return rows.map((row) => ({
    artifactId: row.id,
    projectId: row.project_id,
    repository: row.name,
    digest: row.digest as Digest,
    summary: JSON.parse(row.summary) as ScanSummary,
    reportedAt: row.reported_at ?? undefined,
    pulledAt: row.pulled_at ?? undefined,
  }))
}
