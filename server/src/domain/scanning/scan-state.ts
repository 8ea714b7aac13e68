import type { Digest } from '#contract/digest.ts'
import type { Reader } from '../../database/database.ts'
import type { ScanTable } from '../../database/schema/scanning.ts'
import { DomainError } from '../errors.ts'
import { severities, type Severity } from './advisories.ts'
import { jobColumns, progressOf, type ScanProgress } from './scan-progress.ts'
import type { ScanSummary } from './scan-summary.ts'

export type ScanKind = ScanTable['kind']

/** How a scan of one image stands, and what its last good report says. */
export interface ScanState extends ScanProgress {
  readonly digest: Digest
  readonly kind: ScanKind
  readonly scannerId: string
  readonly reportId: string
  /** In which the newest scan was asked for; undefined when its job is forgotten. */
  readonly projectId: number | undefined
  /** Undefined while there is no good report. */
  readonly report: ScanReportHead | undefined
}

export interface ScanReportHead {
  readonly reportedAt: number
  readonly generation: number | undefined
  /** When the data was published that it was made with; undefined when it did not say. */
  readonly dataTime: number | undefined
  readonly severity: Severity | undefined
  readonly summary: ScanSummary
  /** Digest of the attached bill of materials that a repository sees it by; undefined: it is of the layers. */
  readonly sbom?: Digest | undefined
}

const stateRows = (reader: Reader) =>
  reader
    .selectFrom('scan')
    .leftJoin('job', 'job.id', 'scan.job_id')
    .select([
      'scan.digest',
      'scan.kind',
      'scan.scanner_id',
      'scan.report_id',
      'scan.job_id',
      'scan.status',
      'scan.error',
      'scan.started_at',
      'scan.finished_at',
      'scan.reported_at',
      'scan.generation',
      'scan.data_time',
      'scan.severity',
      'scan.summary',
      'job.project_id as job_project_id',
      ...jobColumns,
    ])

type StateRow = Awaited<ReturnType<ReturnType<typeof stateRows>['executeTakeFirstOrThrow']>>

/** How the newest scans of these images stand, by digest; of several scanners the one that reported last. */
export async function listStates(
  reader: Reader,
  digests: readonly Digest[],
  kind: ScanKind,
): Promise<ReadonlyMap<Digest, ScanState>> {
  if (digests.length === 0) return new Map()
  const rows = await stateRows(reader)
    .where('scan.digest', 'in', digests)
    .where('scan.kind', '=', kind)
    .orderBy('scan.created_at')
    .execute()
  const states = new Map<Digest, ScanState>()
  for (const row of rows) {
    const state = stateOf(row)
    const before = states.get(state.digest)
    if (before === undefined || (before.report?.reportedAt ?? 0) <= (state.report?.reportedAt ?? 0)) {
      states.set(state.digest, state)
    }
  }
  return states
}

/** How the newest scan of an image by this scanner stands. */
export async function findState(
  reader: Reader,
  digest: Digest,
  scannerId: string,
  kind: ScanKind,
): Promise<ScanState | undefined> {
  const row = await stateRows(reader)
    .where('scan.digest', '=', digest)
    .where('scan.scanner_id', '=', scannerId)
    .where('scan.kind', '=', kind)
    .executeTakeFirst()
  return row === undefined ? undefined : stateOf(row)
}

/** The scan that a report id names. @throws DomainError REPORT_UNKNOWN */
export async function getStateByReport(reader: Reader, reportId: string): Promise<ScanState> {
  const row = await stateRows(reader).where('scan.report_id', '=', reportId).executeTakeFirst()
  if (row === undefined) throw new DomainError('REPORT_UNKNOWN', `report with uuid ${reportId} does not exist`)
  return stateOf(row)
}

function stateOf(row: StateRow): ScanState {
  return {
    digest: row.digest as Digest,
    kind: row.kind,
    scannerId: row.scanner_id,
    reportId: row.report_id,
    projectId: row.job_project_id ?? undefined,
    ...progressOf(row),
    report: reportHeadOf(row),
  }
}

function reportHeadOf(row: StateRow): ScanReportHead | undefined {
  if (row.reported_at === null || row.summary === null) return undefined
  return {
    reportedAt: row.reported_at,
    generation: row.generation ?? undefined,
    dataTime: row.data_time ?? undefined,
    severity: row.severity === null ? undefined : severities[row.severity],
    summary: JSON.parse(row.summary) as ScanSummary,
  }
}
