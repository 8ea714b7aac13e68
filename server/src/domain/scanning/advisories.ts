import type { FoundPackage, OperatingSystem } from './inventory.ts'

export const severities = ['Unknown', 'Negligible', 'Low', 'Medium', 'High', 'Critical'] as const

export type Severity = (typeof severities)[number]

/** Harbor's order: what nobody has judged is below everything that somebody has. */
export const severityRank = (severity: Severity): number => severities.indexOf(severity)

/** What the one who publishes an advisory says about fixing it. */
export type FixStatus =
  | 'fixed'
  | 'affected'
  | 'not_affected'
  | 'under_investigation'
  | 'will_not_fix'
  | 'fix_deferred'
  | 'end_of_life'
  | 'unknown'

/**
 * Versions of one package that a vulnerability is about. `affected` are alternatives; each is a range of the ecosystem's own
 * order, from `introduced` (`'0'` or absent: from the first) up to but without `fixed`, or up to and with `lastAffected`; with neither, every
 * later version. `versions` are affected whatever the ranges say, `unaffected` never are.
 */
export interface Advisory {
  readonly id: string
  readonly affected: readonly AffectedRange[]
  readonly versions?: readonly string[]
  readonly unaffected?: readonly AffectedRange[]
  /** Versions to go to, for people. */
  readonly fixedVersions: readonly string[]
  readonly status?: FixStatus
  /** Severity of this publisher for this package, before that of the vulnerability. */
  readonly severity?: Severity
  /** Red Hat: indices of the content sets (CPE) it is about; absent: all. */
  readonly contentSets?: readonly number[]
  /** Architectures it is about; absent: all. */
  readonly architectures?: readonly string[]
  /** Other ids of the advisory itself: `RHSA-…`, `DSA-…`. */
  readonly vendorIds?: readonly string[]
  /** Which source said so: `alpine-secdb`, `debian`, `ghsa`, `osv-go`. */
  readonly source: string
}

export interface AffectedRange {
  readonly introduced?: string
  /** As `introduced`, without the version itself. */
  readonly after?: string
  readonly fixed?: string
  readonly lastAffected?: string
}

export interface CvssScore {
  readonly vector: string
  readonly score: number
}

/** What is known of a vulnerability whatever the package. */
export interface VulnerabilityDetail {
  readonly id: string
  readonly aliases: readonly string[]
  readonly title: string
  readonly description: string
  readonly severity: Severity
  /** Severity by publisher: `nvd`, `ghsa`, `redhat`, … */
  readonly vendorSeverity: Readonly<Record<string, Severity>>
  readonly cvss: Readonly<Record<string, { readonly v2?: CvssScore; readonly v3?: CvssScore; readonly v4?: CvssScore }>>
  readonly cweIds: readonly string[]
  readonly references: readonly string[]
  /** RFC 3339. */
  readonly published?: string
  readonly modified?: string
}

/** Exploitation: CISA's catalogue of known exploited vulnerabilities, and FIRST's EPSS. */
export interface ExploitFacts {
  readonly knownExploited?: { readonly added: string; readonly due?: string }
  /** Probability and percentile, both 0…1. */
  readonly epss?: { readonly probability: number; readonly percentile: number }
}

/** One generation of advisories, opened for reading. Every lookup is by index; lists are as long as the advisories of one name. */
export interface AdvisorySource {
  readonly generation: AdvisoryGeneration
  /** True when there is data for this system; `false` is "no data for this system", never "no vulnerabilities". */
  coversSystem(os: OperatingSystem): boolean
  /** True when there is data for this kind of package of a language. */
  coversKind(kind: FoundPackage['kind']): boolean
  ofSystem(os: OperatingSystem, packageName: string): readonly Advisory[]
  ofLanguage(kind: FoundPackage['kind'], name: string): readonly Advisory[]
  /** What Red Hat calls these content sets or builds; advisories of Red Hat name them by number. */
  contentSets(names: readonly string[]): ReadonlySet<number>
  detail(id: string): VulnerabilityDetail | undefined
  exploits(id: string): ExploitFacts | undefined
}

export interface AdvisoryGeneration {
  /** Grows by one with every import; a report names the one it was made with. */
  readonly number: number
  /** When the oldest source with advisories in it was published, RFC 3339; empty when one does not say. */
  readonly dataTime: string
  /** When it was imported; RFC 3339. */
  readonly importTime: string
  /** What it was made of, and how many advisories each gave. */
  readonly sources: readonly { readonly name: string; readonly dataTime: string; readonly advisories: number }[]
}
