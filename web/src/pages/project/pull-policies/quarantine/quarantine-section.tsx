import { NumberInput, Select, SimpleGrid, Stack } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useTranslations } from 'use-intl'
import { call } from '../../../../api/client.ts'
import { invalidate } from '../../../../api/queries.ts'
import { Section } from '../../../../components/page.tsx'
import { toast, toastError } from '../../../../components/toast.ts'
import type { ProjectPageProps } from '../../project-frame.tsx'
import { ProjectSwitch } from '../../settings/project-switch.tsx'
import { HeldList } from './held-list.tsx'

const maxDays = 3_650

/** What is held since its push, and how the project wants that. */
export function QuarantineSection(props: ProjectPageProps) {
  const t = useTranslations('quarantine')
  const isOn = props.project.metadata['quarantine'] === 'true'
  return (
    <Section title={t('title')} description={t('hint')}>
      <Stack gap="md">
        <ProjectSwitch {...props} name="quarantine" label={t('switch')} description={t('switchHint')} />
        {isOn && <Limit {...props} />}
        {isOn && props.can('quarantine', 'list') && <HeldList project={props.project.name} can={props.can} />}
      </Stack>
    </Section>
  )
}

/** How long something may stay, and what follows. */
function Limit({ project, can }: ProjectPageProps) {
  const t = useTranslations('quarantine')
  const common = useTranslations('common')
  const client = useQueryClient()
  const change = useMutation({
    mutationFn: async (metadata: { readonly quarantine_days?: string; readonly quarantine_end?: string }) =>
      await call('PUT /projects/{project_name_or_id}', {
        params: { project_name_or_id: project.name },
        body: { metadata },
      }),
    onSuccess: async () => {
      toast(common('saved'))
      await invalidate(client, '/projects')
    },
    onError: toastError,
  })
  const days = project.metadata['quarantine_days'] ?? '0'
  const disabled = !can('project', 'update') || change.isPending
  return (
    <SimpleGrid cols={{ base: 1, sm: 2 }} spacing="md" maw="44rem">
      <NumberInput
        key={days}
        label={t('days')}
        description={t('daysHint')}
        min={0}
        max={maxDays}
        allowDecimal={false}
        defaultValue={Number(days)}
        disabled={disabled}
        onBlur={({ currentTarget: { value } }) =>
          value !== '' && value !== days && change.mutate({ quarantine_days: value })
        }
      />
      <Select
        label={t('end')}
        description={t('endHint')}
        data={(['hold', 'delete'] as const).map((value) => ({ value, label: t(`ends.${value}`) }))}
        value={project.metadata['quarantine_end'] ?? 'hold'}
        allowDeselect={false}
        disabled={disabled || days === '0'}
        onChange={(value) => value !== null && change.mutate({ quarantine_end: value })}
      />
    </SimpleGrid>
  )
}
