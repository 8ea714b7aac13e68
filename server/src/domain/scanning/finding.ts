import type { ExploitFacts, FixStatus, Severity, VulnerabilityDetail } from './advisories.ts'
import type { ScannerIdentity } from '../../clients/scanner/scanner-adapter.ts'
import type { FoundPackage, OperatingSystem, Unread } from './inventory.ts'

/** One vulnerability of one package at one place. */
export interface Finding {
  /** As its publisher calls it where a CVE is not known: `CVE-…`, `GHSA-…`, `GO-…`. */
  readonly id: string
  readonly aliases: readonly string[]
  readonly package: FoundPackage
  /** Versions that mend it, for people; empty when there is none. */
  readonly fixVersion: string
  readonly status: FixStatus
  readonly severity: Severity
  /** Whose severity it is: `debian`, `nvd`, `ghsa`. */
  readonly severitySource: string
  readonly detail?: VulnerabilityDetail
  readonly exploits?: ExploitFacts
  /** Such findings are shown apart and never counted. */
  readonly suppressed?: Suppression
}

/** A VEX statement says that it does not concern this image, or somebody chose to ignore it. */
export interface Suppression {
  /** The author, or the file. */
  readonly by: string
  readonly status: 'not_affected' | 'fixed' | 'ignored'
  readonly reason: string
  /** Where a statement comes from, on a server. */
  readonly source?: 'project' | 'registry' | 'referrer'
}

/** What a scan says. `gaps` are parts for which there is no data or that could not be read: with one, nothing found is not "clean". */
export interface ScanFindings {
  readonly os?: OperatingSystem
  readonly findings: readonly Finding[]
  readonly gaps: readonly Gap[]
  /** Number of the generation of advisories; undefined for a scanner with data of its own. */
  readonly generation?: number
  /** Who found it; undefined for the engine of this program. */
  readonly scanner?: ScannerIdentity
}

export type Gap =
  | { readonly code: 'NO_DATA_FOR_SYSTEM'; readonly os: OperatingSystem }
  | { readonly code: 'NO_DATA_FOR_KIND'; readonly kind: FoundPackage['kind']; readonly packages: number }
  | { readonly code: 'END_OF_LIFE'; readonly os: OperatingSystem }
  | { readonly code: 'UNREAD'; readonly unread: Unread }
