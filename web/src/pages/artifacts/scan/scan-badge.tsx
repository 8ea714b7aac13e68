import { Text } from '@mantine/core'
import { useTranslations } from 'use-intl'
import { LinkAnchor } from '../../../components/links.tsx'
import { StatusBadge, type Tone } from '../../../components/values.tsx'
import type { Artifact, Place } from '../artifact-columns.tsx'
import { isScannable, useScanOverview, type ScanOverview } from './scan-overview.ts'
import { severities, severityOf, type Severity } from './vulnerability-rows.ts'

export const severityTones: Readonly<Record<Severity, Tone>> = {
  Critical: 'bad',
  High: 'bad',
  Medium: 'warn',
  Low: 'neutral',
  None: 'neutral',
  Unknown: 'neutral',
}

export function SeverityBadge({ severity }: { readonly severity: string }) {
  const t = useTranslations('scan')
  const known = severityOf(severity)
  return <StatusBadge tone={severityTones[known]}>{t(`severities.${known}`)}</StatusBadge>
}

interface ScanBadgeProps {
  readonly place: Place
  readonly artifact: Artifact
}

/** What the newest scan says, in a word, with the way to all of it. */
export function ScanBadge({ place, artifact }: ScanBadgeProps) {
  const overview = useScanOverview(place, artifact)
  if (!isScannable(artifact)) return null
  return (
    <LinkAnchor
      to="/projects/$projectName/repositories/$repository/artifacts/$reference"
      params={{ ...place, reference: artifact.digest }}
      search={{ tab: 'vulnerabilities' }}
      underline="hover"
      c="inherit"
      size="sm"
    >
      <Outcome overview={overview} />
    </LinkAnchor>
  )
}

function Outcome({ overview }: { readonly overview: ScanOverview | undefined }) {
  const t = useTranslations('scan')
  const summary = useSummaryText()
  if (overview === undefined)
    return (
      <Text size="sm" c="dimmed" span>
        {t('notScanned')}
      </Text>
    )
  if (overview.summary === undefined || overview.reported_at === undefined)
    return <StatusBadge tone={toneOfStatus(overview)}>{t(`status.${statusOf(overview)}`)}</StatusBadge>
  const { exploited = 0, gaps = [], summary: found } = overview
  const worst = severities.find((severity) => (found.summary[severity] ?? 0) > 0)
  const title = summary(overview)
  if (worst === undefined) {
    const complete = gaps.length === 0 && found.total === 0
    return (
      <span title={title}>
        <StatusBadge tone={complete ? 'good' : 'warn'}>{t(complete ? 'noneFound' : 'incomplete')}</StatusBadge>
      </span>
    )
  }
  return (
    <span title={title}>
      {exploited > 0 ? (
        <StatusBadge tone="bad">{t('exploitedCount', { count: exploited })}</StatusBadge>
      ) : (
        <StatusBadge tone={severityTones[worst]}>
          {t('severityCount', { severity: t(`severities.${worst}`), count: found.summary[worst] ?? 0 })}
        </StatusBadge>
      )}
    </span>
  )
}

const statuses = ['Pending', 'Running', 'Success', 'Error', 'Stopped'] as const

export const statusOf = ({ scan_status: word }: ScanOverview): (typeof statuses)[number] =>
  statuses.find((status) => status === word) ?? 'Error'

export function toneOfStatus(overview: ScanOverview): Tone {
  const tones = { Pending: 'accent', Running: 'accent', Success: 'good', Error: 'bad', Stopped: 'neutral' } as const
  return tones[statusOf(overview)]
}

/** `33 vulnerabilities: 2 critical, 5 high; 20 fixable`. */
function useSummaryText(): (overview: ScanOverview) => string {
  const t = useTranslations('scan')
  return ({ summary, gaps = [] }) => {
    if (summary === undefined) return ''
    const parts = severities.flatMap((severity) => {
      const count = summary.summary[severity] ?? 0
      return count === 0 ? [] : [t('severityCount', { severity: t(`severities.${severity}`), count })]
    })
    return [
      t('total', { count: summary.total }),
      ...parts,
      ...(summary.total === 0 ? [] : [t('fixableCount', { count: summary.fixable })]),
      ...(gaps.length === 0 ? [] : [t('incomplete')]),
    ].join(' · ')
  }
}
