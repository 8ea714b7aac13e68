import { Stack } from '@mantine/core'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { Page } from '../../../components/page.tsx'
import { ExemptionForm } from '../../project/pull-policies/exemption-form.tsx'
import { ExemptionList } from '../../project/pull-policies/exemption-list.tsx'
import { PolicyList } from '../../project/pull-policies/policy-list.tsx'

/** Policies of the registry, which concern every project, and what is exempt from them. */
export function SystemPullPoliciesPage() {
  const t = useTranslations('pullPolicies')
  const [isExempting, setExempting] = useState(false)
  return (
    <Page title={t('title')} description={t('description')} guide="pullPolicies">
      <Stack gap="lg">
        <PolicyList project={undefined} mayChange />
        <ExemptionList project={undefined} mayChange onAdd={() => setExempting(true)} />
      </Stack>
      {isExempting && <ExemptionForm project={undefined} initial={{}} onClose={() => setExempting(false)} />}
    </Page>
  )
}
