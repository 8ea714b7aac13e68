import * as pep440 from '@renovatebot/pep440'
import * as ruby from '@renovatebot/ruby-semver'
import semver from 'semver'
import type { PackageKind } from '../inventory.ts'
import { compareApkVersions } from './apk-version.ts'
import type { CompareVersions } from './compare-versions.ts'
import { compareDpkgVersions } from './dpkg-version.ts'
import { compareGenericVersions } from './generic-version.ts'
import { compareMavenVersions } from './maven-version.ts'
import { compareRpmVersions } from './rpm-version.ts'

const orders: Readonly<Partial<Record<PackageKind, CompareVersions>>> = {
  apk: compareApkVersions,
  deb: compareDpkgVersions,
  rpm: compareRpmVersions,
  npm: compareNpmVersions,
  pypi: comparePythonVersions,
  conda: comparePythonVersions,
  gem: compareGemVersions,
  maven: compareMavenVersions,
}

/** How versions of a kind of package follow each other. */
export const orderOf = (kind: PackageKind): CompareVersions => orders[kind] ?? compareGenericVersions

/** Semantic Versioning as npm reads it, loosely: `v1.2.3`, `=1.2.3`. Shorter ones are compared number by number. */
export function compareNpmVersions(left: string, right: string): number | undefined {
  const a = semver.parse(left, { loose: true })
  const b = semver.parse(right, { loose: true })
  return a === null || b === null ? compareGenericVersions(left, right) : a.compare(b)
}

/** PEP 440, "Summary of permitted suffixes and relative ordering". */
export function comparePythonVersions(left: string, right: string): number | undefined {
  if (pep440.valid(left) === null || pep440.valid(right) === null) return undefined
  return pep440.compare(left, right)
}

/** RubyGems: `1.0.pre1` is before `1.0`. */
export function compareGemVersions(left: string, right: string): number | undefined {
  const a = ruby.valid(left)
  const b = ruby.valid(right)
  if (a === null || b === null) return undefined
  if (ruby.eq(a, b)) return 0
  return ruby.lt(a, b) ? -1 : 1
}
