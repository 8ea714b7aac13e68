import type { ReactNode } from 'react'
import { useTranslations } from 'use-intl'
import { AuditIcon, PushIcon, TrustIcon } from '../../../components/icons.ts'
import { Page } from '../../../components/page.tsx'
import { TabLinks } from '../../../components/tab-links.tsx'

interface AuditFrameProps {
  readonly tab: 'records' | 'integrity' | 'sinks'
  readonly mark?: ReactNode
  readonly actions?: ReactNode
  readonly children: ReactNode
}

/** Around the three pages of the audit log: what happened, whether it is unchanged, where it is sent. */
export function AuditFrame({ tab, mark, actions, children }: AuditFrameProps) {
  const audit = useTranslations('audit')
  const t = useTranslations('auditChain')
  const tabs = [
    { key: 'records', label: t('records'), to: '/administration/audit-log', icon: AuditIcon },
    { key: 'integrity', label: t('integrity'), to: '/administration/audit-log/integrity', icon: TrustIcon },
    { key: 'sinks', label: t('sinks'), to: '/administration/audit-log/sinks', icon: PushIcon },
  ]
  return (
    <Page
      title={audit('title')}
      name={tab === 'records' ? audit('title') : t(tab)}
      description={t(`explanations.${tab}`)}
      guide="auditLog"
      mark={mark}
      actions={actions}
    >
      <TabLinks label={t('tabsLabel')} tabs={tabs} here={tab} />
      {children}
    </Page>
  )
}
