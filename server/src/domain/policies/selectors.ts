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

/** Those of one rule. @throws DomainError BAD_REQUEST */
export function assertPatterns(selectors: readonly Selector[]): void {
  for (const { pattern } of selectors) {
    if (pattern === '') throw new DomainError('BAD_REQUEST', 'a pattern is empty; ** matches everything')
    try {
      matcherOf(pattern)
    } catch (cause) {
      if (!(cause instanceof ContractError)) throw cause
      throw new DomainError('BAD_REQUEST', cause.message)
    }
  }
  const steps = selectors.reduce((sum, { pattern }) => sum + matcherOf(pattern).steps, 0)
  if (steps > maxSteps)
    throw new DomainError(
      'BAD_REQUEST',
      `the patterns of a rule may have ${maxSteps} characters, alternatives spelt out`,
    )
}

/** What the matchers cost for each character of a name. */
export function costOf(selectors: readonly Selector[]): number {
  return selectors.reduce((sum, { pattern }) => sum + matcherOf(pattern).costPerCharacter, 0)
}
