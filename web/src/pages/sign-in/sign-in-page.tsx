import { Alert, Anchor, Button, Divider, Stack, Text, TextInput, Title } from '@mantine/core'
import { useForm } from '@mantine/form'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { getRouteApi, useRouter } from '@tanstack/react-router'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { ApiError } from '../../api/api-error.ts'
import { mayUsePasskeys, signInByPasskey, wasPutAway } from '../../api/passkeys.ts'
import { refreshSession, sessionQuery, signIn, useSession, type Login } from '../../api/session.ts'
import { FormError } from '../../components/form-error.tsx'
import { Entrance } from '../../components/entrance.tsx'
import { ErrorIcon, InfoIcon } from '../../components/icons.ts'
import { LinkAnchor } from '../../components/links.tsx'
import { RenewPassword } from './renew-password.tsx'
import { SecondStep, type SecondStepOf } from './second-step.tsx'
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
          <>
            <PasswordForm />
            {mayUsePasskeys() && <PasskeyButton />}
          </>
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
  const enter = useEnter()
  const [second, setSecond] = useState<SecondStepOf>()
  const [expired, setExpired] = useState<Login>()
  const form = useForm({
    initialValues: { username: '', password: '' },
    validate: {
      username: (value) => (value.trim() === '' ? common('required') : null),
      password: (value) => (value === '' ? common('required') : null),
    },
  })
  /** Goes on to the code where the registry asks for one. */
  const ask = (error: unknown, login: Login): boolean => {
    const asked = isReason(error, 'SECOND_FACTOR_REQUIRED', 'SECOND_FACTOR_UNSET')
    if (asked) setSecond({ login, enrolment: error.enrolment })
    return asked
  }
  const submit = useMutation({
    mutationFn: async ({ username, password }: typeof form.values) => {
      const login = { username: username.trim(), password }
      try {
        await signIn(login)
      } catch (error) {
        if (ask(error, login)) return
        if (!isReason(error, 'PASSWORD_EXPIRED')) throw error
        setExpired(login)
        return
      }
      await enter()
    },
    onError: () => form.setFieldValue('password', ''),
  })
  const back = () => {
    setSecond(undefined)
    setExpired(undefined)
    form.reset()
  }
  if (second !== undefined) return <SecondStep {...second} onIn={enter} onBack={back} />
  if (expired !== undefined) return <RenewPassword login={expired} onIn={enter} onAsked={ask} onBack={back} />
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

function PasskeyButton() {
  const t = useTranslations('signIn')
  const enter = useEnter()
  const submit = useMutation({ mutationFn: signInByPasskey, onSuccess: enter })
  return (
    <Stack gap="md">
      <Button variant="default" size="md" loading={submit.isPending} onClick={() => submit.mutate()}>
        {t('byPasskey')}
      </Button>
      {submit.error !== null && !wasPutAway(submit.error) && <FormError error={submit.error} />}
    </Stack>
  )
}

/** Leads to where somebody wanted to go, once the registry knows them. */
function useEnter(): () => Promise<void> {
  const { next } = route.useSearch()
  const client = useQueryClient()
  const router = useRouter()
  return async () => {
    // What was asked without an account may be answered otherwise now.
    client.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== sessionQuery.queryKey[0] })
    await refreshSession(client)
    router.history.push(next ?? '/')
  }
}

const isReason = (error: unknown, ...reasons: readonly string[]): error is ApiError =>
  error instanceof ApiError && reasons.includes(error.reason)

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
