import { Select, Stack } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useTranslations } from 'use-intl'
import { call } from '../../../api/client.ts'
import { invalidate } from '../../../api/queries.ts'
import { Section } from '../../../components/page.tsx'
import { toast, toastError } from '../../../components/toast.ts'
import type { ProjectPageProps } from '../project-frame.tsx'
import { ProjectSwitch } from '../settings/project-switch.tsx'

const severities = ['none', 'low', 'medium', 'high', 'critical'] as const

/** The switches that Harbor has for the same: scripts and Terraform set them, and they hold beside the policies. */
export function HarborSwitches(props: ProjectPageProps) {
  const t = useTranslations('pullPolicies.harbor')
  return (
    <Section title={t('title')} description={t('hint')}>
      <Stack gap="md">
        <ProjectSwitch {...props} name="prevent_vul" label={t('prevent_vul')} description={t('preventHint')} />
        {props.project.metadata.prevent_vul === 'true' && <Severity {...props} />}
        <ProjectSwitch
          {...props}
          name="enable_content_trust_cosign"
          label={t('enable_content_trust_cosign')}
          description={t('trustHint')}
        />
        <ProjectSwitch
          {...props}
          name="enable_content_trust"
          label={t('enable_content_trust')}
          description={t('trustHint')}
        />
      </Stack>
    </Section>
  )
}

function Severity({ project, can }: ProjectPageProps) {
  const t = useTranslations('pullPolicies.harbor')
  const common = useTranslations('common')
  const client = useQueryClient()
  const change = useMutation({
    mutationFn: async (severity: string) =>
      await call('PUT /projects/{project_name_or_id}', {
        params: { project_name_or_id: project.name },
        body: { metadata: { severity } },
      }),
    onSuccess: async () => {
      toast(common('saved'))
      await invalidate(client, '/projects')
    },
    onError: toastError,
  })
  return (
    <Select
      label={t('severity')}
      w={{ base: '100%', sm: '20rem' }}
      data={severities.map((value) => ({ value, label: t(`severities.${value}`) }))}
      // As the registry reads it: a project that says nothing refuses whatever was found.
      value={project.metadata.severity ?? 'none'}
      allowDeselect={false}
      disabled={!can('project', 'update') || change.isPending}
      onChange={(value) => value !== null && change.mutate(value)}
    />
  )
}
