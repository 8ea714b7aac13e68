import { Alert, Button, Stack, Text, TextInput, Title } from '@mantine/core'
import { useForm } from '@mantine/form'
import { useMutation } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { useTranslations } from 'use-intl'
import { isUsername } from '#contract/username.ts'
import { ApiError } from '../../api/api-error.ts'
import { fetchChecked } from '../../api/client.ts'
import { useSession } from '../../api/session.ts'
import { Entrance } from '../../components/entrance.tsx'
import { FormError } from '../../components/form-error.tsx'
import { ErrorIcon } from '../../components/icons.ts'

const route = getRouteApi('/oidc-onboard')

/** Somebody new, whom their provider has let in, chooses what to be called here. */
export function OnboardingPage() {
  const t = useTranslations('signIn')
  const provider = useProviderName()
  const { username = '', redirect_url: redirect = '/' } = route.useSearch()
  const form = useForm({
    initialValues: { username },
    validate: { username: (value) => (isUsername(value.trim()) ? null : t('onboarding.invalid')) },
  })
  const submit = useMutation({
    mutationFn: async (values: typeof form.values) =>
      await fetchChecked('/c/oidc/onboard', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ username: values.username.trim() }),
      }),
    // A new page, which asks anew who is here.
    onSuccess: () => window.location.assign(redirect),
    onError: (error, values) => {
      if (statusOf(error) === 409) form.setFieldError('username', t('onboarding.taken', { name: values.username }))
    },
  })
  return (
    <Entrance title={t('onboarding.title')}>
      <form onSubmit={form.onSubmit((values) => submit.mutate(values))} noValidate>
        <Stack gap="md">
          <div>
            <Title order={1}>{t('onboarding.title')}</Title>
            <Text c="dimmed" mt={4}>
              {t('onboarding.text', { provider })}
            </Text>
          </div>
          <TextInput
            size="md"
            label={t('username')}
            autoComplete="username"
            autoCapitalize="none"
            spellCheck={false}
            // oxlint-disable-next-line jsx-a11y/no-autofocus
            autoFocus
            {...form.getInputProps('username')}
          />
          {submit.error !== null && statusOf(submit.error) !== 409 && (
            <OnboardingError error={submit.error} redirect={redirect} />
          )}
          <Button type="submit" size="md" loading={submit.isPending}>
            {t('onboarding.submit')}
          </Button>
        </Stack>
      </form>
    </Entrance>
  )
}

/** The form has looked at the name already, so 400 says that the server knows this sign-in no longer. */
function OnboardingError({ error, redirect }: { readonly error: unknown; readonly redirect: string }) {
  const t = useTranslations('signIn')
  const status = statusOf(error)
  if (status === 403)
    return (
      <Alert color="red" variant="light" icon={<ErrorIcon size={18} />} role="alert">
        {t('onboarding.disabled')}
      </Alert>
    )
  if (status !== 400) return <FormError error={error} />
  return (
    <Alert color="red" variant="light" icon={<ErrorIcon size={18} />} role="alert">
      <Stack gap="sm" align="start">
        {t('onboarding.expired')}
        <Button
          component="a"
          variant="default"
          href={`/c/oidc/login?${new URLSearchParams({ redirect_url: redirect })}`}
        >
          {t('onboarding.again')}
        </Button>
      </Stack>
    </Alert>
  )
}

function useProviderName(): string {
  const { system } = useSession()
  return system.oidc_provider_name || 'OIDC'
}

const statusOf = (error: unknown): number | undefined => (error instanceof ApiError ? error.status : undefined)
