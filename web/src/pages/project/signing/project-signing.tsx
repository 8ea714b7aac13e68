import { useTranslations } from 'use-intl'
import { Section } from '../../../components/page.tsx'
import type { ProjectPageProps } from '../project-frame.tsx'
import { ProjectSwitch } from '../settings/project-switch.tsx'
import { SignatureKeyList } from './signature-key-list.tsx'
import { SigningRequestList } from './signing-request-list.tsx'

/** Signing by the registry: the keys of a project, whether two persons sign, and what waits for the second one. */
export function ProjectSigning(props: ProjectPageProps) {
  const t = useTranslations('signing')
  const { project, can } = props
  return (
    <>
      <SignatureKeyList project={project.name} mayChange={can('configuration', 'update')} />
      <Section title={t('twoPersons')}>
        <ProjectSwitch {...props} name="two_person_signing" label={t('twoPersons')} description={t('twoPersonsHint')} />
      </Section>
      <SigningRequestList project={project.name} mayDecide={can('signature', 'create')} />
    </>
  )
}
