import { Button, Group, Modal, Stack, Text } from '@mantine/core'
import { useForm } from '@mantine/form'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import type { Enrolment } from '../../api/api-error.ts'
import { call } from '../../api/client.ts'
import { invalidate, query } from '../../api/queries.ts'
import { ModalForm } from '../../components/modal-form.tsx'
import { Section } from '../../components/page.tsx'
import { PasswordField } from '../../components/password-field.tsx'
import { AuthenticatorSetup } from '../../components/second-factor/authenticator-setup.tsx'
import { CodeField } from '../../components/second-factor/code-field.tsx'
import { RecoveryCodes } from '../../components/second-factor/recovery-codes.tsx'
import { Passkeys } from './passkeys.tsx'
import { ErrorFace, LoadingFace } from '../../components/states.tsx'
import { toast } from '../../components/toast.ts'
import { Facts, RelativeTime, StatusBadge } from '../../components/values.tsx'

const path = '/users/current/second_factor'
type Step = 'password' | 'app' | 'renew' | 'remove'

/** Codes of an authenticator app beside the password: whether they are asked for, and how to have them. `local`: the password is here. */
export function SecondFactor({ local }: { readonly local: boolean }) {
  const t = useTranslations('secondFactor')
  const { data, error, refetch } = useQuery(query('GET /users/current/second_factor'))
  const client = useQueryClient()
  const [step, setStep] = useState<Step>()
  const [enrolment, setEnrolment] = useState<Enrolment>()
  const [codes, setCodes] = useState<readonly string[]>()
  const finish = async (recoveryCodes?: readonly string[]) => {
    setStep(undefined)
    setEnrolment(undefined)
    setCodes(recoveryCodes)
    await Promise.all([invalidate(client, path), invalidate(client, '/users/current/sessions')])
  }
  if (data?.elsewhere === true) return null
  return (
    <>
      <Section title={t('title')} description={t('hint')}>
        {data === undefined ? (
          error === null ? (
            <LoadingFace />
          ) : (
            <ErrorFace error={error} onRetry={() => void refetch()} />
          )
        ) : data.since === undefined ? (
          <Group>
            <Button onClick={() => setStep('password')}>{t('setUp')}</Button>
            {data.required && <StatusBadge tone="warn">{t('required')}</StatusBadge>}
          </Group>
        ) : (
          <Stack gap="md">
            <Facts
              facts={[
                [
                  t('state'),
                  <StatusBadge key="on" tone="good">
                    {t('on')}
                  </StatusBadge>,
                ],
                [t('since'), <RelativeTime key="since" time={data.since} />],
                [t('recovery.left'), t('recovery.count', { count: String(data.recovery_codes_left) })],
              ]}
            />
            <Group gap="xs">
              <Button variant="default" onClick={() => setStep('renew')}>
                {t('recovery.renew')}
              </Button>
              <Button variant="default" onClick={() => setStep('remove')}>
                {t('remove')}
              </Button>
            </Group>
          </Stack>
        )}
        {step === 'password' && (
          <ShowPassword
            onClose={() => setStep(undefined)}
            onBegun={(begun) => {
              setEnrolment(begun)
              setStep('app')
            }}
          />
        )}
        {step === 'app' && enrolment !== undefined && (
          <EnterCode
            title={t('setUp')}
            submitLabel={t('switchOn')}
            enrolment={enrolment}
            onClose={() => setStep(undefined)}
            act={async (code) => {
              const made = await call('PUT /users/current/second_factor', { body: { code } })
              await finish(made.recovery_codes)
            }}
          />
        )}
        {step === 'renew' && (
          <EnterCode
            title={t('recovery.renew')}
            submitLabel={t('recovery.renew')}
            text={t('recovery.renewText')}
            onClose={() => setStep(undefined)}
            act={async (code) => {
              const made = await call('POST /users/current/second_factor/recovery_codes', { body: { code } })
              await finish(made.recovery_codes)
            }}
          />
        )}
        {step === 'remove' && (
          <EnterCode
            title={t('removeTitle')}
            submitLabel={t('remove')}
            text={data?.required === true ? t('removeRequired') : t('removeText')}
            onClose={() => setStep(undefined)}
            act={async (code) => {
              await call('POST /users/current/second_factor/removal', { body: { code } })
              toast(t('removed'))
              await finish()
            }}
          />
        )}
        <Modal
          opened={codes !== undefined}
          onClose={() => setCodes(undefined)}
          title={t('recovery.title')}
          withCloseButton={false}
          closeOnClickOutside={false}
          closeOnEscape={false}
        >
          {codes !== undefined && <RecoveryCodes codes={codes} onDone={() => setCodes(undefined)} />}
        </Modal>
      </Section>
      {local && data?.since !== undefined && <Passkeys />}
    </>
  )
}

interface ShowPasswordProps {
  onClose(): void
  onBegun(enrolment: Enrolment): void
}

/** Who found an open browser does not set up a second factor for its owner. */
function ShowPassword({ onClose, onBegun }: ShowPasswordProps) {
  const t = useTranslations('secondFactor')
  const common = useTranslations('common')
  const form = useForm({
    initialValues: { password: '' },
    validate: { password: (password) => (password === '' ? common('required') : null) },
  })
  const begin = useMutation({
    mutationFn: async ({ password }: typeof form.values) =>
      await call('POST /users/current/second_factor', { body: { password } }),
    onSuccess: onBegun,
  })
  return (
    <ModalForm
      opened
      title={t('setUp')}
      submitLabel={t('continue')}
      pending={begin.isPending}
      error={begin.error}
      onClose={onClose}
      onSubmit={form.onSubmit((values) => begin.mutate(values))}
    >
      <Text size="sm">{t('setUpText')}</Text>
      <PasswordField
        label={t('password')}
        autoComplete="current-password"
        data-autofocus
        {...form.getInputProps('password')}
      />
    </ModalForm>
  )
}

interface EnterCodeProps {
  readonly title: string
  readonly submitLabel: string
  readonly text?: string
  readonly enrolment?: Enrolment
  onClose(): void
  act(code: string): Promise<void>
}

function EnterCode({ title, submitLabel, text, enrolment, onClose, act }: EnterCodeProps) {
  const t = useTranslations('secondFactor')
  const common = useTranslations('common')
  const form = useForm({
    initialValues: { code: '' },
    validate: { code: (code) => (code.trim() === '' ? common('required') : null) },
  })
  const submit = useMutation({
    mutationFn: async ({ code }: typeof form.values) => await act(code.trim()),
    onError: () => form.setFieldValue('code', ''),
  })
  return (
    <ModalForm
      opened
      size={enrolment === undefined ? 'md' : 'lg'}
      title={title}
      submitLabel={submitLabel}
      pending={submit.isPending}
      error={submit.error}
      onClose={onClose}
      onSubmit={form.onSubmit((values) => submit.mutate(values))}
    >
      {text !== undefined && <Text size="sm">{text}</Text>}
      {enrolment !== undefined && <AuthenticatorSetup enrolment={enrolment} />}
      <CodeField
        label={enrolment === undefined ? t('code') : t('firstCode')}
        maw={320}
        data-autofocus
        {...form.getInputProps('code')}
      />
    </ModalForm>
  )
}
