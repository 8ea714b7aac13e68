import { severityRank, type Advisory, type AdvisorySource } from '../advisories.ts'
import type { Finding, Gap, ScanFindings } from '../finding.ts'
import type { FoundPackage, Inventory, OperatingSystem, PackageKind } from '../inventory.ts'
import { compareText } from '../versions/compare-versions.ts'
import { orderOf } from '../versions/version-orders.ts'
import { isAffected } from './in-range.ts'
import { isEndOfLife } from './end-of-life.ts'
import { lookupOfSystem, type SystemLookup } from './system-lookup.ts'
import { judgedSeverity } from './judged-severity.ts'
import { pickAdvisory } from './pick-advisory.ts'

export interface MatchOptions {
  /** RFC 3339: whether a distribution is past its end is asked of this moment. */
  readonly now: string
  /** Packages that a lock file says are for development only count as well. */
  readonly withDevelopment?: boolean
}

const systemKinds: ReadonlySet<PackageKind> = new Set(['apk', 'deb', 'rpm'])

/**
 * What is wrong with what was found, by one generation of advisories. Pure and synchronous: a lookup for each package, and a comparison
 * for each advisory about it. One finding for each vulnerability, package, version and path.
 */
export function matchInventory(inventory: Inventory, source: AdvisorySource, options: MatchOptions): ScanFindings {
  const findings = packagesIn(inventory, options).flatMap((found) => findingsAbout(found, inventory, source))
  return scanFindings(findings, inventory, source, options)
}

/** What was found package by package, as the result of one scan. */
export function scanFindings(
  findings: readonly Finding[],
  inventory: Inventory,
  source: AdvisorySource,
  options: MatchOptions,
): ScanFindings {
  return {
    ...(inventory.os === undefined ? {} : { os: inventory.os }),
    findings: findings.toSorted(byImportance),
    gaps: gapsOf(inventory, source, options),
    generation: source.generation.number,
  }
}

export const findingsAbout = (found: FoundPackage, inventory: Inventory, source: AdvisorySource): readonly Finding[] =>
  advisoriesAbout(found, inventory, source).map((advisory) => findingOf(found, advisory, source))

export function packagesIn(inventory: Inventory, options: MatchOptions): readonly FoundPackage[] {
  return options.withDevelopment === true
    ? inventory.packages
    : inventory.packages.filter(({ development }) => development !== true)
}

/** Of several advisories about one vulnerability, the one to show. */
function advisoriesAbout(found: FoundPackage, inventory: Inventory, source: AdvisorySource): readonly Advisory[] {
  const candidates = systemKinds.has(found.kind)
    ? inventory.os === undefined
      ? []
      : ofSystem(found, inventory.os, inventory, source)
    : ofLanguage(found, source)
  const byId = new Map<string, Advisory[]>()
  for (const advisory of candidates) byId.set(advisory.id, [...(byId.get(advisory.id) ?? []), advisory])
  return [...byId.values()].map(pickAdvisory)
}

function ofSystem(
  found: FoundPackage,
  os: OperatingSystem,
  inventory: Inventory,
  source: AdvisorySource,
): readonly Advisory[] {
  const lookup = lookupOfSystem(found, os)
  if (lookup === undefined) return []
  const compare = orderOf(found.kind)
  const sets = os.family === 'redhat' || os.family === 'centos' ? contentSetsOf(inventory, os, source) : undefined
  return source
    .ofSystem(os, lookup.name)
    .filter((advisory) => concerns(advisory, lookup, sets) && isAffected(advisory, lookup.version, compare))
}

function concerns(advisory: Advisory, lookup: SystemLookup, sets: ReadonlySet<number> | undefined): boolean {
  if (advisory.status === 'not_affected') return false
  const { architectures, contentSets } = advisory
  if (architectures !== undefined && lookup.architecture !== undefined && lookup.architecture !== 'noarch') {
    if (!architectures.includes(lookup.architecture)) return false
  }
  return contentSets === undefined || sets === undefined || contentSets.some((index) => sets.has(index))
}

/** Images say which repositories they were built from; those that do not are taken to be built from the usual ones. */
function contentSetsOf(inventory: Inventory, os: OperatingSystem, source: AdvisorySource): ReadonlySet<number> {
  const told = [...(inventory.contentSets ?? []), ...(inventory.nvrs ?? [])]
  if (told.length > 0) return source.contentSets(told)
  const major = os.version.split('.')[0] ?? ''
  return source.contentSets(usualContentSets[major] ?? [])
}

const usualContentSets: Readonly<Record<string, readonly string[]>> = {
  '6': ['rhel-6-server-rpms', 'rhel-6-server-extras-rpms'],
  '7': ['rhel-7-server-rpms', 'rhel-7-server-extras-rpms'],
  '8': ['rhel-8-for-x86_64-baseos-rpms', 'rhel-8-for-x86_64-appstream-rpms'],
  '9': ['rhel-9-for-x86_64-baseos-rpms', 'rhel-9-for-x86_64-appstream-rpms'],
  '10': ['rhel-10-for-x86_64-baseos-rpms', 'rhel-10-for-x86_64-appstream-rpms'],
}

function ofLanguage(found: FoundPackage, source: AdvisorySource): readonly Advisory[] {
  if (found.version === '') return []
  const compare = orderOf(found.kind)
  const version = found.kind === 'golang' ? found.version.replace(/^v|\+incompatible$/g, '') : found.version
  return source
    .ofLanguage(found.kind, found.name)
    .filter((advisory) => advisory.status !== 'not_affected' && isAffected(advisory, version, compare))
}

function findingOf(found: FoundPackage, advisory: Advisory, source: AdvisorySource): Finding {
  const detail = source.detail(advisory.id)
  const exploits = source.exploits(advisory.id)
  const fixVersion = advisory.fixedVersions.join(', ')
  return {
    id: advisory.id,
    aliases: [...new Set([...(advisory.vendorIds ?? []), ...(detail?.aliases ?? [])])].filter(
      (id) => id !== advisory.id,
    ),
    package: found,
    fixVersion,
    status: advisory.status ?? (fixVersion === '' ? 'affected' : 'fixed'),
    ...judgedSeverity(advisory, detail),
    ...(detail === undefined ? {} : { detail }),
    ...(exploits === undefined ? {} : { exploits }),
  }
}

function gapsOf(inventory: Inventory, source: AdvisorySource, options: MatchOptions): readonly Gap[] {
  const gaps: Gap[] = inventory.unread.map((unread) => ({ code: 'UNREAD', unread }))
  const { os } = inventory
  if (os !== undefined && !source.coversSystem(os)) gaps.push({ code: 'NO_DATA_FOR_SYSTEM', os })
  else if (os !== undefined && isEndOfLife(os, options.now)) gaps.push({ code: 'END_OF_LIFE', os })
  const counts = new Map<PackageKind, number>()
  for (const { kind } of inventory.packages) counts.set(kind, (counts.get(kind) ?? 0) + 1)
  for (const [kind, packages] of counts) {
    if (!systemKinds.has(kind) && !source.coversKind(kind)) gaps.push({ code: 'NO_DATA_FOR_KIND', kind, packages })
  }
  return gaps
}

/** The most severe first. */
export function byImportance(one: Finding, other: Finding): number {
  return (
    severityRank(other.severity) - severityRank(one.severity) ||
    compareText(one.package.name, other.package.name) ||
    compareText(one.id, other.id) ||
    compareText(one.package.path, other.package.path)
  )
}
