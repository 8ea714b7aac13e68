import { Text, TextInput } from '@mantine/core'
import { useForm } from '@mantine/form'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useTranslations } from 'use-intl'
import { call, type RowOf } from '../../../api/client.ts'
import { invalidate } from '../../../api/queries.ts'
import { ModalForm } from '../../../components/modal-form.tsx'
import { toast } from '../../../components/toast.ts'

interface RelinkUserProps {
  readonly user: RowOf<'GET /users'>
  onClose(): void
}

const issuerExample = 'https://login.example.com/realms/company'

/** Hands an account over to whoever is its person at the directory or the provider now. */
export function RelinkUser({ user, onClose }: RelinkUserProps) {
  const t = useTranslations('accounts.users')
  const common = useTranslations('common')
  const client = useQueryClient()
  const { username, source } = user
  const isOfProvider = source === 'oidc'
  const form = useForm({
    initialValues: { issuer: '', subject: '' },
    validate: {
      issuer: (issuer) => (!isOfProvider || URL.canParse(issuer.trim()) ? null : t('relinkIssuerInvalid')),
      subject: (subject) => (!isOfProvider || subject.trim() !== '' ? null : common('required')),
    },
  })
  const relink = useMutation({
    mutationFn: async ({ issuer, subject }: typeof form.values) =>
      await call('PUT /users/{user_id}/identity', {
        params: { user_id: user.user_id },
        body: isOfProvider ? { issuer: issuer.trim(), subject: subject.trim() } : {},
      }),
    onSuccess: async () => {
      onClose()
      toast(t('relinkedToast', { name: username }))
      await invalidate(client, '/users')
    },
  })
  return (
    <ModalForm
      opened
      onClose={onClose}
      title={t('relinkTitle', { name: username })}
      submitLabel={t('relink')}
      pending={relink.isPending}
      error={relink.error}
      onSubmit={form.onSubmit((values) => relink.mutate(values))}
    >
      <Text size="sm">{t(isOfProvider ? 'relinkProvider' : 'relinkDirectory', { name: username })}</Text>
      {isOfProvider && (
        <>
          <TextInput
            label={t('relinkIssuer')}
            placeholder={issuerExample}
            autoComplete="off"
            spellCheck={false}
            data-autofocus
            {...form.getInputProps('issuer')}
          />
          <TextInput
            label={t('relinkSubject')}
            description={t('relinkSubjectHint')}
            autoComplete="off"
            spellCheck={false}
            {...form.getInputProps('subject')}
          />
        </>
      )}
      <Text size="sm" c="dimmed">
        {t('relinkHint')}
      </Text>
    </ModalForm>
  )
}
