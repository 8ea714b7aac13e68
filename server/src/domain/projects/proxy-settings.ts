import { ContractError } from '#contract/contract-error.ts'
import { matcherOf } from '#contract/doublestar.ts'
import { DomainError } from '../errors.ts'
import type { MetadataKey, ProjectMetadata } from './project-metadata.ts'

/** What only a proxy project has. Harbor passes over these of an ordinary one. */
const ofProxies: readonly MetadataKey[] = [
  ...(['proxy_speed_kb', 'max_upstream_conn', 'proxy_cache_filter_pattern', 'proxy_cache_filter_kind'] as const),
  ...(['proxy_cache_freshness', 'proxy_cache_pins', 'proxy_mirror_of'] as const),
]
const filterKeys: readonly MetadataKey[] = ['proxy_cache_filter_pattern', 'proxy_cache_filter_kind']
const maxInt32 = 2_147_483_647

/**
 * What is given, as far as it fits the kind of project; `stored` is what was said before.
 * @throws DomainError BAD_REQUEST for a filter, an age or a list that is none
 */
export function ofKind(given: ProjectMetadata, stored: ProjectMetadata, isProxy: boolean): ProjectMetadata {
  if (!isProxy) {
    return Object.fromEntries(Object.entries(given).filter(([key]) => !ofProxies.includes(key as MetadataKey)))
  }
  // Harbor drops it: what a cache holds was signed elsewhere.
  const { enable_content_trust: _, ...rest } = given
  const fitting: ProjectMetadata = rest
  assertAmounts(fitting)
  if (filterKeys.some((key) => fitting[key] !== undefined)) assertFilter({ ...stored, ...fitting })
  if (fitting.proxy_cache_freshness !== undefined) parseFreshness(fitting.proxy_cache_freshness)
  if (fitting.proxy_cache_pins !== undefined) parsePins(fitting.proxy_cache_pins)
  if (fitting.proxy_mirror_of !== undefined) parseMirrored(fitting.proxy_mirror_of)
  return fitting
}

/** The same for one key that is said by itself. @throws DomainError BAD_REQUEST */
export function assertFits(
  { registryId }: { readonly registryId: number | undefined },
  [key, value]: readonly [MetadataKey, string],
  stored: ProjectMetadata,
): void {
  if (registryId === undefined) {
    if (filterKeys.includes(key))
      throw new DomainError('BAD_REQUEST', 'can not update the normal project with proxy cache filter metadata')
    if (ofProxies.includes(key))
      throw new DomainError('BAD_REQUEST', `${key} is for proxy cache projects, and this project has no registry`)
    return
  }
  if (key === 'max_upstream_conn' && Number(value) !== -1 && Number(value) <= 0)
    throw new DomainError('BAD_REQUEST', `invalid value for max_upstream_conn: ${value}`)
  // Here Harbor takes a pattern without a kind: it is a doublestar then.
  const kind = stored.proxy_cache_filter_kind ?? 'doublestar'
  ofKind({ [key]: value }, { proxy_cache_filter_kind: kind, ...stored }, true)
}

/** @throws DomainError BAD_REQUEST while there is a pattern that is of that kind */
export function assertFilterKindFree({ proxy_cache_filter_pattern: pattern = '' }: ProjectMetadata): void {
  if (pattern === '') return
  throw new DomainError(
    'BAD_REQUEST',
    'cannot delete proxy_cache_filter_kind when proxy_cache_filter_pattern is not empty, please clear the pattern first',
  )
}

function assertAmounts({ proxy_speed_kb: speed, max_upstream_conn: connections }: ProjectMetadata): void {
  for (const [key, value] of [
    ['proxy_speed_kb', speed],
    ['max_upstream_conn', connections],
  ] as const) {
    if (value === undefined || (Number(value) >= -1 && Number(value) <= maxInt32)) continue
    throw new DomainError('BAD_REQUEST', `metadata.${key} should be an int32 of -1 or more, but got: '${value}'`)
  }
}

function assertFilter({ proxy_cache_filter_pattern: pattern = '', proxy_cache_filter_kind: kind }: ProjectMetadata) {
  if (kind !== 'doublestar' && kind !== 'regex') {
    throw new DomainError(
      'BAD_REQUEST',
      `metadata.proxy_cache_filter_kind should be "doublestar" or "regex", but got: "${kind ?? ''}"`,
    )
  }
  if (pattern === '') return
  try {
    filterOf(pattern, kind)
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new DomainError('BAD_REQUEST', `metadata.proxy_cache_filter_pattern is invalid for kind "${kind}": ${why}`)
  }
}

/** Whether the filter lets a repository through; its name is the one upstream. A pattern that cannot be read lets nothing through. */
export function isFiltered(metadata: ProjectMetadata, repository: string): boolean {
  const { proxy_cache_filter_pattern: pattern = '', proxy_cache_filter_kind: kind = 'doublestar' } = metadata
  if (pattern === '') return true
  try {
    return filterOf(pattern, kind)(repository)
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof ContractError) return false
    throw error
  }
}

