import type { FoundPackage, Inventory } from './inventory.ts'

/** Which of the packages of an image are wanted; what is left out may be anything. */
export interface PackageFilter {
  /** Part of the name, the version or the package URL, in any case. */
  readonly text?: string | undefined
  readonly kind?: string | undefined
  /** As it stands in the list of licences; empty for packages that say none. */
  readonly licence?: string | undefined
}

export interface Counted {
  readonly name: string
  readonly packages: number
}

/** Licences of all packages, the most frequent first. A package with two counts in both; `''` counts those that say none. */
export function licencesOf({ packages }: Pick<Inventory, 'packages'>): readonly Counted[] {
  return counted(packages.flatMap(({ licences }) => (licences.length === 0 ? [''] : [...new Set(licences)])))
}

/** Kinds of all packages, the most frequent first. */
export const kindsOf = ({ packages }: Pick<Inventory, 'packages'>): readonly Counted[] =>
  counted(packages.map(({ kind }) => kind))

function counted(names: readonly string[]): readonly Counted[] {
  const counts = new Map<string, number>()
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1)
  const byCount = (one: Counted, other: Counted) => other.packages - one.packages || (one.name < other.name ? -1 : 1)
  return [...counts].map(([name, packages]) => ({ name, packages })).sort(byCount)
}

/** The packages that are wanted, in the order of their names. */
export function listPackages(
  { packages }: Pick<Inventory, 'packages'>,
  filter: PackageFilter,
): readonly FoundPackage[] {
  const text = filter.text?.toLowerCase() ?? ''
  const { kind, licence } = filter
  return packages
    .filter((each) => kind === undefined || each.kind === kind)
    .filter((each) => licence === undefined || hasLicence(each, licence))
    .filter(({ name, version, purl }) => [name, version, purl].some((one) => one.toLowerCase().includes(text)))
    .toSorted(
      (one, other) =>
        compare(one.name, other.name) || compare(one.version, other.version) || compare(one.path, other.path),
    )
}

const hasLicence = ({ licences }: FoundPackage, licence: string): boolean =>
  licence === '' ? licences.length === 0 : licences.includes(licence)

const compare = (one: string, other: string): number => (one < other ? -1 : one > other ? 1 : 0)
