import { Text } from '@mantine/core'
import { useForm } from '@mantine/form'
import { useMutation } from '@tanstack/react-query'
import { useSyncExternalStore } from 'react'
import { useTranslations } from 'use-intl'
import { call } from '../../api/client.ts'
import { answerProof, isProofAsked, subscribeToProofs } from '../../api/step-up.ts'
import { ModalForm } from '../modal-form.tsx'
import { CodeField } from './code-field.tsx'

/** Asks for a code before an act that outlives the session; the act goes on by itself. */
export function StepUpDialog() {
  const t = useTranslations('secondFactor')
  const common = useTranslations('common')
  const opened = useSyncExternalStore(subscribeToProofs, isProofAsked)
  const form = useForm({
    initialValues: { code: '' },
    validate: { code: (code) => (code.trim() === '' ? common('required') : null) },
  })
  const prove = useMutation({
    mutationFn: async ({ code }: typeof form.values) =>
      await call('POST /users/current/second_factor/proof', { body: { code: code.trim() } }),
    onSuccess: () => close(true),
    onError: () => form.setFieldValue('code', ''),
  })
  const close = (shown: boolean) => {
    answerProof(shown)
    form.reset()
    prove.reset()
  }
  return (
    <ModalForm
      opened={opened}
      onClose={() => close(false)}
      title={t('stepUpTitle')}
      submitLabel={t('continue')}
      pending={prove.isPending}
      error={prove.error}
      onSubmit={form.onSubmit((values) => prove.mutate(values))}
    >
      <Text size="sm">{t('stepUpText')}</Text>
      <CodeField label={t('code')} data-autofocus {...form.getInputProps('code')} />
    </ModalForm>
  )
}
