import { Button, Group, Stack, Text, Textarea, TextInput } from '@mantine/core'
import { useForm } from '@mantine/form'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { call } from '../../api/client.ts'
import { reasonOf } from '../../api/api-error.ts'
import { refreshSession, signIn, useSession, type CurrentUser } from '../../api/session.ts'
import { confirmDestruction } from '../../components/confirm.ts'
import type { Credential } from '../../components/credential-snippets.ts'
import { FormError } from '../../components/form-error.tsx'
import { Section } from '../../components/page.tsx'
import { SecretOnce } from '../../components/secret-once.tsx'
import { toast } from '../../components/toast.ts'
import { Facts, RelativeTime } from '../../components/values.tsx'
import { isStrongPassword } from '../administration/users/password-rule.ts'
import { ProfileFrame } from './profile-frame.tsx'
import { SecondFactor } from './second-factor.tsx'
import { SessionList } from './session-list.tsx'
import { PasswordField } from '../../components/password-field.tsx'

/** What somebody says of themselves, their password, and where they are signed in. */
export function ProfilePage() {
  const t = useTranslations('profile')
  const { system } = useSession()
  return (
    <ProfileFrame tab="account">
      {(user) => {
        const isOidc = user.oidc_user_meta !== undefined
        // The first account has its password here, wherever the others have theirs.
        const hasPassword = !isOidc && (system.auth_mode !== 'ldap_auth' || user.user_id === 1)
        return (
          <>
            <OwnData user={user} />
            {hasPassword ? (
              <Password user={user} />
            ) : (
              <Section title={t('password.title')}>
                <Text c="dimmed">{t('elsewhere')}</Text>
              </Section>
            )}
            {!isOidc && <SecondFactor local={hasPassword} />}
            {isOidc && <CliSecret user={user} />}
            <SessionList />
          </>
        )
      }}
    </ProfileFrame>
  )
}

interface UserProps {
  readonly user: CurrentUser
}

function OwnData({ user }: UserProps) {
  const t = useTranslations('profile')
  const common = useTranslations('common')
  const client = useQueryClient()
  const form = useForm({
    initialValues: { realname: user.realname ?? '', email: user.email ?? '', comment: user.comment ?? '' },
    validate: {
      realname: (name) => (name.trim() === '' ? common('required') : null),
      email: (email) => (email === '' || /^\S+@\S+\.\S+$/.test(email) ? null : t('emailInvalid')),
    },
  })
  const save = useMutation({
    mutationFn: async (values: typeof form.values) =>
      await call('PUT /users/{user_id}', { params: { user_id: user.user_id }, body: values }),
    onSuccess: async () => {
      await refreshSession(client)
      form.resetDirty()
      toast(common('saved'))
    },
  })
  return (
    <Section title={t('data')}>
      <Stack gap="md" maw="36rem">
        <Facts
          facts={[
            [t('username'), user.username],
            [t('since'), <RelativeTime key="since" time={user.creation_time} />],
          ]}
        />
        <form onSubmit={form.onSubmit((values) => save.mutate(values))} noValidate>
          <Stack gap="md">
            <TextInput label={t('realName')} autoComplete="name" {...form.getInputProps('realname')} />
            <TextInput label={t('email')} type="email" autoComplete="email" {...form.getInputProps('email')} />
            <Textarea label={t('comment')} autosize minRows={2} {...form.getInputProps('comment')} />
            {save.error !== null && <FormError error={save.error} />}
            <Group>
              <Button type="submit" loading={save.isPending} disabled={!form.isDirty()}>
                {common('save')}
              </Button>
            </Group>
          </Stack>
        </form>
      </Stack>
    </Section>
  )
}

function Password({ user }: UserProps) {
  const t = useTranslations('profile.password')
  const client = useQueryClient()
  const form = useForm({
    initialValues: { old: '', next: '', again: '' },
    validate: {
      next: (next) => (isStrongPassword(next) ? null : t('rule')),
      again: (again, { next }) => (again === next ? null : t('different')),
    },
  })
  const change = useMutation({
    mutationFn: async ({ old, next }: typeof form.values) => {
      await call('PUT /users/{user_id}/password', {
        params: { user_id: user.user_id },
        body: { old_password: old, new_password: next },
      })
      // All sessions ended with the old password, this one too.
      await signIn({ username: user.username, password: next }).catch((error: unknown) => {
        if (reasonOf(error) !== 'SECOND_FACTOR_REQUIRED') throw error
        window.location.assign('/sign-in')
      })
    },
    onSuccess: async () => {
      form.reset()
      toast(t('changed'))
      await refreshSession(client)
      await client.invalidateQueries()
    },
  })
  return (
    <Section title={t('title')} description={t('hint')}>
      <form onSubmit={form.onSubmit((values) => change.mutate(values))} noValidate>
        <Stack gap="md" maw="36rem">
          {/* For password managers, which keep a password under a name. */}
          <input type="text" autoComplete="username" value={user.username} readOnly hidden />
          <PasswordField label={t('old')} autoComplete="current-password" {...form.getInputProps('old')} />
          <PasswordField
            label={t('new')}
            description={t('rule')}
            autoComplete="new-password"
            {...form.getInputProps('next')}
          />
          <PasswordField label={t('again')} autoComplete="new-password" {...form.getInputProps('again')} />
          {change.error !== null && <FormError error={change.error} />}
          <Group>
            <Button type="submit" loading={change.isPending} disabled={!form.isDirty()}>
              {t('submit')}
            </Button>
          </Group>
        </Stack>
      </form>
    </Section>
  )
}

function CliSecret({ user }: UserProps) {
  const t = useTranslations('profile.cli')
  const [credential, setCredential] = useState<Credential>()
  const ask = () =>
    confirmDestruction({
      title: t('askTitle'),
      what: t('askWhat'),
      action: t('generate'),
      run: async () => {
        const secret = newSecret()
        await call('PUT /users/{user_id}/cli_secret', { params: { user_id: user.user_id }, body: { secret } })
        setCredential({ username: user.username, secret })
      },
    })
  return (
    <Section title={t('title')} description={t('hint')}>
      <Button variant="default" onClick={ask}>
        {t('generate')}
      </Button>
      <SecretOnce title={t('title2')} credential={credential} onClose={() => setCredential(undefined)} />
    </Section>
  )
}

/** As the registry asks of secrets: 8 to 128 characters, upper case, lower case and a digit. 32 random bytes. */
function newSecret(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(32))
  const text = btoa(String.fromCharCode(...bytes)).replaceAll(/[+/=]/g, 'x')
  return `Aa1${text}`
}
