import type { Advisory, Severity, VulnerabilityDetail } from '../advisories.ts'

export interface JudgedSeverity {
  readonly severity: Severity
  /** Who judged: the publisher of the advisory, `nvd`, or nobody. */
  readonly severitySource: string
}

/** Whoever publishes for this very package knows best, then for its distribution or ecosystem, then the NVD. */
export function judgedSeverity(advisory: Advisory, detail: VulnerabilityDetail | undefined): JudgedSeverity {
  if (advisory.severity !== undefined) return { severity: advisory.severity, severitySource: advisory.source }
  const publishers = [advisory.source, ...(advisory.id.startsWith('GHSA-') ? ['ghsa'] : []), 'nvd']
  for (const publisher of publishers) {
    const severity = detail?.vendorSeverity[publisher]
    if (severity !== undefined && severity !== 'Unknown') return { severity, severitySource: publisher }
  }
  return { severity: detail?.severity ?? 'Unknown', severitySource: '' }
}
