import { Button, List, Stack, Text, ThemeIcon, Title } from '@mantine/core'
import { useForm } from '@mantine/form'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useRouter } from '@tanstack/react-router'
import { useTranslations } from 'use-intl'
import { call } from '../../api/client.ts'
import { refreshSession, signIn, useSession } from '../../api/session.ts'
import { FormError } from '../../components/form-error.tsx'
import { Entrance } from '../../components/entrance.tsx'
import { CheckIcon } from '../../components/icons.ts'
import { PasswordField } from '../../components/password-field.tsx'

/** It stands in every manual, and this page is only there while it is the administrator's. */
const passwordOfEveryManual = 'Harbor12345'

const rules = {
  length: (password: string) => password.length >= 8 && password.length <= 128,
  cases: (password: string) => /[a-z]/.test(password) && /[A-Z]/.test(password),
  digit: (password: string) => /\d/.test(password),
  other: (password: string) => password !== '' && password !== passwordOfEveryManual,
} as const

/** Nobody goes on as administrator with a password that everybody knows. */
export function FirstRunPage() {
  const t = useTranslations('firstRun')
  const { user } = useSession()
  const client = useQueryClient()
  const router = useRouter()
  const form = useForm({
    initialValues: { password: '', again: '' },
    validate: {
      password: (value) => (Object.values(rules).every((holds) => holds(value)) ? null : t('weak')),
      again: (value, { password }) => (value === password ? null : t('different')),
    },
  })
  const change = useMutation({
    mutationFn: async ({ password }: typeof form.values) => {
      if (user === undefined) return
      await call('PUT /users/{user_id}/password', {
        params: { user_id: user.user_id },
        body: { old_password: passwordOfEveryManual, new_password: password },
      })
      // The sessions of the old password ended with it, this one too.
      await signIn({ username: user.username, password })
    },
    onSuccess: async () => {
      await refreshSession(client)
      router.history.push('/first-image')
    },
  })
  const typed = form.values.password
  return (
    <Entrance title={t('title')}>
      <form onSubmit={form.onSubmit((values) => change.mutate(values))} noValidate>
        <Stack gap="md">
          <div>
            <Title order={1}>{t('title')}</Title>
            <Text c="dimmed" mt={4}>
              {t('text', { name: user?.username ?? '' })}
            </Text>
          </div>
          {/* For password managers, which keep a password under a name. */}
          <input type="text" autoComplete="username" value={user?.username ?? ''} readOnly hidden />
          <PasswordField
            size="md"
            label={t('password')}
            autoComplete="new-password"
            // oxlint-disable-next-line jsx-a11y/no-autofocus
            autoFocus
            {...form.getInputProps('password')}
          />
          <List size="sm" spacing={4} center c="dimmed">
            {(Object.keys(rules) as (keyof typeof rules)[]).map((rule) => (
              <List.Item
                key={rule}
                icon={
                  <ThemeIcon
                    size={16}
                    radius="xl"
                    color={rules[rule](typed) ? 'teal.8' : 'gray'}
                    variant={rules[rule](typed) ? 'filled' : 'light'}
                  >
                    <CheckIcon size={11} aria-hidden />
                  </ThemeIcon>
                }
              >
                {t(`rules.${rule}`)}
              </List.Item>
            ))}
          </List>
          <PasswordField size="md" label={t('again')} autoComplete="new-password" {...form.getInputProps('again')} />
          {change.error !== null && <FormError error={change.error} />}
          <Button type="submit" size="md" loading={change.isPending}>
            {t('submit')}
          </Button>
        </Stack>
      </form>
    </Entrance>
  )
}