/** @throws SyntaxError, ContractError */
function filterOf(pattern: string, kind: string): (name: string) => boolean {
  if (kind !== 'regex') return matcherOf(pattern)
  assertQuick(pattern)
  const expression = new RegExp(`^(?:${pattern})$`, 'u')
  return (name) => expression.test(name)
}

const maxPattern = 256
const maxOpenEnded = 3

/**
 * JavaScript's expressions go back and try again, and a pattern can make that last for years. With three open-ended repetitions,
 * none of a group, the longest name costs milliseconds. @throws SyntaxError
 */
function assertQuick(pattern: string): void {
  if (pattern.length > maxPattern) throw new SyntaxError(`it has more than ${maxPattern} characters`)
  const bare = pattern.replaceAll(/\\./gsu, 'x').replaceAll(/\[\^?\]?[^\]]*\]/gsu, 'x')
  if (/\\[1-9k]/u.test(pattern) || /\(\?[=!<]/u.test(bare))
    throw new SyntaxError('references and looking around are not taken')
  if (/\)[*+{]/u.test(bare)) throw new SyntaxError('a group is not repeated; list what it may be, as in (a|b)')
  const openEnded = bare.match(/[*+]|\{\d*,\d*\}/gu)?.length ?? 0
  if (openEnded > maxOpenEnded) throw new SyntaxError(`it repeats more than ${maxOpenEnded} times`)
}

/** For how long what was said of a tag is believed. */
export interface Freshness {
  readonly pattern: string
  readonly seconds: number
}

/** A HEAD a minute for each tag in use costs nothing that upstreams count, and keeps a burst of pulls to one. */
export const standardFreshnessSeconds = 60
const maxFreshnessSeconds = 365 * 86_400
const maxEntries = 50

/**
 * `30`, or patterns of tags with seconds: `latest=30, v*=86400`; the first that matches decides.
 * @throws DomainError BAD_REQUEST
 */
export function parseFreshness(text: string): readonly Freshness[] {
  return entriesOf(text, 'proxy_cache_freshness').map((entry) => {
    const [, pattern = '**', seconds] = /^(?:([^=]+)=)?(\d{1,9})$/u.exec(entry) ?? []
    if (seconds === undefined || Number(seconds) > maxFreshnessSeconds) {
      throw new DomainError(
        'BAD_REQUEST',
        `proxy_cache_freshness has seconds, or patterns of tags with seconds, as in latest=30, v*=86400; not ${entry.slice(0, 100)}`,
      )
    }
    return { pattern: readable(pattern.trim()), seconds: Number(seconds) }
  })
}

/** Milliseconds for which an answer about this tag is believed. */
export function freshnessOf({ proxy_cache_freshness: text = '' }: ProjectMetadata, tag: string): number {
  const found = text === '' ? undefined : parseFreshness(text).find(({ pattern }) => matcherOf(pattern)(tag))
  return (found?.seconds ?? standardFreshnessSeconds) * 1_000
}

export interface Pin {
  readonly repository: string
  readonly tag: string
}

/** `library/alpine:*, library/debian:12`: patterns of repositories, and of their tags. @throws DomainError BAD_REQUEST */
export function parsePins(text: string): readonly Pin[] {
  return entriesOf(text, 'proxy_cache_pins').map((entry) => {
    const colon = entry.lastIndexOf(':')
    const [repository, tag] = colon < 0 ? [entry, '**'] : [entry.slice(0, colon), entry.slice(colon + 1)]
    return { repository: readable(repository), tag: readable(tag) }
  })
}

/** `repository` without its project. Docker Hub's own images are meant with `library/` in front and without. */
export function isPinned(pins: readonly Pin[], repository: string, tag: string): boolean {
  const names = repository.includes('/') ? [repository] : [repository, `library/${repository}`]
  return pins.some((pin) => names.some((name) => matcherOf(pin.repository)(name)) && matcherOf(pin.tag)(tag))
}

/** `docker.io, ghcr.io`: the names of registries that clients ask for. @throws DomainError BAD_REQUEST */
export function parseMirrored(text: string): readonly string[] {
  return entriesOf(text, 'proxy_mirror_of').map((entry) => {
    const host = entry.toLowerCase()
    if (/^[a-z0-9]+(?:[.-][a-z0-9]+)*(?::\d{1,5})?$/u.test(host)) return host
    throw new DomainError(
      'BAD_REQUEST',
      `proxy_mirror_of has hosts of registries, as in docker.io, ghcr.io; not ${entry.slice(0, 100)}`,
    )
  })
}

function entriesOf(text: string, key: string): readonly string[] {
  const entries = text
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '')
  if (entries.length <= maxEntries) return entries
  throw new DomainError('BAD_REQUEST', `${key} has ${entries.length} entries; ${maxEntries} at the most`)
}

/** @throws DomainError BAD_REQUEST for a pattern that is none */
function readable(pattern: string): string {
  try {
    matcherOf(pattern)
    return pattern
  } catch (error) {
    if (!(error instanceof ContractError)) throw error
    throw new DomainError('BAD_REQUEST', error.message)
  }
}
