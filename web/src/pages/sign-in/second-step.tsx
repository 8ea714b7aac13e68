import { Anchor, Button, Stack, Text, Title } from '@mantine/core'
import { useForm } from '@mantine/form'
import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import type { Enrolment } from '../../api/api-error.ts'
import { signIn, type Login } from '../../api/session.ts'
import { FormError } from '../../components/form-error.tsx'
import { AuthenticatorSetup } from '../../components/second-factor/authenticator-setup.tsx'
import { CodeField } from '../../components/second-factor/code-field.tsx'
import { RecoveryCodes } from '../../components/second-factor/recovery-codes.tsx'

/** A login that the password did not end. */
export interface SecondStepOf {
  readonly login: Login
  /** There where a second factor has to be set up first. */
  readonly enrolment: Enrolment | undefined
}

interface SecondStepProps extends SecondStepOf {
  onIn(): Promise<void>
  onBack(): void
}

/** Asks for the code of the app, or sets one up where the registry wants everybody to have one. */
export function SecondStep({ login, enrolment, onIn, onBack }: SecondStepProps) {
  const t = useTranslations('secondFactor')
  const common = useTranslations('common')
  const [codes, setCodes] = useState<readonly string[]>()
  const form = useForm({
    initialValues: { code: '' },
    validate: { code: (code) => (code.trim() === '' ? common('required') : null) },
  })
  const submit = useMutation({
    mutationFn: async ({ code }: typeof form.values) => await signIn({ ...login, code: code.trim() }),
    onSuccess: async (recoveryCodes) => {
      if (recoveryCodes === undefined) await onIn()
      else setCodes(recoveryCodes)
    },
    onError: () => form.setFieldValue('code', ''),
  })
  if (codes !== undefined)
    return (
      <Stack gap="md">
        <Title order={2}>{t('recovery.title')}</Title>
        <RecoveryCodes codes={codes} onDone={() => void onIn()} />
      </Stack>
    )
  return (
    <form onSubmit={form.onSubmit((values) => submit.mutate(values))} noValidate>
      <Stack gap="md">
        <Title order={2}>{t(enrolment === undefined ? 'signIn.title' : 'signIn.enrolTitle')}</Title>
        <Text size="sm">
          {enrolment === undefined ? t('signIn.text', { host: window.location.host }) : t('signIn.enrolText')}
        </Text>
        {enrolment !== undefined && <AuthenticatorSetup enrolment={enrolment} />}
        <CodeField
          size="md"
          label={t(enrolment === undefined ? 'code' : 'firstCode')}
          // The page is this form: who comes here wants to type.
          // oxlint-disable-next-line jsx-a11y/no-autofocus
          autoFocus
          {...form.getInputProps('code')}
        />
        {submit.error !== null && <FormError error={submit.error} />}
        <Button type="submit" size="md" loading={submit.isPending}>
          {t('signIn.submit')}
        </Button>
        {enrolment === undefined && (
          <Text size="sm" c="dimmed">
            {t('signIn.lost')}
          </Text>
        )}
        <Anchor component="button" type="button" size="sm" onClick={onBack}>
          {t('signIn.back')}
        </Anchor>
      </Stack>
    </form>
  )
}
