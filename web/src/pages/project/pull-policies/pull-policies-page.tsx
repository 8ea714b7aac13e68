import { Stack, Text } from '@mantine/core'
import { getRouteApi, useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { useSession } from '../../../api/session.ts'
import { LinkAnchor } from '../../../components/links.tsx'
import { Section } from '../../../components/page.tsx'
import { ProjectFrame, type ProjectPageProps } from '../project-frame.tsx'
import type { ExemptionDraft } from './exemption-draft.ts'
import { ExemptionForm } from './exemption-form.tsx'
import { ExemptionList } from './exemption-list.tsx'
import { HarborSwitches } from './harbor-switches.tsx'
import { HeldBack } from './held-back.tsx'
import { PolicyList } from './policy-list.tsx'
import { QuarantineSection } from './quarantine/quarantine-section.tsx'

const route = getRouteApi('/shell/signed-in/projects/$projectName/pull-policies')

/** What must be true of an image before it is given out, what that holds back now, and what is exempt. */
export function PullPoliciesPage() {
  const { projectName } = route.useParams()
  return (
    <ProjectFrame projectName={projectName} tab="pullPolicies">
      {(props) => <Parts {...props} />}
    </ProjectFrame>
  )
}

function Parts(props: ProjectPageProps) {
  const { project, can } = props
  const { exempt, ...wish } = route.useSearch()
  const navigate = useNavigate()
  const mayChange = can('configuration', 'update')
  // A link of somebody who asks for an exemption opens the form with what they wrote.
  const [exempted, setExempted] = useState<Partial<ExemptionDraft> | undefined>(exempt === true ? wish : undefined)
  const close = () => {
    setExempted(undefined)
    if (exempt === true)
      void navigate({
        to: '/projects/$projectName/pull-policies' as string,
        params: { projectName: project.name } as never,
        replace: true,
      })
  }
  return (
    <Stack gap="lg">
      <PolicyList project={project.name} mayChange={mayChange} />
      <Effect {...props} mayChange={mayChange} onExempt={setExempted} />
      <QuarantineSection {...props} />
      <ExemptionList project={project.name} mayChange={mayChange} onAdd={() => setExempted({})} />
      <HarborSwitches {...props} />
      <OfRegistry />
      {exempted !== undefined && mayChange && (
        <ExemptionForm project={project.name} initial={exempted} onClose={close} />
      )}
    </Stack>
  )
}

interface EffectProps extends ProjectPageProps {
  readonly mayChange: boolean
  onExempt(initial: Partial<ExemptionDraft>): void
}

function Effect({ project, mayChange, onExempt }: EffectProps) {
  const t = useTranslations('pullPolicies.preview')
  return (
    <Section title={t('title')} description={t('hint')}>
      <HeldBack
        project={project.name}
        {...(mayChange
          ? {
              onExempt: ({ repository, digest }, { policy }) =>
                onExempt({ policy, digest, repositories: repository.slice(project.name.length + 1) }),
            }
          : {})}
      />
    </Section>
  )
}

function OfRegistry() {
  const t = useTranslations('pullPolicies')
  const { isAdministrator } = useSession()
  return (
    <Text size="sm" c="dimmed">
      {t('alsoRegistry')}{' '}
      {isAdministrator && (
        <LinkAnchor to="/administration/pull-policies" size="sm" underline="always">
          {t('toRegistry')}
        </LinkAnchor>
      )}
    </Text>
  )
}
