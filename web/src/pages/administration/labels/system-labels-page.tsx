import { useTranslations } from 'use-intl'
import { Page } from '../../../components/page.tsx'
import { LabelList } from '../../project/labels/labels-page.tsx'

/** Labels of the registry, for all projects. */
export function SystemLabelsPage() {
  const t = useTranslations('system.labels')
  return (
    <Page title={t('title')} description={t('description')} guide="labels">
      <LabelList mayCreate mayChange />
    </Page>
  )
}
