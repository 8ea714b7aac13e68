import type { AffectedRange } from '../advisories.ts'
import type { PackageKind } from '../inventory.ts'

/**
 * Ranges as advisories write them: alternatives between `||`, conditions between commas or spaces: `>=1.0, <1.2.3 || =2.0.0`.
 * Undefined when a part cannot be read: such an advisory is counted as refused, never taken to mean something else.
 */
export function parseConstraint(written: string, kind: PackageKind): readonly AffectedRange[] | undefined {
  if (written.length > 10_000) return undefined
  const ranges: AffectedRange[] = []
  for (const alternative of written.split('||')) {
    const range = parseAlternative(alternative.trim(), kind)
    if (range === undefined) return undefined
    ranges.push(range)
  }
  return ranges
}

const condition = /^(<=|>=|==|=|<|>|~>|~=|~|\^|!=)?\s*([^\s<>=~^!,|()[\]]+)$/

function parseAlternative(text: string, kind: PackageKind): AffectedRange | undefined {
  if (text === '' || text === '*' || text === 'x') return {}
  const interval = parseInterval(text)
  if (interval !== undefined) return interval
  const hyphenated = /^(\S+)\s+-\s+(\S+)$/.exec(text)
  if (hyphenated?.[1] !== undefined && hyphenated[2] !== undefined) {
    return { introduced: hyphenated[1], lastAffected: hyphenated[2] }
  }
  let range: AffectedRange = {}
  // A space after an operator belongs to its condition.
  for (const part of text.replaceAll(/([<>=~^!])\s+/g, '$1').split(/[\s,]+/)) {
    if (part === '') continue
    const match = condition.exec(part)
    if (match?.[2] === undefined || !/[\dxX*]/.test(match[2])) return undefined
    const bounds = boundsOf(match[1] ?? '=', match[2], kind)
    if (bounds === undefined) return undefined
    range = { ...range, ...bounds }
  }
  return range
}

/** `[1.0,2.0)` as Maven and NuGet write it. */
function parseInterval(text: string): AffectedRange | undefined {
  const match = /^([[(])\s*([^,\s]*)\s*(?:(,)\s*([^,\s]*)\s*)?([\])])$/.exec(text)
  if (match === null) return undefined
  const [, opening, low = '', comma, high = '', closing] = match
  if (comma === undefined) return { introduced: low, lastAffected: low }
  return {
    ...(low === '' ? {} : opening === '[' ? { introduced: low } : { after: low }),
    ...(high === '' ? {} : closing === ']' ? { lastAffected: high } : { fixed: high }),
  }
}

function boundsOf(operator: string, version: string, kind: PackageKind): AffectedRange | undefined {
  const wildcard = /^(.*?)\.?[*xX](?:\.[*xX])*$/.exec(version)
  if (wildcard !== null) {
    const prefix = wildcard[1] ?? ''
    if (prefix === '') return {}
    return operator === '=' || operator === '==' ? { introduced: prefix, fixed: nextOf(prefix) } : undefined
  }
  switch (operator) {
    case '<':
      return { fixed: version }
    case '<=':
      return { lastAffected: version }
    case '>':
      return { after: version }
    case '>=':
      return { introduced: version }
    case '=':
    case '==':
      return { introduced: version, lastAffected: version }
    case '^':
      return { introduced: version, fixed: caretEnd(version) }
    case '~>':
    case '~=':
    case '~':
      return { introduced: version, fixed: tildeEnd(version, operator, kind) }
    default:
      return undefined // `!=` says nothing about what is affected
  }
}

/** `~> 1.2.3` ends before 1.3, `~> 1.2` before 2; npm's `~1.2` before 1.3. */
function tildeEnd(version: string, operator: string, kind: PackageKind): string {
  const parts = numbersOf(version)
  const kept = operator === '~' && kind === 'npm' ? Math.min(2, parts.length) : Math.max(1, parts.length - 1)
  return nextOf(parts.slice(0, kept).join('.'))
}

/** The first number that is not 0 stays. */
function caretEnd(version: string): string {
  const parts = numbersOf(version)
  const first = parts.findIndex((part) => part !== '0')
  return nextOf(parts.slice(0, (first < 0 ? parts.length - 1 : first) + 1).join('.'))
}

function numbersOf(version: string): readonly string[] {
  return (/^v?(\d+(?:\.\d+)*)/.exec(version)?.[1] ?? version).split('.')
}

/** The version that follows all that begin with `prefix`: `1.2` → `1.3`. */
function nextOf(prefix: string): string {
  const parts = prefix.split('.')
  const last = parts.pop() ?? '0'
  return [...parts, /^\d+$/.test(last) ? String(BigInt(last) + 1n) : `${last}~`].join('.')
}
