/**
 * What lies in an image: its operating system and its packages. Detection writes it, matching and software bills of materials
 * read it. Pure data: it is stored as JSON and sent between threads.
 */

/** Families whose packages are versioned by their distribution. `ID` of os-release decides (os-release(5)). */
export const osFamilies = [
  'alpine',
  'wolfi',
  'chainguard',
  'debian',
  'ubuntu',
  'redhat',
  'centos',
  'rocky',
  'alma',
  'oracle',
  'amazon',
  'fedora',
  'suse',
  'opensuse-leap',
  'opensuse-tumbleweed',
  'photon',
  'azurelinux',
  'openeuler',
  'anolis',
  'kylin',
] as const

export type OsFamily = (typeof osFamilies)[number]

export interface OperatingSystem {
  /** A known family, or the `ID` of os-release as it stands there. */
  readonly family: OsFamily | (string & {})
  /** `VERSION_ID` as it stands there: `3.19.1`, `12`, `22.04`, `9.3`; empty for rolling ones. */
  readonly version: string
  /** `PRETTY_NAME`, for people. */
  readonly name: string
}

/** Kinds of package managers of operating systems, and ecosystems of languages by the words of package URLs. */
export const packageKinds = [
  'apk',
  'deb',
  'rpm',
  'npm',
  'pypi',
  'golang',
  'maven',
  'gem',
  'composer',
  'nuget',
  'cargo',
  'conan',
  'hex',
  'pub',
  'swift',
  'cocoapods',
  'julia',
  'conda',
  'bitnami',
  // Of a scanner that does not say what it is.
  'generic',
] as const

export type PackageKind = (typeof packageKinds)[number]

export interface FoundPackage {
  readonly kind: PackageKind
  /** As the ecosystem writes it: `@scope/name`, `group:artifact` for Maven, a module path for Go. */
  readonly name: string
  /** As installed, with epoch and release where there are any: `1:2.3-4`. */
  readonly version: string
  /** Source package that advisories of distributions are about (apk origin, dpkg Source, rpm SOURCERPM); absent where it is the name. */
  readonly sourceName?: string
  readonly sourceVersion?: string
  readonly architecture?: string
  /** `MODULARITYLABEL` of an rpm. */
  readonly modularity?: string
  /** Who built an rpm or deb: `Red Hat, Inc.`. */
  readonly vendor?: string
  /** SPDX expressions where they could be read as such, else the text that was found. */
  readonly licences: readonly string[]
  /** File that told of the package, without a leading slash. */
  readonly path: string
  /** DiffID of the layer that brought it: `sha256:…`; absent outside images. */
  readonly layer?: string
  /** Package URL (purl-spec), with qualifiers for distribution and architecture. */
  readonly purl: string
  /** True for what a lock file says is for development only. */
  readonly development?: boolean
}

/** Why something could not be looked into. A scan with one of these is not a clean scan. */
export interface Unread {
  readonly code: 'UNSUPPORTED' | 'TOO_LARGE' | 'DAMAGED' | 'TOO_DEEP'
  /** Layer or file it is about. */
  readonly where: string
  readonly reason: string
}

export interface Inventory {
  readonly os?: OperatingSystem
  /** Red Hat: repositories and builds that the image says it was made from (`root/buildinfo/content_manifests`). */
  readonly contentSets?: readonly string[]
  /** Builds that an older image of Red Hat says it is: `name-version-release.arch`. */
  readonly nvrs?: readonly string[]
  readonly packages: readonly FoundPackage[]
  readonly unread: readonly Unread[]
}
