import type { ReactNode } from 'react'
import { useTranslations } from 'use-intl'
import { JobIcon, LayersIcon, ScheduleIcon } from '../../../components/icons.ts'
import { Page } from '../../../components/page.tsx'
import { TabLinks } from '../../../components/tab-links.tsx'

interface JobsFrameProps {
  readonly tab: 'jobs' | 'queues' | 'schedules'
  readonly actions?: ReactNode
  readonly children: ReactNode
}

/** Around the three pages about work: what there is, what waits, what comes by itself. */
export function JobsFrame({ tab, actions, children }: JobsFrameProps) {
  const t = useTranslations('jobs')
  const tabs = [
    { key: 'jobs', label: t('title'), to: '/administration/jobs', icon: JobIcon },
    { key: 'queues', label: t('queues'), to: '/administration/queues', icon: LayersIcon },
    { key: 'schedules', label: t('schedules'), to: '/administration/schedules', icon: ScheduleIcon },
  ]
  return (
    <Page
      title={t('title')}
      name={tab === 'jobs' ? t('title') : t(tab)}
      description={t(`explanations.${tab}`)}
      guide="jobs"
      actions={actions}
    >
      <TabLinks label={t('tabsLabel')} tabs={tabs} here={tab} />
      {children}
    </Page>
  )
}
