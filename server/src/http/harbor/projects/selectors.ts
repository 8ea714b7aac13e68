import { z } from 'zod'
import type { Selector } from '../../../domain/policies/selectors.ts'
import { DomainError } from '../../../domain/errors.ts'

export const selectorAnswer = z.object({
  kind: z.string(),
  decoration: z.string(),
  pattern: z.string(),
  extras: z.string().optional(),
})

export const selectorBody = z.object({
  kind: z.string().nullish(),
  decoration: z.string().nullish(),
  pattern: z.string().max(1_024).nullish(),
  extras: z.string().max(1_024).nullish(),
})

/** A rule of immutability or retention, as Harbor's clients write it. */
export const ruleBody = z.object({
  id: z.number().int().nullish(),
  priority: z.number().int().nullish(),
  disabled: z.boolean().nullish(),
  action: z.string().nullish(),
  template: z.string().nullish(),
  params: z.record(z.string(), z.unknown()).nullish(),
  tag_selectors: z.array(selectorBody).max(20).nullish(),
  scope_selectors: z.record(z.string(), z.array(selectorBody).max(20)).nullish(),
})

/** Harbor's words for the two ways of selecting; they differ for tags and repositories. */
export interface Decorations {
  readonly matches: string
  readonly excludes: string
}

/** @throws DomainError BAD_REQUEST */
export function parseSelectors(
  bodies: readonly z.output<typeof selectorBody>[],
  { matches, excludes }: Decorations,
): readonly Selector[] {
  return bodies.map(({ kind, decoration, pattern }) => {
    if (kind && kind !== 'doublestar') throw new DomainError('BAD_REQUEST', 'the kind of a selector is doublestar')
    if (decoration !== matches && decoration !== excludes)
      throw new DomainError('BAD_REQUEST', `the decoration is ${matches} or ${excludes}`)
    return { excludes: decoration === excludes, pattern: pattern ?? '' }
  })
}

export function presentSelector(
  { excludes, pattern }: Selector,
  decorations: Decorations,
): z.output<typeof selectorAnswer> {
  return { kind: 'doublestar', decoration: excludes ? decorations.excludes : decorations.matches, pattern }
}
