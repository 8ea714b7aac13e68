import { Select, SimpleGrid, Text, TextInput, Textarea } from '@mantine/core'
import { useForm } from '@mantine/form'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useTranslations } from 'use-intl'
import { invalidate } from '../../../api/queries.ts'
import { ModalForm } from '../../../components/modal-form.tsx'
import { toast } from '../../../components/toast.ts'
import { useFormat } from '../../../i18n/format.ts'
import { endOfDay } from '../allowlist/allowlist.ts'
import { dayAfter, emptyExemption, type ExemptionDraft } from './exemption-draft.ts'
import { createExemption, policyPaths, usePolicies, type PolicyPlace } from './policy-api.ts'

/** Switches of a project that hold back, with Harbor's names. */
const harborKeys = ['prevent_vul', 'enable_content_trust_cosign', 'enable_content_trust'] as const
const everyPolicy = '*'

interface ExemptionFormProps {
  readonly project: PolicyPlace
  readonly initial: Partial<ExemptionDraft>
  onClose(): void
}

/** Lets something pass for a time: what, why, and until when. The author is whoever sends it. */
export function ExemptionForm({ project, initial, onClose }: ExemptionFormProps) {
  const t = useTranslations('pullPolicies.exemptions')
  const common = useTranslations('common')
  const names = useTranslations('pullPolicies.harbor')
  const format = useFormat()
  const client = useQueryClient()
  const { data: policies = [] } = usePolicies(project)
  const form = useForm<ExemptionDraft>({
    initialValues: { ...emptyExemption(), ...initial },
    validate: {
      reason: (value) => (value.trim() === '' ? common('required') : null),
      lastDay: (value) => (value === '' ? common('required') : null),
      digest: (value) => (value.trim() === '' || /^sha256:[a-f0-9]{64}$/.test(value.trim()) ? null : t('digestWrong')),
    },
  })
  const save = useMutation({
    mutationFn: async ({ policy, repositories, digest, vulnerability, reason, lastDay }: ExemptionDraft) =>
      await createExemption(project, {
        policy,
        repositories: repositories.trim() || '**',
        reason: reason.trim(),
        expires_at: new Date((endOfDay(lastDay) ?? 0) * 1_000).toISOString(),
        ...(digest.trim() === '' ? {} : { digest: digest.trim() }),
        ...(vulnerability.trim() === '' ? {} : { vulnerability: vulnerability.trim() }),
      }),
    onSuccess: async (_, { lastDay }) => {
      onClose()
      toast(t('added', { day: format.date(new Date(`${lastDay}T12:00:00`)) }))
      await invalidate(client, ...policyPaths)
    },
  })
  const known = policies.map(({ name }) => name)
  const { policy } = form.values
  const offered = [...new Set([...known, ...(policy === '' ? [] : [policy])])].filter((name) => !isHarborKey(name))
  return (
    <ModalForm
      opened
      onClose={onClose}
      size="lg"
      title={t('new')}
      submitLabel={t('exempt')}
      pending={save.isPending}
      error={save.error}
      onSubmit={form.onSubmit((values) => save.mutate(values))}
    >
      <Select
        label={t('policy')}
        data={[
          { value: everyPolicy, label: t('everyPolicy') },
          ...offered.map((name) => ({ value: name, label: name })),
          ...harborKeys.map((key) => ({ value: key, label: names(key) })),
        ]}
        value={policy || everyPolicy}
        allowDeselect={false}
        onChange={(value) => form.setFieldValue('policy', value === null || value === everyPolicy ? '' : value)}
      />
      <SimpleGrid cols={{ base: 1, sm: 2 }} spacing="md">
        <TextInput
          label={t('repositories')}
          description={t(project === undefined ? 'repositoriesHintRegistry' : 'repositoriesHint')}
          spellCheck={false}
          {...form.getInputProps('repositories')}
        />
        <TextInput
          label={t('vulnerability')}
          description={t('vulnerabilityHint')}
          spellCheck={false}
          {...form.getInputProps('vulnerability')}
        />
      </SimpleGrid>
      <TextInput
        label={t('digest')}
        description={t('digestHint')}
        spellCheck={false}
        {...form.getInputProps('digest')}
      />
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
      {policy === '' && form.values.digest === '' && form.values.vulnerability === '' && (
        <Text size="sm" c="dimmed">
          {t('wide')}
        </Text>
      )}
    </ModalForm>
  )
}

export const isHarborKey = (name: string): name is (typeof harborKeys)[number] =>
  (harborKeys as readonly string[]).includes(name)
