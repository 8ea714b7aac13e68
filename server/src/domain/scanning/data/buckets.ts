import type { OperatingSystem, OsFamily, PackageKind } from '../inventory.ts'

/**
 * Advisories lie in buckets: one for each release of a distribution (`debian 12`), and one for each ecosystem of a language
 * (`npm`).
 */
export type Bucket = string

/** How much of a release's version names its bucket. */
type Detail = 'none' | 'major' | 'minor'

const details: Readonly<Record<OsFamily, Detail>> = {
  alpine: 'minor',
  wolfi: 'none',
  chainguard: 'none',
  debian: 'major',
  ubuntu: 'minor',
  redhat: 'major',
  centos: 'major',
  rocky: 'major',
  alma: 'major',
  oracle: 'major',
  amazon: 'major',
  fedora: 'major',
  suse: 'minor',
  'opensuse-leap': 'minor',
  'opensuse-tumbleweed': 'none',
  photon: 'minor',
  azurelinux: 'minor',
  openeuler: 'minor',
  anolis: 'major',
  kylin: 'major',
}

/** The buckets of a system, most particular first; none for one of a family that no advisories are known for. */
export function bucketsOfSystem(os: OperatingSystem): readonly Bucket[] {
  const detail = Object.hasOwn(details, os.family) ? details[os.family as OsFamily] : undefined
  if (detail === undefined) return []
  // CentOS is rebuilt from Red Hat's sources, and Red Hat's advisories are about both.
  const family = os.family === 'centos' ? 'redhat' : os.family
  if (detail === 'none') return [family]
  if (os.family === 'alpine' && /edge|_alpha/.test(os.version)) return ['alpine edge']
  // The first Amazon Linux was numbered by month.
  const version = os.family === 'amazon' && /^20\d\d\.\d\d/.test(os.version) ? '1' : os.version
  const numbers = version.split('.').slice(0, detail === 'major' ? 1 : 2)
  if (numbers[0] === undefined || numbers[0] === '') return []
  const bucket = `${family} ${numbers.join('.')}`
  // Red Hat tells by content sets, not by releases, what an advisory is about.
  return family === 'redhat' ? [bucket, redHatBucket] : [bucket]
}

export const redHatBucket: Bucket = 'redhat'

export const bucketOfKind = (kind: PackageKind): Bucket => kind

/** Names of one package that its ecosystem takes for the same are written in one way. */
export function packageKey(kind: PackageKind, name: string): string {
  switch (kind) {
    case 'pypi':
      return name.toLowerCase().replaceAll(/[-_.]+/g, '-') // PEP 503
    case 'nuget':
    case 'composer':
    case 'pub':
      return name.toLowerCase()
    case 'swift':
      return name
        .toLowerCase()
        .replace(/^https?:\/\//, '')
        .replace(/\.git$/, '')
    default:
      return name
  }
}

/** Buckets of trivy-db: a release by its own name for it, or `<ecosystem>::<source>`. Undefined for what is not about packages. */
export function bucketOfTrivy(name: string): { readonly bucket: Bucket; readonly kind: PackageKind } | undefined {
  const [ecosystem, source] = name.split('::')
  if (ecosystem !== undefined && source !== undefined) {
    const kind = trivyEcosystems[ecosystem]
    return kind === undefined ? undefined : { bucket: bucketOfKind(kind), kind }
  }
  for (const [pattern, family, kind] of trivySystems) {
    const match = pattern.exec(name)
    if (match !== null) return { bucket: match[1] === undefined ? family : `${family} ${match[1]}`, kind }
  }
  return undefined
}

const trivyEcosystems: Readonly<Record<string, PackageKind | undefined>> = {
  npm: 'npm',
  pip: 'pypi',
  go: 'golang',
  maven: 'maven',
  rubygems: 'gem',
  composer: 'composer',
  nuget: 'nuget',
  cargo: 'cargo',
  conan: 'conan',
  erlang: 'hex',
  pub: 'pub',
  swift: 'swift',
  cocoapods: 'cocoapods',
  julia: 'julia',
  bitnami: 'bitnami',
}

const trivySystems: readonly (readonly [RegExp, string, PackageKind])[] = [
  [/^alpine (\d+\.\d+|edge)$/, 'alpine', 'apk'],
  [/^wolfi$/, 'wolfi', 'apk'],
  [/^chainguard$/, 'chainguard', 'apk'],
  [/^debian (\d+)$/, 'debian', 'deb'],
  [/^ubuntu (\d+\.\d+)$/, 'ubuntu', 'deb'],
  [/^Red Hat$/, redHatBucket, 'rpm'],
  [/^rocky (\d+)$/, 'rocky', 'rpm'],
  [/^alma (\d+)$/, 'alma', 'rpm'],
  [/^Oracle Linux (\d+)$/, 'oracle', 'rpm'],
  [/^amazon linux (\d+)$/, 'amazon', 'rpm'],
  [/^SUSE Linux Enterprise (\d+(?:\.\d+)?)$/, 'suse', 'rpm'],
  [/^openSUSE Leap (\d+\.\d+)$/, 'opensuse-leap', 'rpm'],
  [/^openSUSE Tumbleweed$/, 'opensuse-tumbleweed', 'rpm'],
  [/^Photon OS (\d+\.\d+)$/, 'photon', 'rpm'],
  [/^(?:Azure Linux|CBL-Mariner) (\d+\.\d+)$/, 'azurelinux', 'rpm'],
]

/** Ecosystems of OSV (osv-schema, "Defined ecosystems"): `npm`, `Debian:12`, `Alpine:v3.19`. */
export function bucketOfOsv(ecosystem: string): { readonly bucket: Bucket; readonly kind: PackageKind } | undefined {
  const colon = ecosystem.indexOf(':')
  const name = colon < 0 ? ecosystem : ecosystem.slice(0, colon)
  const release = colon < 0 ? '' : ecosystem.slice(colon + 1)
  const language = osvEcosystems[name]
  if (language !== undefined) return { bucket: bucketOfKind(language), kind: language }
  const system = osvSystems[name]
  if (system === undefined) return undefined
  const [family, kind] = system
  const version = /(\d+(?:\.\d+)?)/.exec(release)?.[1] ?? ''
  const [bucket] = bucketsOfSystem({ family, version, name: '' })
  return bucket === undefined ? undefined : { bucket, kind }
}

const osvEcosystems: Readonly<Record<string, PackageKind | undefined>> = {
  npm: 'npm',
  PyPI: 'pypi',
  Go: 'golang',
  Maven: 'maven',
  RubyGems: 'gem',
  Packagist: 'composer',
  NuGet: 'nuget',
  'crates.io': 'cargo',
  ConanCenter: 'conan',
  Hex: 'hex',
  Pub: 'pub',
  SwiftURL: 'swift',
  Julia: 'julia',
}

const osvSystems: Readonly<Record<string, readonly [OsFamily, PackageKind] | undefined>> = {
  Alpine: ['alpine', 'apk'],
  Wolfi: ['wolfi', 'apk'],
  Chainguard: ['chainguard', 'apk'],
  Debian: ['debian', 'deb'],
  Ubuntu: ['ubuntu', 'deb'],
  'Red Hat': ['redhat', 'rpm'],
  'Rocky Linux': ['rocky', 'rpm'],
  AlmaLinux: ['alma', 'rpm'],
  SUSE: ['suse', 'rpm'],
  openSUSE: ['opensuse-leap', 'rpm'],
  'Photon OS': ['photon', 'rpm'],
  'Azure Linux': ['azurelinux', 'rpm'],
  openEuler: ['openeuler', 'rpm'],
}
