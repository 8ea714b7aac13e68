import { ContractError } from '#contract/contract-error.ts'
import { matcherOf } from '#contract/doublestar.ts'
import { DomainError } from '../errors.ts'

/** One condition on names: those that match the pattern, or those that do not. */
export interface Selector {
  readonly excludes: boolean
  readonly pattern: string
}

/** Whether the name passes every selector. @throws ContractError PATTERN_INVALID for a pattern that no door let in */
export function isSelected(selectors: readonly Selector[], name: string): boolean {
  return selectors.every(({ excludes, pattern }) => matcherOf(pattern)(name) !== excludes)
}

/** Of the selectors of one rule together: fifteen such rules match a name in less than a millisecond, whatever they say. */
const maxSteps = 2_048

/** What stands in no name of a kind. */
const foreign = {
  tag: { characters: /[^A-Za-z0-9_.-]/u, name: 'a tag' },
  repository: { characters: /[^a-z0-9_./-]/u, name: 'the name of a repository' },
}

/** The selectors of one rule, by the names that they are asked about. */
export interface RuleSelectors {
  readonly tags: readonly Selector[]
  readonly repositories: readonly Selector[]
}

/** Also for a pattern that no name can match: such a rule would protect or keep nothing. @throws DomainError BAD_REQUEST */
export function assertPatterns({ tags, repositories }: RuleSelectors): void {
  for (const { pattern } of tags) assertPattern(pattern, 'tag')
  for (const { pattern } of repositories) assertPattern(pattern, 'repository')
  const selectors = [...tags, ...repositories]
  const steps = selectors.reduce((sum, { pattern }) => sum + matcherOf(pattern).steps, 0)
  if (steps > maxSteps)
    throw new DomainError(
      'BAD_REQUEST',
      `the patterns of a rule may have ${maxSteps} characters, alternatives spelt out`,
    )
}

function assertPattern(pattern: string, kind: keyof typeof foreign): void {
  if (pattern === '') throw new DomainError('BAD_REQUEST', 'a pattern is empty; ** matches everything')
  const { characters, name } = foreign[kind]
  const literals = literalsOf(pattern)
  if (!literals.every((each) => characters.test(each))) return
  const [character] = characters.exec(literals[0] ?? '') ?? []
  const remedy = character === ',' ? '; several patterns stand between braces: {one,other}' : ''
  const said = character === ' ' ? 'space' : character
  throw new DomainError(
    'BAD_REQUEST',
    `the pattern ${pattern.slice(0, 100)} matches nothing: ${name} has no ${said}${remedy}`,
  )
}

function literalsOf(pattern: string): readonly string[] {
  try {
    return matcherOf(pattern).literals
  } catch (cause) {
    if (!(cause instanceof ContractError)) throw cause
    throw new DomainError('BAD_REQUEST', cause.message)
  }
}

/** What the matchers cost for each character of a name. */
export function costOf(selectors: readonly Selector[]): number {
  return selectors.reduce((sum, { pattern }) => sum + matcherOf(pattern).costPerCharacter, 0)
}
