import { severities, type Severity, type VulnerabilityDetail } from '../advisories.ts'

/** What several sources know of one vulnerability, as one. The first that says something about a thing is believed. */
export function mergeDetails(details: readonly VulnerabilityDetail[]): VulnerabilityDetail | undefined {
  const [first, ...others] = details
  if (first === undefined || others.length === 0) return first
  const texts = (pick: (detail: VulnerabilityDetail) => string | undefined) => details.map(pick).find(Boolean)
  const published = texts(({ published: time }) => time)
  const modified = texts(({ modified: time }) => time)
  return {
    id: first.id,
    aliases: union(details.map(({ aliases }) => aliases)),
    title: texts(({ title }) => title) ?? '',
    description: texts(({ description }) => description) ?? '',
    severity: details.map(({ severity }) => severity).find((severity) => severity !== 'Unknown') ?? 'Unknown',
    vendorSeverity: Object.assign({}, ...details.toReversed().map(({ vendorSeverity }) => vendorSeverity)),
    cvss: Object.assign({}, ...details.toReversed().map(({ cvss }) => cvss)),
    cweIds: union(details.map(({ cweIds }) => cweIds)),
    references: union(details.map(({ references }) => references)),
    ...(published === undefined ? {} : { published }),
    ...(modified === undefined ? {} : { modified }),
  }
}

const union = (lists: readonly (readonly string[])[]): readonly string[] => [...new Set(lists.flat())]

/** The word for a severity in any spelling that publishers use; `Unknown` for one that nobody knows. */
export function severityOf(word: string | undefined): Severity {
  const known = word?.trim().toLowerCase() ?? ''
  const same: Readonly<Record<string, Severity>> = {
    moderate: 'Medium',
    important: 'High',
    none: 'Negligible',
    unimportant: 'Negligible',
    'not yet assigned': 'Unknown',
  }
  return same[known] ?? severities.find((severity) => severity.toLowerCase() === known) ?? 'Unknown'
}

/** CVSS v3.1 §5, "Qualitative Severity Rating Scale". */
export function severityOfScore(score: number): Severity {
  if (score >= 9) return 'Critical'
  if (score >= 7) return 'High'
  if (score >= 4) return 'Medium'
  return score > 0 ? 'Low' : 'Negligible'
}
