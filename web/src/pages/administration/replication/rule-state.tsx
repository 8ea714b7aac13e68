import { useTranslations } from 'use-intl'
import { StatusBadge } from '../../../components/values.tsx'
import { useFormat } from '../../../i18n/format.ts'
import type { Rule } from './replication-words.ts'

/** Below that nothing is said: a change takes its moment. */
const unremarkableSeconds = 60

/** How a rule stands: switched off, waiting for a person, behind. */
export function RuleState({ rule }: { readonly rule: Rule }) {
  const t = useTranslations('replication')
  const lag = useLagText()
  const { enabled, held_since: heldSince, lag_seconds: seconds } = rule
  if (heldSince !== undefined) return <StatusBadge tone="bad">{t('held')}</StatusBadge>
  if (enabled !== true) return <StatusBadge tone="neutral">{t('disabled')}</StatusBadge>
  if (seconds === undefined) return <StatusBadge tone="good">{t('active')}</StatusBadge>
  if (seconds < unremarkableSeconds) return <StatusBadge tone="good">{t('upToDate')}</StatusBadge>
  return <StatusBadge tone="warn">{t('behind', { time: lag(seconds) })}</StatusBadge>
}

const units = [
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
  ['second', 1],
] as const

/** `3 hours`, in the largest unit that it fills. */
export function useLagText(): (seconds: number) => string {
  const format = useFormat()
  return (seconds) => {
    const [unit, size] = units.find(([, each]) => seconds >= each) ?? units.at(-1)!
    return format.duration(Math.floor(seconds / size), unit)
  }
}
