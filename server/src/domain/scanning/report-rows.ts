import type { Writer } from '../../database/database.ts'
import type { ScanLayerTable } from '../../database/schema/scanning.ts'
import { batches } from '../lists/batches.ts'
import { severityRank } from './advisories.ts'
import type { Finding, ScanFindings } from './finding.ts'
import type { Counted, FindingRow, LayerRow } from './hub/count-report.ts'
import { countedOnce, summaryOf, type ScanSummary } from './scan-summary.ts'

/** An image, as one scanner sees it. */
export interface ScannedImage {
  readonly digest: string
  readonly scanner_id: string
}

const rowsAtOnce = 200

/** The rows that searches and totals are made of: what is ruled out has none. */
export function reportRowsOf(found: ScanFindings): Counted & { readonly summary: ScanSummary } {
  const counted = countedOnce(found.findings)
  return { summary: summaryOf(found), findings: counted.map(findingRow), layers: layerRows(counted) }
}

function findingRow(finding: Finding): FindingRow {
  const { id, package: found, fixVersion, severity, status, detail, exploits } = finding
  const scores = Object.values(detail?.cvss ?? {}).flatMap(({ v3 }) => (v3 === undefined ? [] : [v3.score]))
  return {
    vulnerability: id,
    package: found.name,
    version: found.version,
    fix_version: fixVersion,
    severity: severityRank(severity),
    status,
    score: scores.length === 0 ? null : Math.round(Math.max(...scores) * 10),
    exploited: exploits?.knownExploited === undefined ? 0 : 1,
    probability: exploits?.epss === undefined ? null : Math.round(exploits.epss.probability * 10_000),
  }
}

function layerRows(findings: readonly Finding[]): readonly LayerRow[] {
  const byLayer = Map.groupBy(findings, (finding) => finding.package.layer)
  return [...byLayer].flatMap(([layer, brought]) =>
    layer === undefined
      ? []
      : {
          layer,
          findings: brought.length,
          fixable: brought.filter(({ fixVersion }) => fixVersion !== '').length,
          exploited: brought.filter(({ exploits }) => exploits?.knownExploited !== undefined).length,
        },
  )
}

export async function readReportRows(
  tx: Writer,
  image: ScannedImage,
): Promise<{ readonly findings: readonly FindingRow[]; readonly layers: readonly LayerRow[] }> {
  const findings = await tx
    .selectFrom('scan_finding')
    .select(['vulnerability', 'package', 'version', 'fix_version', 'severity', 'score'])
    .select(['exploited', 'probability', 'status'])
    .where('digest', '=', image.digest)
    .where('scanner_id', '=', image.scanner_id)
    .execute()
  const layers = await tx
    .selectFrom('scan_layer')
    .select(['layer', 'findings', 'fixable', 'exploited'])
    .where('digest', '=', image.digest)
    .where('scanner_id', '=', image.scanner_id)
    .execute()
  return { findings, layers }
}

/** A report that says what the last one said writes nothing. */
export async function replaceReportRows(
  tx: Writer,
  image: ScannedImage,
  before: Pick<Counted, 'findings' | 'layers'>,
  after: Pick<Counted, 'findings' | 'layers'>,
): Promise<void> {
  if (!isEqual(before.findings, after.findings)) {
    await deleteOf(tx, 'scan_finding', image)
    for (const some of batches(after.findings, rowsAtOnce))
      await tx
        .insertInto('scan_finding')
        .values(some.map((row) => ({ ...image, ...row })))
        .execute()
  }
  if (!isEqual(before.layers, after.layers)) {
    await deleteOf(tx, 'scan_layer', image)
    const rows = after.layers.map((row): ScanLayerTable => ({ ...image, ...row }))
    for (const some of batches(rows, rowsAtOnce)) await tx.insertInto('scan_layer').values(some).execute()
  }
}

async function deleteOf(tx: Writer, table: 'scan_finding' | 'scan_layer', image: ScannedImage): Promise<void> {
  await tx.deleteFrom(table).where('digest', '=', image.digest).where('scanner_id', '=', image.scanner_id).execute()
}

/** Whatever the order of rows and of their columns. */
function isEqual(one: readonly (FindingRow | LayerRow)[], other: readonly (FindingRow | LayerRow)[]): boolean {
  const textsOf = (rows: readonly object[]) =>
    rows.map((row) => JSON.stringify(Object.entries(row).toSorted(([a], [b]) => (a < b ? -1 : 1)))).toSorted()
  if (one.length !== other.length) return false
  const others = textsOf(other)
  return textsOf(one).every((text, index) => text === others[index])
}
