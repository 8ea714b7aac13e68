import type { ScannerIdentity } from '../../clients/scanner/scanner-adapter.ts'
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
  /** Who found it; undefined for the engine of this program. */
  readonly scanner?: ScannerIdentity
}

/** Harbor counts a vulnerability of a package once, in however many places it lies; not at all when all of them are ruled out. */
export function countedOnce(findings: readonly Finding[]): readonly Finding[] {
  const counted = findings.filter(({ suppressed }) => suppressed === undefined)
  return [...Map.groupBy(counted, findingKey).values()].map(worstIn)
}

/** Harbor's idea of one finding: a vulnerability of a version of a package. */
export const findingKey = ({ id, package: { name, version } }: Finding): string => keyOfFinding(id, name, version)

export const keyOfFinding = (id: string, name: string, version: string): string => `${id}\n${name}\n${version}`

/** The first of the most severe. */
export const worstIn = (findings: readonly Finding[]): Finding =>
  findings.reduce((worst, each) => (severityRank(each.severity) > severityRank(worst.severity) ? each : worst))

export function summaryOf({ findings, gaps, scanner }: ScanFindings): ScanSummary {
  const counted = countedOnce(findings)
  const bySeverity: Partial<Record<Severity, number>> = {}
  for (const { severity } of counted) bySeverity[severity] = (bySeverity[severity] ?? 0) + 1
  return {
    total: counted.length,
    fixable: counted.filter(({ fixVersion }) => fixVersion !== '').length,
    bySeverity,
    exploited: counted.filter(({ exploits }) => exploits?.knownExploited !== undefined).length,
    suppressed: new Set(findings.map(findingKey)).size - counted.length,
    gaps: [...new Set(gaps.map(({ code }) => code))],
    ...(scanner === undefined ? {} : { scanner }),
  }
}

/** The worst of what was found; undefined when nothing was. */
export function worstOf({ bySeverity }: ScanSummary): Severity | undefined {
  return severities.toReversed().find((severity) => (bySeverity[severity] ?? 0) > 0)
}

/** Orders reports as Harbor does: by critical, then high, medium and low ones. Four digits each, so that it stays a safe integer. */
export function dangerOf({ bySeverity }: ScanSummary): number {
  const { Critical = 0, High = 0, Medium = 0, Low = 0 } = bySeverity
  const most = 9_999
  return [High, Medium, Low].reduce(
    (danger, count) => danger * 10_000 + Math.min(count, most),
    Math.min(Critical, 8_999),
  )
}
