import { Text, Textarea, TextInput } from '@mantine/core'
import { useForm } from '@mantine/form'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useTranslations } from 'use-intl'
import { call } from '../../../../api/client.ts'
import { invalidate } from '../../../../api/queries.ts'
import { ModalForm } from '../../../../components/modal-form.tsx'
import { toast } from '../../../../components/toast.ts'
import { endOfDay } from '../../allowlist/allowlist.ts'
import { dayAfter } from '../exemption-draft.ts'
import type { HeldArtifact } from './held-list.tsx'

interface DecideFormProps {
  readonly project: string
  readonly held: HeldArtifact
  readonly name: string
  onClose(): void
}

const defaultDays = 30

/** Gives the artifact out although policies refuse it: they do not count for it until a day. */
export function ReleaseForm({ project, held, name, onClose }: DecideFormProps) {
  const t = useTranslations('quarantine')
  const common = useTranslations('common')
  const form = useForm({
    initialValues: { reason: '', lastDay: dayAfter(defaultDays) },
    validate: {
      reason: (value) => (value.trim() === '' ? common('required') : null),
      lastDay: (value) => (value === '' ? common('required') : null),
    },
  })
  const release = useDecision(t('released'), onClose, async ({ reason, lastDay }: typeof form.values) => {
    await call('POST /projects/{project_name_or_id}/quarantine/{artifact_id}/release', {
      params: { project_name_or_id: project, artifact_id: held.id },
      body: { reason: reason.trim(), expires_at: new Date((endOfDay(lastDay) ?? 0) * 1_000).toISOString() },
    })
  })
  return (
    <ModalForm
      opened
      onClose={onClose}
      title={t('releaseTitle', { name })}
      submitLabel={t('release')}
      pending={release.isPending}
      error={release.error}
      onSubmit={form.onSubmit((values) => release.mutate(values))}
    >
      <Text size="sm">{t('releaseWhat')}</Text>
      <Textarea
        label={t('reason')}
        description={t('reasonHint')}
        autosize
        minRows={2}
        maxLength={1_024}
        required
        data-autofocus
        {...form.getInputProps('reason')}
      />
      <TextInput
        type="date"
        label={t('lastDay')}
        description={t('lastDayHint')}
        min={dayAfter(0)}
        max={dayAfter(365)}
        required
        {...form.getInputProps('lastDay')}
      />
    </ModalForm>
  )
}

/** Deletes the artifact with its tags, into the trash if there is one. */
export function RejectForm({ project, held, name, onClose }: DecideFormProps) {
  const t = useTranslations('quarantine')
  const common = useTranslations('common')
  const form = useForm({
    initialValues: { reason: '' },
    validate: { reason: (value) => (value.trim() === '' ? common('required') : null) },
  })
  const reject = useDecision(t('rejected'), onClose, async ({ reason }: typeof form.values) => {
    await call('POST /projects/{project_name_or_id}/quarantine/{artifact_id}/reject', {
      params: { project_name_or_id: project, artifact_id: held.id },
      body: { reason: reason.trim() },
    })
  })
  return (
    <ModalForm
      opened
      onClose={onClose}
      title={t('rejectTitle', { name })}
      submitLabel={t('reject')}
      pending={reject.isPending}
      error={reject.error}
      onSubmit={form.onSubmit((values) => reject.mutate(values))}
    >
      <Text size="sm">{t('rejectWhat')}</Text>
      <Textarea
        label={t('reason')}
        description={t('reasonHint')}
        autosize
        minRows={2}
        maxLength={1_024}
        required
        data-autofocus
        {...form.getInputProps('reason')}
      />
    </ModalForm>
  )
}

function useDecision<Values>(told: string, onClose: () => void, decide: (values: Values) => Promise<void>) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: decide,
    onSuccess: async () => {
      onClose()
      toast(told)
      await invalidate(client, '/projects')
    },
  })
}
