import type { Writer } from '../../database/database.ts'
import type { Actor } from '../access/actor.ts'
import { reviewScans } from '../artifacts/scan-review.ts'
import type { Clock } from '../clock.ts'
import type { Events } from '../events/events.ts'
import { severityRank } from './advisories.ts'
import type { ScanFindings } from './finding.ts'
import { countReport } from './hub/count-report.ts'
import { packJson } from './packed-json.ts'
import { readReportRows, replaceReportRows, reportRowsOf } from './report-rows.ts'
import { changesBetween } from './scan-changes.ts'
import type { ScanArtifactPayload } from './scan-job.ts'
import { dangerOf, worstOf, type ScanSummary } from './scan-summary.ts'

/** A report that is ready to be written: packing it happens before the transaction. */
export interface PackedReport {
  readonly findings: ScanFindings
  /** When the data that it was made with was published; empty when it did not say. */
  readonly dataTime: string
  readonly body: Uint8Array
}

export async function packReport(findings: ScanFindings, dataTime: string): Promise<PackedReport> {
  return { findings, dataTime, body: await packJson(findings) }
}

interface ScanServices {
  readonly clock: Clock
  readonly events: Events
}

export async function recordStart(tx: Writer, clock: Clock, { reportId }: ScanArtifactPayload): Promise<void> {
  await tx
    .updateTable('scan')
    .set({ status: 'running', started_at: clock.now() })
    .where('report_id', '=', reportId)
    .execute()
}

/**
 * Makes the report the last good one of its image, with its findings in the tables that searches look through, and counts it in
 * place of the one before.
 */
export async function recordReport(
  tx: Writer,
  { clock, events }: ScanServices,
  actor: Actor,
  scan: ScanArtifactPayload,
  { findings, dataTime, body }: PackedReport,
): Promise<void> {
  const { digest, scannerId, reportId } = scan
  const row = await tx
    .selectFrom('scan')
    .select(['summary', 'reported_at'])
    .where('report_id', '=', reportId)
    .executeTakeFirst()
  // Another scan was asked for meanwhile, or the image is gone: this one is nobody's any more.
  if (row === undefined) return
  const image = { digest, scanner_id: scannerId }
  const before = {
    summary: row.summary === null ? undefined : (JSON.parse(row.summary) as ScanSummary),
    ...(await readReportRows(tx, image)),
  }
  const after = reportRowsOf(findings)
  const now = clock.now()
  const worst = worstOf(after.summary)
  const changes =
    row.reported_at === null ? undefined : changesBetween(before.findings, after.findings, row.reported_at, now)
  const { numUpdatedRows } = await tx
    .updateTable('scan')
    .set({
      status: 'success',
      error: null,
      finished_at: now,
      reported_at: now,
      generation: findings.generation ?? null,
      data_time: dataTime === '' ? null : Date.parse(dataTime),
      severity: worst === undefined ? null : severityRank(worst),
      summary: JSON.stringify(after.summary),
      body,
      exploited: after.summary.exploited,
      danger: dangerOf(after.summary),
      ...(changes === undefined ? {} : { changes: JSON.stringify(changes) }),
    })
    .where('report_id', '=', reportId)
    .executeTakeFirst()
  if (numUpdatedRows === 0n) return
  await replaceReportRows(tx, image, before, after)
  await countReport(tx, scannerId, before, after)
  await events.record(tx, actor, { ...finished(scan), status: 'success' })
}

/** Says how a scan ended that gave no report. What the last good report says stays. */
export async function recordFailure(
  tx: Writer,
  { clock, events }: ScanServices,
  actor: Actor,
  scan: ScanArtifactPayload,
  failure: { readonly status: 'error' | 'stopped'; readonly error: string },
): Promise<void> {
  const { numUpdatedRows } = await tx
    .updateTable('scan')
    .set({ ...failure, finished_at: clock.now() })
    .where('report_id', '=', scan.reportId)
    .executeTakeFirst()
  if (numUpdatedRows === 0n) return
  // It may have failed because the image went.
  await reviewScans(tx, scan.digest)
  await events.record(tx, actor, { ...finished(scan), status: failure.status })
}

const finished = (scan: ScanArtifactPayload) =>
  ({
    type: 'finish_scan',
    projectId: scan.projectId,
    repository: scan.repository,
    digest: scan.digest,
    scan: scan.scanKind,
    ...(scan.tag === undefined ? {} : { tag: scan.tag }),
  }) as const
