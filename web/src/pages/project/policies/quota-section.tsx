import { Button, Stack, Text, TextInput } from '@mantine/core'
import { useForm } from '@mantine/form'
import { useDisclosure } from '@mantine/hooks'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useTranslations } from 'use-intl'
import { call } from '../../../api/client.ts'
import { invalidate, query } from '../../../api/queries.ts'
import { useSession } from '../../../api/session.ts'
import { ModalForm } from '../../../components/modal-form.tsx'
import { Section } from '../../../components/page.tsx'
import { ErrorFace, LoadingFace } from '../../../components/states.tsx'
import { toast } from '../../../components/toast.ts'
import { parseSize, useFormat } from '../../../i18n/format.ts'
import type { ProjectPageProps } from '../project-frame.tsx'
import { StorageBar, storageOf } from '../storage-quota.tsx'

/** How much of its limit a project uses. Administrators of the registry set it. */
export function Quota({ project }: Pick<ProjectPageProps, 'project'>) {
  const t = useTranslations('policies.quota')
  const format = useFormat()
  const { isAdministrator } = useSession()
  const [opened, { open, close }] = useDisclosure()
  const { data, error, refetch } = useQuery(
    query('GET /projects/{project_name_or_id}/summary', { params: { project_name_or_id: project.name } }),
  )
  if (data !== undefined && data.quota === undefined) return null
  const logical = data?.quota?.logical['storage'] ?? 0
  const { used, hard, share } = storageOf(data?.quota)
  return (
    <Section
      title={t('title')}
      description={t('hint')}
      actions={
        isAdministrator &&
        data !== undefined && (
          <Button variant="default" onClick={open}>
            {t('change')}
          </Button>
        )
      }
    >
      {error !== null ? (
        <ErrorFace error={error} onRetry={() => void refetch()} />
      ) : data === undefined ? (
        <LoadingFace lines={2} />
      ) : (
        <Stack gap="xs">
          <Text fw={500}>
            {hard < 0
              ? t('usedUnlimited', { used: format.size(used) })
              : t('usedOf', { used: format.size(used), limit: format.size(hard), share: format.percent(share) })}
          </Text>
          {hard >= 0 && <StorageBar share={share} size="lg" label={t('title')} />}
          <Text size="sm" c="dimmed">
            {t('logical', { size: format.size(logical) })}
          </Text>
        </Stack>
      )}
      {opened && <LimitForm projectId={project.project_id} hard={hard} onClose={close} />}
    </Section>
  )
}

interface LimitFormProps {
  readonly projectId: number
  readonly hard: number
  onClose(): void
}

function LimitForm({ projectId, hard, onClose }: LimitFormProps) {
  const t = useTranslations('policies.quota')
  const common = useTranslations('common')
  const format = useFormat()
  const client = useQueryClient()
  const form = useForm({
    initialValues: { limit: hard < 0 ? '' : format.size(hard) },
    validate: {
      limit: (text) => (text.trim() !== '' && !((parseSize(text) ?? 0) > 0) ? t('limitHint') : null),
    },
  })
  const save = useMutation({
    mutationFn: async ({ limit }: typeof form.values) =>
      await call('PUT /quotas/{id}', {
        // Of a project and its quota the numbers are the same.
        params: { id: projectId },
        body: { hard: { storage: limit.trim() === '' ? -1 : (parseSize(limit) ?? -1) } },
      }),
    onSuccess: async () => {
      onClose()
      toast(common('saved'))
      await invalidate(client, '/projects', '/quotas')
    },
  })
  return (
    <ModalForm
      opened
      onClose={onClose}
      title={t('change')}
      submitLabel={common('save')}
      pending={save.isPending}
      error={save.error}
      onSubmit={form.onSubmit((values) => save.mutate(values))}
    >
      <TextInput
        label={t('limit')}
        description={t('limitHint')}
        autoComplete="off"
        data-autofocus
        {...form.getInputProps('limit')}
      />
    </ModalForm>
  )
}
