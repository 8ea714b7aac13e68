import type { ReactNode } from 'react'
import { useTranslations } from 'use-intl'
import { CheckIcon, PolicyIcon, ScanIcon, SearchIcon, WarningIcon } from '../../../components/icons.ts'
import { Page } from '../../../components/page.tsx'
import { TabLinks } from '../../../components/tab-links.tsx'

interface SecurityFrameProps {
  readonly tab: 'overview' | 'vulnerabilities' | 'findings' | 'scanAll' | 'allowlist'
  readonly actions?: ReactNode
  readonly children: ReactNode
}

/** Around the pages about what scans found in all projects. */
export function SecurityFrame({ tab, actions, children }: SecurityFrameProps) {
  const t = useTranslations('security')
  const tabs = [
    { key: 'overview', label: t('tabs.overview'), to: '/administration/security', icon: PolicyIcon },
    {
      key: 'vulnerabilities',
      label: t('tabs.vulnerabilities'),
      to: '/administration/security/vulnerabilities',
      icon: WarningIcon,
    },
    { key: 'findings', label: t('tabs.findings'), to: '/administration/security/findings', icon: SearchIcon },
    { key: 'scanAll', label: t('tabs.scanAll'), to: '/administration/security/scan-all', icon: ScanIcon },
    { key: 'allowlist', label: t('tabs.allowlist'), to: '/administration/security/allowlist', icon: CheckIcon },
  ]
  return (
    <Page
      title={t('title')}
      name={tab === 'overview' ? t('title') : t(`tabs.${tab}`)}
      description={t(`explanations.${tab}`)}
      guide="security"
      actions={actions}
    >
      <TabLinks label={t('tabsLabel')} tabs={tabs} here={tab} />
      {children}
    </Page>
  )
}
