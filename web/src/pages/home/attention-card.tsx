import { useQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { useTranslations } from 'use-intl'
import type { RowOf } from '../../api/client.ts'
import { query } from '../../api/queries.ts'
import { unattended } from '../../api/session.ts'
import { ErrorIcon, WarningIcon } from '../../components/icons.ts'
import { LinkAnchor } from '../../components/links.tsx'
import { Section } from '../../components/page.tsx'
import { useMinute } from '../../components/values.tsx'
import { useFormat } from '../../i18n/format.ts'
import { projectAddress } from '../../shell/addresses.ts'
import styles from './home-page.module.css'

type Concern = RowOf<'GET /statistics/attention'>

/** What somebody should see to; nothing where there is nothing. */
export function AttentionCard() {
  const t = useTranslations('home')
  const { data } = useQuery({ ...query('GET /statistics/attention', unattended), refetchInterval: 60_000 })
  if (data === undefined || data.length === 0) return null
  return (
    <Section flush title={t('attention')}>
      <ul className={styles.concerns}>
        {data.map((concern, index) => (
          <li key={`${concern.kind} ${index}`} className={styles.concern} data-severity={concern.severity}>
            {concern.severity === 'critical' ? (
              <ErrorIcon size={17} aria-hidden />
            ) : (
              <WarningIcon size={17} aria-hidden />
            )}
            <div>
              <ConcernText concern={concern} />
            </div>
          </li>
        ))}
      </ul>
    </Section>
  )
}

function ConcernText({ concern }: { readonly concern: Concern }) {
  const t = useTranslations('home')
  const format = useFormat()
  const { project, robot = '', used_bytes: used = 0, total_bytes: total = 1, expires_at: expires } = concern
  const time = expires === undefined ? new Date(0) : new Date(expires)
  const expired = time.getTime() < useMinute()
  const when = format.date(time)
  switch (concern.kind) {
    case 'default-password':
      return t('concerns.defaultPassword')
    case 'disk-nearly-full':
      return t('concerns.disk', { share: format.percent(used / total), free: format.size(total - used) })
    case 'certificate-expiring':
      return expired ? t('concerns.certificateExpired', { when }) : t('concerns.certificate', { when })
    case 'jobs-failed':
      return t('concerns.jobs', { count: concern.count ?? 0 })
    case 'scrub-unscheduled':
      return t.rich('concerns.scrub', { page: linkTo('/administration/scrub') })
    case 'vulnerability-data-missing':
      return t.rich('concerns.noVulnerabilityData', { page: dataPage })
    case 'vulnerability-data-old':
      return t.rich('concerns.oldVulnerabilityData', {
        when: format.date(new Date(concern.data_time ?? 0)),
        page: dataPage,
      })
    case 'exploited-vulnerabilities':
      return t.rich('concerns.exploited', { count: concern.count ?? 0, page: linkTo('/administration/security') })
    case 'scan-all-failed':
      return t.rich('concerns.scanAll', {
        count: concern.count ?? 0,
        page: linkTo('/administration/security/scan-all'),
      })
    case 'signers-unnamed':
      return t.rich('concerns.signersUnnamed', {
        count: concern.count ?? 0,
        page: linkTo('/administration/signers'),
      })
    case 'quarantine-waiting':
      return t('concerns.quarantine', { count: concern.count ?? 0 })
    case 'audit-log-changed':
      return t.rich('concerns.auditChanged', {
        count: concern.count ?? 0,
        page: linkTo('/administration/audit-log/integrity'),
      })
    case 'audit-sinks-behind':
      return t.rich('concerns.auditSinks', {
        count: concern.count ?? 0,
        page: linkTo('/administration/audit-log/sinks'),
      })
    case 'quota-nearly-full':
      return (
        <>
          {t.rich('concerns.quota', {
            share: format.percent(used / total),
            total: format.size(total),
            project: () => (
              <LinkAnchor {...projectAddress(project ?? '')} underline="always">
                {project}
              </LinkAnchor>
            ),
          })}
        </>
      )
    case 'robot-expiring':
      return expired
        ? t('concerns.robotExpired', { robot: nameOf(robot, project), when })
        : t('concerns.robot', { robot: nameOf(robot, project), when })
  }
}

/** Underlined: within a sentence, colour alone does not tell a link. */
const linkTo = (to: string) => (label: ReactNode) => (
  <LinkAnchor to={to as '/'} underline="always">
    {label}
  </LinkAnchor>
)
const dataPage = linkTo('/administration/vulnerability-data')

const nameOf = (robot: string, project: string | undefined): string =>
  project === undefined ? robot : `${project}+${robot}`
