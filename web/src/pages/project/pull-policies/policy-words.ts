import { useTranslations } from 'use-intl'
import type { AnswerOf } from '../../../api/client.ts'
import type { Tone } from '../../../components/values.tsx'
import { useFormat } from '../../../i18n/format.ts'
import type { Condition } from './policy-api.ts'

export type Violation =
  AnswerOf<'POST /projects/{project_name_or_id}/policies/evaluate'>['held'][number]['violations'][number]

export const modeTones = { enforce: 'bad', warn: 'warn', audit: 'accent', off: 'neutral' } as const satisfies Record<
  Violation['mode'],
  Tone
>

/** What a policy asks for, as a sentence. */
export function useConditionText(): (condition: Condition) => string {
  const t = useTranslations('pullPolicies.sentences')
  const format = useFormat()
  return (condition) => {
    switch (condition.kind) {
      case 'scanned': {
        const { max_age_days: days, complete } = condition
        const scanned = days === undefined ? t('scanned') : t('scannedLately', { days })
        return complete === true ? t('complete', { scanned }) : scanned
      }
      case 'vulnerabilities': {
        const { severity, known_exploited: exploited, min_epss: epss, fixable, grace_days: days } = condition
        const which = [
          severity !== undefined && t(`severity.${severity}`),
          exploited === true && t('exploited'),
          epss !== undefined && t('epss', { share: format.percent(epss) }),
          fixable === true && t('fixable'),
          days !== undefined && t('grace', { days }),
        ].filter((each) => each !== false)
        return which.length === 0 ? t('noVulnerabilities') : t('noSuch', { which: format.list(which) })
      }
      case 'signed': {
        const { method, signers, match } = condition
        const by =
          signers === undefined
            ? t('anybody')
            : t(match === 'all' && signers.length > 1 ? 'all' : 'any', {
                count: signers.length,
                names: format.list(signers),
              })
        return method === undefined ? t('signed', { by }) : t('signedWith', { by, method })
      }
      case 'licences':
        return t('licences', { names: format.list(condition.denied) })
      case 'age':
        return t('age', { days: condition.max_days })
      case 'size':
        return t('size', { size: format.size(condition.max_bytes) })
    }
  }
}

/** Which artifacts a policy is about. */
export function useScopeText(): (policy: { readonly repositories: string; readonly tags: string }) => string {
  const t = useTranslations('pullPolicies.scope')
  return ({ repositories, tags }) => {
    if (repositories === '**') return tags === '**' ? t('everything') : t('tags', { tags })
    return tags === '**' ? t('repositories', { repositories }) : t('both', { repositories, tags })
  }
}

const namesIn = (value: unknown): readonly string[] =>
  Array.isArray(value) ? value.filter((each): each is string => typeof each === 'string') : []

const shownNames = 3

/** Why a policy holds an artifact back, in the reader's language: the registry's own message is English. */
export function useViolationText(): (violation: Pick<Violation, 'cause' | 'detail'>) => string {
  const t = useTranslations('pullPolicies.reasons')
  const format = useFormat()
  return ({ cause, detail }) => {
    const [vulnerabilities, licences, missing] = ['vulnerabilities', 'licences', 'missing'].map((name) =>
      namesIn(detail[name]),
    )
    switch (cause) {
      case 'vulnerable': {
        const shown = vulnerabilities!.slice(0, shownNames)
        const others =
          vulnerabilities!.length - shown.length + (typeof detail['more'] === 'number' ? detail['more'] : 0)
        return t('vulnerable', { names: shown.join(', '), others })
      }
      case 'licence':
        return t('licence', { names: format.list(licences!) })
      case 'unsigned':
        return missing!.length > 0 ? t('missing', { names: format.list(missing!) }) : t('unsigned')
      case 'large':
        return typeof detail['size'] === 'number' ? t('largeOf', { size: format.size(detail['size']) }) : t('large')
      default:
        return t(cause)
    }
  }
}
