import { ContractError } from '#contract/contract-error.ts'
import { parseRepositoryName } from '#contract/repository-name.ts'
import { DomainError } from '../errors.ts'

/** How a destination wants its names. */
export interface NameRule {
  readonly minComponents: number
  readonly maxComponents: number | undefined
}

/** This registry and every Harbor: a project, and a repository in it. */
export const projectNames: NameRule = { minComponents: 2, maxComponents: undefined }

/**
 * The name at the destination. Without a namespace it stays; else the last component is kept, and the namespace takes
 * the place of `replaceCount` components at the beginning, or of all others for -1.
 * @throws DomainError BAD_REQUEST when the name is too short for that, or the result is no name there
 */
export function mapRepositoryName(
  source: string,
  { destinationNamespace, replaceCount }: { readonly destinationNamespace: string; readonly replaceCount: number },
  rule: NameRule,
): string {
  const mapped = destinationNamespace === '' ? source : replace(source, destinationNamespace, replaceCount)
  try {
    parseRepositoryName(mapped)
  } catch (error) {
    if (!(error instanceof ContractError)) throw error
    throw new DomainError(
      'BAD_REQUEST',
      `the destination repository ${JSON.stringify(mapped.slice(0, 300))} cannot be: ${error.message}`,
    )
  }
  const components = mapped.split('/')
  const { minComponents: min, maxComponents: max } = rule
  if (components.length >= min && (max === undefined || components.length <= max)) return mapped
  const wanted = min === max ? `${min}` : components.length < min ? `at least ${min}` : `at most ${max}`
  throw new DomainError(
    'BAD_REQUEST',
    `the destination repository "${mapped}" contains ${components.length} path components [${components.join(' ')}], but the destination registry only supports ${wanted}`,
  )
}

function replace(source: string, namespace: string, count: number): string {
  const components = source.split('/')
  const last = components.at(-1)!
  const leading = components.slice(0, -1)
  if (count === -1) return `${namespace}/${last}`
  if (count > leading.length) {
    throw new DomainError(
      'BAD_REQUEST',
      `the source repository "${source}" contains only ${leading.length} path components [${leading.join(' ')}] excepting the last one, but the destination namespace flattening level is ${count}`,
    )
  }
  return [namespace, ...leading.slice(count), last].join('/')
}

/** Names that a pattern without wildcards says; undefined when only a list can tell. */
export function specificNames(pattern: string): readonly string[] | undefined {
  if (/[*?[\]\\]/.test(pattern)) return undefined
  const braces = /^([^{}]*)\{([^{}]*)\}(.*)$/.exec(pattern)
  if (braces === null) return /[{}]/.test(pattern) ? undefined : [pattern]
  const [, before = '', alternatives = '', after = ''] = braces
  const all: string[] = []
  for (const one of alternatives.split(',')) {
    const names = specificNames(`${before}${one}${after}`)
    if (names === undefined) return undefined
    all.push(...names)
  }
  return all
}

/** Projects that a pattern can only be about; undefined when it may be any. */
export function specificProjects(pattern: string): readonly string[] | undefined {
  const end = pattern.indexOf('/')
  // A brace that closes behind the slash belongs to more than the project.
  const project = end === -1 ? pattern : pattern.slice(0, end)
  if (end === -1 || project.split('{').length !== project.split('}').length) return undefined
  return specificNames(project)
}
