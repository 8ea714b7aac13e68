import { useTranslations } from 'use-intl'
import type { AnswerOf } from '../../../api/client.ts'
import { useFormat } from '../../../i18n/format.ts'
import { templateNamed, valueOf, type RetentionRule } from './retention-policy.ts'

export type PreviewItem = AnswerOf<'POST /projects/{project_name_or_id}/retention/preview'>['items'][number]

/** `The 10 most recently pushed` of a rule; a template that is new here keeps the API's word. */
export function useRuleText(): (rule: Pick<RetentionRule, 'template' | 'params'>) => string {
  const t = useTranslations('policies.templates')
  return (rule) => {
    const known = templateNamed(rule.template)
    return known === undefined ? rule.template : t(known, { count: valueOf(rule) })
  }
}

/** Why something stays or goes under these rules. The registry's own sentence is English; it says the same. */
export function useReason(rules: readonly RetentionRule[]): (item: PreviewItem) => string {
  const t = useTranslations('policies.reasons')
  const format = useFormat()
  const ruleText = useRuleText()
  const textOf = (place: number) => {
    const rule = rules[place - 1]
    return rule === undefined ? '' : ruleText(rule)
  }
  return ({ retained, immutable_tag: immutable, pinned_tag: pinned, rule = 0, rank, misses = [] }) => {
    if (immutable !== undefined) return t('immutable', { tag: immutable })
    if (pinned !== undefined) return t('pinned', { tag: pinned })
    if (retained)
      return rank === undefined
        ? t('kept', { rule, what: textOf(rule) })
        : t('keptByRank', { rule, what: textOf(rule), rank })
    return misses
      .map(({ rule: place, why, time }) => {
        if (why === 'not selected') return t('notSelected', { rule: place })
        if (why === 'rank') return t('rank', { rule: place, what: textOf(place) })
        return time === undefined
          ? t('neverWas', { rule: place, what: textOf(place) })
          : t('age', { rule: place, what: textOf(place), time: format.relative(new Date(time), new Date()) })
      })
      .join(t('next'))
  }
}
