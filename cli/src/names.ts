import { CommandError } from './command-error.ts'

/** `project/rest`, in the two parts that paths of the API have. @throws CommandError */
export function repositoryParams(text: string): { project_name: string; repository_name: string } {
  const slash = text.indexOf('/')
  if (slash <= 0 || slash === text.length - 1)
    throw new CommandError(`${JSON.stringify(text)} names no repository`, {
      next: 'names have the form project/rest: library/nginx',
      kind: 'usage',
    })
  return { project_name: text.slice(0, slash), repository_name: text.slice(slash + 1) }
}

export interface ArtifactName {
  readonly repository: string
  /** A tag or a digest. */
  readonly reference: string
  readonly params: { project_name: string; repository_name: string; reference: string }
}

/** `project/rest:tag` or `project/rest@sha256:…`. @throws CommandError */
export function parseArtifactName(text: string): ArtifactName {
  const at = text.indexOf('@')
  const end = at >= 0 ? at : text.lastIndexOf(':')
  if (end <= text.lastIndexOf('/', at >= 0 ? at : undefined) || end === text.length - 1)
    throw new CommandError(`${JSON.stringify(text)} names no artifact`, {
      next: 'names have the form project/rest:tag or project/rest@sha256:…',
      kind: 'usage',
    })
  const repository = text.slice(0, end)
  const reference = text.slice(end + 1)
  return { repository, reference, params: { ...repositoryParams(repository), reference } }
}

const units: Readonly<Record<string, number>> = {
  '': 1,
  b: 1,
  k: 1e3,
  m: 1e6,
  g: 1e9,
  t: 1e12,
  ki: 2 ** 10,
  mi: 2 ** 20,
  gi: 2 ** 30,
  ti: 2 ** 40,
}

/** `10GB`, `10GiB`, bytes, or `unlimited` (-1). @throws CommandError */
export function parseSize(text: string): number {
  if (/^(unlimited|none|-1)$/i.test(text)) return -1
  const [, digits = '', unit = ''] = /^(\d+(?:\.\d+)?)\s*([kmgt]?i?)b?$/i.exec(text) ?? []
  const factor = digits === '' ? undefined : units[unit.toLowerCase()]
  if (factor === undefined)
    throw new CommandError(`${JSON.stringify(text)} is no size`, { next: '10GB, 512MiB, or unlimited', kind: 'usage' })
  return Math.round(Number(digits) * factor)
}

/** `name=value`; `isNot` is what a text without a name is told, and `next` how it is written. @throws CommandError */
export function parsePair(text: string, isNot: string, next: string): [name: string, value: string] {
  const equals = text.indexOf('=')
  if (equals > 0) return [text.slice(0, equals), text.slice(equals + 1)]
  throw new CommandError(`${JSON.stringify(text)} ${isNot}`, { next, kind: 'usage' })
}

/** `setting=value`. @throws CommandError */
export const parseSetting = (text: string): [name: string, value: string] =>
  parsePair(text, 'sets nothing', 'settings have the form name=value')

/** An id as tables show it. @throws CommandError */
export function parseId(text: string, what: string): number {
  if (/^[1-9]\d{0,14}$/.test(text)) return Number(text)
  throw new CommandError(`${JSON.stringify(text)} is no id of ${what}`, { kind: 'usage' })
}

/** When it was pulled last; Harbor's API has the year 1 for what never was. */
export const pulledAt = ({ pull_time: time }: { readonly pull_time: string }): string =>
  time.startsWith('0001') ? 'never' : time

/** Patterns of a rule (of retention, of immutability) as a table shows them. */
export const patternsOf = (
  selectors: readonly { readonly decoration: string; readonly pattern: string }[] = [],
): string =>
  selectors.map(({ decoration, pattern }) => (/exclude/i.test(decoration) ? `not ${pattern}` : pattern)).join(', ')

/** What a table has room for. */
export const shortDigest = (digest: string): string => digest.slice(0, 19)

export const artifactPath = '/projects/{project_name}/repositories/{repository_name}/artifacts/{reference}' as const
