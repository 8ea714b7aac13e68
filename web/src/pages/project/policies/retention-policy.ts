import { Cron } from 'croner'
import type { AnswerOf } from '../../../api/client.ts'

export type RetentionPolicy = AnswerOf<'GET /retentions/{id}'>
export type RetentionRule = RetentionPolicy['rules'][number]

/** What somebody writes of a policy, whether it is saved or not. */
export interface RetentionDraft {
  readonly rules: readonly RetentionRule[]
  readonly mode: RetentionPolicy['mode']
  /** Six fields; empty: it does not run by itself. */
  readonly cron: string
}

export const emptyDraft: RetentionDraft = { rules: [], mode: 'artifact', cron: '' }

export function draftOf({ rules, mode, trigger }: RetentionPolicy): RetentionDraft {
  return { rules, mode, cron: String(trigger.settings['cron'] ?? '') }
}

export function bodyOf({ rules, mode, cron }: RetentionDraft, projectId: number) {
  return {
    algorithm: 'or',
    rules,
    mode,
    trigger: { kind: 'Schedule', settings: { cron }, references: {} },
    scope: { level: 'project', ref: projectId },
  }
}

/** The rules with another at a place, without the one there (undefined), or with one more at the end (no place). */
export function ruleReplaced(
  rules: readonly RetentionRule[],
  at: number | undefined,
  rule: RetentionRule | undefined,
): readonly RetentionRule[] {
  const replacement = rule === undefined ? [] : [rule]
  if (at === undefined) return [...rules, ...replacement]
  return rules.flatMap((each, index) => (index === at ? replacement : [each]))
}

/** Of Harbor's templates those that the console has words for. */
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

export const templateNamed = (word: string): Template | undefined => templates.find((template) => template === word)

export const valueOf = ({ template, params }: Pick<RetentionRule, 'template' | 'params'>): number =>
  Number(params?.[template] ?? 0)

export const presets = { hourly: '0 0 * * * *', daily: '0 0 0 * * *', weekly: '0 0 0 * * 0' } as const

/** The next moments that an expression names, on the clocks of UTC as the server runs it; undefined: it cannot be. */
export function nextRuns(cron: string, count: number): readonly Date[] | undefined {
  const fields = cron.trim().split(/\s+/)
  if (fields.length !== 6) return undefined
  try {
    const parsed = new Cron(fields.join(' '), { mode: '6-part', timezone: 'UTC', paused: true, sloppyRanges: true })
    const runs = parsed.nextRuns(count)
    return runs.length === 0 ? undefined : runs
  } catch {
    // It is being typed; the form says that it is none.
    return undefined
  }
}
