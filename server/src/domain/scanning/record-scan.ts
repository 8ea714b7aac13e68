import type { Writer } from '../../database/database.ts'
import type { Actor } from '../access/actor.ts'
import type { Clock } from '../clock.ts'
import type { Events } from '../events/events.ts'
import type { Finding, ScanFindings } from './finding.ts'
import { packJson } from './packed-json.ts'
import type { ScanArtifactPayload } from './scan-job.ts'
import { severityRank } from './advisories.ts'
import { countedOnce, summaryOf, worstOf } from './scan-summary.ts'

/** A report that is ready to be written: packing it happens before the transaction. */
export interface PackedReport {
  readonly findings: ScanFindings
  readonly body: Uint8Array
}

export async function packReport(findings: ScanFindings): Promise<PackedReport> {
  return { findings, body: await packJson(findings) }
}

const rowsAtOnce = 200

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

/** Makes the report the last good one of its image, with its findings in the table that searches look through. */
export async function recordReport(
  tx: Writer,
  { clock, events }: ScanServices,
  actor: Actor,
  scan: ScanArtifactPayload,
  { findings, body }: PackedReport,
): Promise<void> {
  const summary = summaryOf(findings)
  const worst = worstOf(summary)
  const now = clock.now()
  const { numUpdatedRows } = await tx
    .updateTable('scan')
    .set({
      status: 'success',
      error: null,
      finished_at: now,
      reported_at: now,
      generation: findings.generation,
      severity: worst === undefined ? null : severityRank(worst),
      summary: JSON.stringify(summary),
      body,
    })
    .where('report_id', '=', scan.reportId)
    .executeTakeFirst()
  // Another scan was asked for meanwhile, or the image is gone: this one is nobody's any more.
  if (numUpdatedRows === 0n) return
  await replaceFindings(tx, scan, findings.findings)
  await events.record(tx, actor, { ...finished(scan), status: 'success' })
}

async function replaceFindings(tx: Writer, scan: ScanArtifactPayload, findings: readonly Finding[]): Promise<void> {
  const key = { digest: scan.digest, scanner_id: scan.scannerId }
  await tx
    .deleteFrom('scan_finding')
    .where('digest', '=', key.digest)
    .where('scanner_id', '=', key.scanner_id)
    .execute()
  const rows = countedOnce(findings)
    .filter(({ suppressed }) => suppressed === undefined)
    .map((finding) => ({ ...key, ...findingRow(finding) }))
  for (let start = 0; start < rows.length; start += rowsAtOnce) {
    await tx
      .insertInto('scan_finding')
      .values(rows.slice(start, start + rowsAtOnce))
      .execute()
  }
}

function findingRow({ id, package: { name, version }, fixVersion, severity, status, detail, exploits }: Finding) {
  const scores = Object.values(detail?.cvss ?? {}).flatMap(({ v3 }) => (v3 === undefined ? [] : [v3.score]))
  return {
    vulnerability: id,
    package: name,
    version,
    fix_version: fixVersion,
    severity: severityRank(severity),
    status,
    score: scores.length === 0 ? null : Math.round(Math.max(...scores) * 10),
    exploited: exploits?.knownExploited === undefined ? (0 as const) : (1 as const),
    probability: exploits?.epss === undefined ? null : Math.round(exploits.epss.probability * 10_000),
  }
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
  if (numUpdatedRows > 0n) await events.record(tx, actor, { ...finished(scan), status: failure.status })
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
