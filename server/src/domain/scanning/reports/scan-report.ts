import type { Severity } from '../advisories.ts'
import type { ImageFacts } from '../detection/inputs/image-source.ts'
import type { BomOrigin, BomSubject } from '../detection/sbom/bom-subject.ts'
import type { Finding, Gap, ScanFindings } from '../finding.ts'
import type { FoundPackage, Inventory } from '../inventory.ts'

/** All that a report of any form is written from. */
export interface ScanReport {
  readonly subject: BomSubject
  readonly input: 'image' | 'folder' | 'sbom'
  /** Of an image. */
  readonly image?: ImageFacts
  readonly inventory: Inventory
  readonly scan: ScanFindings
  /** When the newest data was published; empty when it does not say. */
  readonly dataTime: string
  readonly origin: BomOrigin
}

export type ReportTarget = readonly [name: string, findings: readonly Finding[]]

const systemKinds: ReadonlySet<FoundPackage['kind']> = new Set(['apk', 'deb', 'rpm'])

export const isOfSystem = ({ kind }: FoundPackage): boolean => systemKinds.has(kind)

export const isCounted = ({ suppressed }: Finding): boolean => suppressed === undefined

/** Where a finding is: the operating system, or the file that told of the package. */
export function targetOf({ subject, inventory }: ScanReport, found: FoundPackage): string {
  if (!isOfSystem(found)) return found.path === '' ? subject.name : found.path
  const { os } = inventory
  return os === undefined ? subject.name : `${subject.name} (${os.family} ${os.version})`
}

/** Four words, as most formats have them. */
export function plainSeverity(severity: Severity): 'UNKNOWN' | 'LOW' | 'MEDIUM' | 'HIGH' | 'CRITICAL' {
  return severity === 'Negligible'
    ? 'LOW'
    : (severity.toUpperCase() as 'UNKNOWN' | 'LOW' | 'MEDIUM' | 'HIGH' | 'CRITICAL')
}

export function urlOf({ id, detail }: Finding): string {
  if (id.startsWith('CVE-')) return `https://nvd.nist.gov/vuln/detail/${id}`
  if (id.startsWith('GHSA-')) return `https://github.com/advisories/${id}`
  if (id.startsWith('GO-')) return `https://pkg.go.dev/vuln/${id}`
  return (
    detail?.references.find((each) => /^https?:\/\//.test(each)) ??
    `https://osv.dev/vulnerability/${encodeURIComponent(id)}`
  )
}

/** The highest score, of the newest version of CVSS that somebody gave. */
export function scoreOf({ detail }: Finding): number | undefined {
  const scores = Object.values(detail?.cvss ?? {}).flatMap(({ v2, v3, v4 }) => (v4 ?? v3 ?? v2)?.score ?? [])
  return scores.length === 0 ? undefined : Math.max(...scores)
}

export function sayGap(gap: Gap): string {
  switch (gap.code) {
    case 'NO_DATA_FOR_SYSTEM':
      return `there is no vulnerability data for ${gap.os.family} ${gap.os.version}: packages of the system were not judged`
    case 'NO_DATA_FOR_KIND':
      return `there is no vulnerability data for ${gap.kind}: ${gap.packages} packages were not judged`
    case 'END_OF_LIFE':
      return `${gap.os.family} ${gap.os.version} gets no security fixes any more: what is found since is not in the data`
    case 'UNREAD':
      return `${gap.unread.where} could not be looked into: ${gap.unread.reason}`
  }
}
