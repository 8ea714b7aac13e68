import { severities, severityRank, type Severity } from './advisories.ts'
import type { Finding, Gap, ScanFindings } from './finding.ts'

/** What a list shows of a report. */
export interface ScanSummary {
  readonly total: number
  readonly fixable: number
  readonly bySeverity: Readonly<Partial<Record<Severity, number>>>
  /** Known to be exploited. */
  readonly exploited: number
  readonly suppressed: number
  readonly gaps: readonly Gap['code'][]
}

/** Harbor counts a vulnerability of a package once, in however many places it lies. */
export function countedOnce(findings: readonly Finding[]): readonly Finding[] {
  const known = new Map<string, Finding>()
  for (const finding of findings) {
    const key = `${finding.id}\n${finding.package.name}\n${finding.package.version}`
    const before = known.get(key)
    if (before === undefined || severityRank(finding.severity) > severityRank(before.severity)) known.set(key, finding)
  }
  return [...known.values()]
}

export function summaryOf({ findings, gaps }: ScanFindings): ScanSummary {
  const once = countedOnce(findings)
  const counted = once.filter(({ suppressed }) => suppressed === undefined)
  const bySeverity: Partial<Record<Severity, number>> = {}
  for (const { severity } of counted) bySeverity[severity] = (bySeverity[severity] ?? 0) + 1
  return {
    total: counted.length,
    fixable: counted.filter(({ fixVersion }) => fixVersion !== '').length,
    bySeverity,
    exploited: counted.filter(({ exploits }) => exploits?.knownExploited !== undefined).length,
    suppressed: once.length - counted.length,
    gaps: [...new Set(gaps.map(({ code }) => code))],
  }
}

/** The worst of what was found; undefined when nothing was. */
export function worstOf({ bySeverity }: ScanSummary): Severity | undefined {
  return severities.toReversed().find((severity) => (bySeverity[severity] ?? 0) > 0)
}
