import { Anchor, Button, Stack, Text, Title } from '@mantine/core'
import { useForm } from '@mantine/form'
import { useMutation } from '@tanstack/react-query'
import { useTranslations } from 'use-intl'
import { signIn, type Login } from '../../api/session.ts'
import { FormError } from '../../components/form-error.tsx'
import { PasswordField } from '../../components/password-field.tsx'
import { isStrongPassword } from '../administration/users/password-rule.ts'

interface RenewPasswordProps {
  readonly login: Login
  onIn(): Promise<void>
  /** Of a login with the new password that a code has to come with. @returns false for what was no such thing */
  onAsked(error: unknown, login: Login): boolean
  onBack(): void
}

/** Asks for another password where the registry takes the present one no longer. */
export function RenewPassword({ login, onIn, onAsked, onBack }: RenewPasswordProps) {
  const t = useTranslations('signIn.expired')
  const form = useForm({
    initialValues: { next: '', again: '' },
    validate: {
      next: (next) => (isStrongPassword(next) ? null : t('rule')),
      again: (again, { next }) => (again === next ? null : t('different')),
    },
  })
  const submit = useMutation({
    mutationFn: async ({ next }: typeof form.values) => {
      const renewing = { ...login, newPassword: next }
      try {
        await signIn(renewing)
      } catch (error) {
        if (!onAsked(error, renewing)) throw error
        return
      }
      await onIn()
    },
  })
  return (
    <form onSubmit={form.onSubmit((values) => submit.mutate(values))} noValidate>
      <Stack gap="md">
        <Title order={2}>{t('title')}</Title>
        <Text size="sm">{t('text')}</Text>
        {/* For password managers, which keep a password under a name. */}
        <input type="text" autoComplete="username" value={login.username} readOnly hidden />
        <PasswordField
          size="md"
          label={t('next')}
          description={t('rule')}
          autoComplete="new-password"
          data-autofocus
          {...form.getInputProps('next')}
        />
        <PasswordField size="md" label={t('again')} autoComplete="new-password" {...form.getInputProps('again')} />
        {submit.error !== null && <FormError error={submit.error} />}
        <Button type="submit" size="md" loading={submit.isPending}>
          {t('submit')}
        </Button>
        <Anchor component="button" type="button" size="sm" onClick={onBack}>
          {t('back')}
        </Anchor>
      </Stack>
    </form>
  )
}
