import { DomainError } from '../errors.ts'
import { assertPatterns, isSelected, type Selector } from '../policies/selectors.ts'

/** Harbor's templates: the part that the rule keeps of the artifacts that its selectors choose. */
export const templates = [
  'latestPushedK',
  'latestPulledN',
  'latestActiveK',
  'nDaysSinceLastPush',
  'nDaysSinceLastPull',
  'lastXDays',
  'always',
] as const

export type Template = (typeof templates)[number]

export interface TagSelector extends Selector {
  /** Whether artifacts without a tag pass. */
  readonly untagged: boolean
}

export interface RetentionRule {
  /** Its writer's; here rules are known by their place in the policy. */
  readonly id: number
  readonly priority: number
  readonly disabled: boolean
  readonly template: Template
  /** How many, or how many days; 0 for `always`. */
  readonly value: number
  readonly tags: readonly TagSelector[]
  /** Patterns for the part behind the project's name; none: all repositories. */
  readonly repositories: readonly Selector[]
}

/**
 * `artifact`: Harbor's. An artifact of which a rule keeps a tag stays with all its tags. `tag`: each tag is looked at by
 * itself, and an artifact goes when none of its tags stays.
 */
export type RetentionMode = 'artifact' | 'tag'

/** A rule in force, with its place in the policy, from 1. */
export interface PlacedRule extends RetentionRule {
  readonly place: number
}

const maxRules = 15
const maxSelectors = 20
/** Harbor's bounds. */
const maxCounted = 32_766
const maxDays = 20_190_904

export const isCount = (template: Template): boolean => /[KN]$/.test(template)

/** @throws DomainError BAD_REQUEST, CONFLICT for one rule twice */
export function assertRules(rules: readonly RetentionRule[]): void {
  if (rules.length > maxRules) throw new DomainError('BAD_REQUEST', `only ${maxRules} rules are allowed at most`)
  for (const [at, rule] of rules.entries()) assertRule(rule, at + 1)
  const known = new Map<string, number>()
  for (const [at, { id: _, ...rule }] of rules.entries()) {
    const text = JSON.stringify(rule)
    const other = known.get(text)
    if (other !== undefined) throw new DomainError('CONFLICT', `rule ${at} is conflict with rule ${other}`)
    known.set(text, at)
  }
}

function assertRule({ template, value, tags, repositories }: RetentionRule, place: number): void {
  const refuse = (why: string) => new DomainError('BAD_REQUEST', `rule ${place}: ${why}`)
  if (tags.length === 0) throw refuse('it selects no tags; the pattern ** selects all of them')
  if (tags.length > maxSelectors || repositories.length > maxSelectors)
    throw refuse(`it has more than ${maxSelectors} selectors of a kind`)
  assertPatterns({ tags, repositories })
  const max = isCount(template) ? maxCounted : maxDays
  if (template !== 'always' && !(Number.isInteger(value) && value >= 0 && value <= max))
    throw refuse(`${template} is a whole number from 0 to ${max}`)
}

/** Those that say something about the repository. When there are none, nothing in it is touched. */
export function rulesFor(rules: readonly RetentionRule[], repository: string): readonly PlacedRule[] {
  return rules
    .map((rule, at) => ({ ...rule, place: at + 1 }))
    .filter((rule) => !rule.disabled && isSelected(rule.repositories, repository))
}
