import { severities } from '#server/domain/scanning/advisories.ts'
import type { Finding } from '#server/domain/scanning/finding.ts'
import { writeCycloneDxFindings } from '#server/domain/scanning/reports/write-cyclonedx-findings.ts'
import { writeGitlab } from '#server/domain/scanning/reports/write-gitlab.ts'
import { writeJunit } from '#server/domain/scanning/reports/write-junit.ts'
import { writeSarif } from '#server/domain/scanning/reports/write-sarif.ts'
import { writeTrivy } from '#server/domain/scanning/reports/write-trivy.ts'
import { isCounted, sayGap, targetOf, type ScanReport } from '#server/domain/scanning/reports/scan-report.ts'
import { writeSpdx } from '#server/domain/scanning/detection/sbom/write-spdx.ts'
import { tableOf } from '../output.ts'

export const reportFormats = ['table', 'json', 'trivy', 'sarif', 'junit', 'cyclonedx', 'spdx', 'gitlab'] as const
export type ReportFormat = (typeof reportFormats)[number]

const writers: Readonly<Record<ReportFormat, (report: ScanReport) => string>> = {
  table: presentTable,
  json: (report) => pretty(presentJson(report)),
  trivy: (report) => pretty(writeTrivy(report)),
  sarif: (report) => pretty(writeSarif(report)),
  junit: writeJunit,
  cyclonedx: (report) => pretty(writeCycloneDxFindings(report)),
  spdx: ({ inventory, subject, origin }) => pretty(writeSpdx(inventory, subject, origin)),
  gitlab: (report) => pretty(writeGitlab(report)),
}

export const writeReport = (report: ScanReport, format: ReportFormat): string =>
  `${writers[format](report).trimEnd()}\n`

const pretty = (value: unknown): string => JSON.stringify(value, null, 2)

function countsOf(findings: readonly Finding[]): Record<string, number> {
  const counted = findings.filter(isCounted)
  return Object.fromEntries(
    severities
      .toReversed()
      .map((severity) => [severity, counted.filter((each) => each.severity === severity).length] as const),
  )
}

function presentTable(report: ScanReport): string {
  const { subject, inventory, scan } = report
  const counted = scan.findings.filter(isCounted)
  const suppressed = scan.findings.filter((each) => !isCounted(each))
  const counts = Object.entries(countsOf(scan.findings)).filter(([, count]) => count > 0)
  const system = inventory.os === undefined ? '' : `, ${inventory.os.name}`
  const data = report.dataTime === '' ? 'of an unknown age' : `of ${report.dataTime.slice(0, 10)}`
  const isJudged = scan.gaps.every(({ code }) => code === 'END_OF_LIFE')
  const said =
    counts.length > 0
      ? counts.map(([severity, count]) => `${count} ${severity.toLowerCase()}`).join(', ')
      : isJudged
        ? 'no known vulnerabilities'
        : 'no known vulnerabilities in what could be judged'
  return [
    `${subject.name}${system}: ${inventory.packages.length} packages, vulnerability data ${data}`,
    ...(counted.length === 0 ? [] : ['', tableText(report, counted)]),
    '',
    said,
    ...(suppressed.length === 0 ? [] : ['', `${suppressed.length} do not count:`, suppressedText(suppressed)]),
    ...scan.gaps.map((gap) => `! ${sayGap(gap)}`),
  ].join('\n')
}

const tableText = (report: ScanReport, findings: readonly Finding[]): string =>
  tableOf(findings, {
    severity: ({ severity }) => severity,
    vulnerability: ({ id }) => id,
    package: ({ package: found }) => found.name,
    installed: ({ package: found }) => found.version,
    fixed: ({ fixVersion, status }) => (fixVersion === '' ? status.replaceAll('_', ' ') : fixVersion),
    where: ({ package: found }) => (found.path === '' ? targetOf(report, found) : found.path),
  }).text

const suppressedText = (findings: readonly Finding[]): string =>
  tableOf(findings, {
    vulnerability: ({ id }) => id,
    package: ({ package: found }) => `${found.name} ${found.version}`,
    because: ({ suppressed }) => suppressed?.status.replaceAll('_', ' '),
    by: ({ suppressed }) => suppressed?.by,
    reason: ({ suppressed }) => suppressed?.reason,
  }).text

function presentJson({ subject, input, inventory, scan, dataTime, origin }: ScanReport): object {
  return {
    target: subject,
    input,
    scanned_at: origin.created,
    system: inventory.os ?? null,
    packages: inventory.packages.length,
    data: { published: dataTime === '' ? null : dataTime, generation: scan.generation },
    counts: countsOf(scan.findings),
    findings: scan.findings.filter(isCounted),
    suppressed: scan.findings.filter((each) => !isCounted(each)),
    gaps: scan.gaps.map((gap) => ({ ...gap, message: sayGap(gap) })),
  }
}
