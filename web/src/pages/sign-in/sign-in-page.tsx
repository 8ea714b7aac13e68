import { Alert, Anchor, Button, Divider, Stack, Text, TextInput, Title } from '@mantine/core'
import { useForm } from '@mantine/form'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { getRouteApi, useRouter } from '@tanstack/react-router'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { ApiError } from '../../api/api-error.ts'
import { refreshSession, sessionQuery, signIn, useSession } from '../../api/session.ts'
import { FormError } from '../../components/form-error.tsx'
import { Entrance } from '../../components/entrance.tsx'
import { ErrorIcon, InfoIcon } from '../../components/icons.ts'
import { LinkAnchor } from '../../components/links.tsx'
import { PasswordField } from '../../components/password-field.tsx'

const route = getRouteApi('/sign-in')

export function SignInPage() {
  const t = useTranslations('signIn')
  const { system } = useSession()
  const { ended } = route.useSearch()
  const oidc = system.auth_mode === 'oidc_auth'
  const [local, setLocal] = useState(!oidc)
  return (
    <Entrance
      title={t('title')}
      below={
        <LinkAnchor to="/projects" size="sm" c="dimmed" mt="lg">
          {t('browsePublic')}
        </LinkAnchor>
      }
    >
      <Stack gap="lg">
        <Title order={1}>{t('welcome', { host: window.location.host })}</Title>
        {ended === true && <Alert icon={<InfoIcon size={18} />}>{t('sessionEnded')}</Alert>}
        {oidc && <ProviderButton />}
        {oidc && local && <Divider label={t('or')} />}
        {local ? (
          <PasswordForm />
        ) : (
          <Anchor component="button" size="sm" onClick={() => setLocal(true)}>
            {t('localInstead')}
          </Anchor>
        )}
      </Stack>
    </Entrance>
  )
}

function ProviderButton() {
  const t = useTranslations('signIn')
  const { system } = useSession()
  const { next = '/' } = route.useSearch()
  return (
    <Button component="a" size="md" href={`/c/oidc/login?${new URLSearchParams({ redirect_url: next })}`}>
      {t('withProvider', { provider: system.oidc_provider_name || 'OIDC' })}
    </Button>
  )
}

function PasswordForm() {
  const t = useTranslations('signIn')
  const common = useTranslations('common')
  const { system } = useSession()
  const { next } = route.useSearch()
  const client = useQueryClient()
  const router = useRouter()
  const form = useForm({
    initialValues: { username: '', password: '' },
    validate: {
      username: (value) => (value.trim() === '' ? common('required') : null),
      password: (value) => (value === '' ? common('required') : null),
    },
  })
  const submit = useMutation({
    mutationFn: async ({ username, password }: typeof form.values) => await signIn(username.trim(), password),
    onSuccess: async () => {
      // What was asked without an account may be answered otherwise now.
      client.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== sessionQuery.queryKey[0] })
      await refreshSession(client)
      router.history.push(next ?? '/')
    },
    onError: () => form.setFieldValue('password', ''),
  })
  return (
    <form onSubmit={form.onSubmit((values) => submit.mutate(values))} noValidate>
      <Stack gap="md">
        <TextInput
          size="md"
          label={t('username')}
          autoComplete="username"
          autoCapitalize="none"
          spellCheck={false}
          // The page is this form: who comes here wants to type.
          // oxlint-disable-next-line jsx-a11y/no-autofocus
          autoFocus
          {...form.getInputProps('username')}
        />
        <PasswordField
          size="md"
          label={t('password')}
          autoComplete="current-password"
          {...form.getInputProps('password')}
        />
        {system.auth_mode === 'ldap_auth' && (
          <Text size="sm" c="dimmed">
            {t('ldapHint')}
          </Text>
        )}
        {submit.error !== null && <SignInError error={submit.error} />}
        <Button type="submit" size="md" loading={submit.isPending}>
          {t('submit')}
        </Button>
      </Stack>
    </form>
  )
}

function SignInError({ error }: { readonly error: unknown }) {
  const t = useTranslations('signIn')
  const { system } = useSession()
  const text =
    error instanceof ApiError && error.status === 401
      ? t('wrong')
      : error instanceof ApiError && error.code === 'FORBIDDEN'
        ? t('firstPassword')
        : error instanceof ApiError && error.status === 403 && system.auth_mode === 'oidc_auth'
          ? t('goesToProvider', { provider: system.oidc_provider_name || 'OIDC' })
          : undefined
  if (text === undefined) return <FormError error={error} />
  return (
    <Alert color="red" variant="light" icon={<ErrorIcon size={18} />} role="alert">
      {text}
      {error instanceof ApiError && error.status === 401 && (
        <Text size="sm" c="dimmed" mt="xs">
          {t('forgotten')}
        </Text>
      )}
    </Alert>
  )
}
