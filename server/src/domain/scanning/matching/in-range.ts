import type { Advisory, AffectedRange } from '../advisories.ts'
import type { CompareVersions } from '../versions/compare-versions.ts'

/**
 * Whether a version is one that the advisory is about. A version that its ecosystem cannot order is affected only where it is named
 * literally.
 */
export function isAffected(advisory: Advisory, version: string, compare: CompareVersions): boolean {
  const isIn = (range: AffectedRange) => inRange(range, version, compare)
  if (advisory.unaffected?.some(isIn) === true) return false
  return advisory.versions?.includes(version) === true || advisory.affected.some(isIn)
}

function inRange(range: AffectedRange, version: string, compare: CompareVersions): boolean {
  const { introduced, after, fixed, lastAffected } = range
  if (introduced !== undefined && introduced !== '0' && !holds(compare(version, introduced), (order) => order >= 0)) {
    return false
  }
  if (after !== undefined && !holds(compare(version, after), (order) => order > 0)) return false
  if (fixed !== undefined && !holds(compare(version, fixed), (order) => order < 0)) return false
  return lastAffected === undefined || holds(compare(version, lastAffected), (order) => order <= 0)
}

const holds = (order: number | undefined, wanted: (order: number) => boolean) => order !== undefined && wanted(order)
