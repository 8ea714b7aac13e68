import { Alert, Button, Group, Select, Switch, Textarea, TextInput } from '@mantine/core'
import { useForm } from '@mantine/form'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useTranslations } from 'use-intl'
import { call, type RowOf } from '../../../api/client.ts'
import { invalidate } from '../../../api/queries.ts'
import { FormError } from '../../../components/form-error.tsx'
import { SuccessIcon } from '../../../components/icons.ts'
import { ModalForm } from '../../../components/modal-form.tsx'
import { PasswordField } from '../../../components/password-field.tsx'
import { toast } from '../../../components/toast.ts'
import { useRefusal } from '../../../components/use-refusal.ts'

const exampleUrl = 'http://trivy-adapter.example.com:8080'
const auths = ['none', 'Basic', 'Bearer', 'APIKey'] as const

interface ScannerFormProps {
  /** None: a new one. */
  readonly scanner?: RowOf<'GET /scanners'>
  onClose(): void
}

/** An adapter of the Pluggable Scanner API, with a way to try it before it is saved. */
export function ScannerForm({ scanner, onClose }: ScannerFormProps) {
  const t = useTranslations('scanning.scanners')
  const common = useTranslations('common')
  const client = useQueryClient()
  const form = useForm({
    initialValues: {
      name: scanner?.name ?? '',
      url: scanner?.url ?? '',
      description: scanner?.description ?? '',
      auth: auths.find((auth) => auth === scanner?.auth) ?? 'none',
      credential: '',
      verify: scanner?.skip_certVerify !== true,
      internal: scanner?.use_internal_addr === true,
    },
    validate: {
      name: (name) => (name.trim() === '' ? t('nameInvalid') : null),
      url: (url) => (/^https?:\/\/[^\s/]/.test(url.trim()) ? null : t('urlInvalid')),
      credential: (credential, { auth }) =>
        auth === 'none' || credential !== '' || scanner?.auth === auth ? null : t('credentialMissing'),
    },
  })
  type Values = typeof form.values
  const bodyOf = ({ name, url, description, auth, credential, verify, internal }: Values) => ({
    name: name.trim(),
    url: url.trim(),
    description,
    auth: auth === 'none' ? '' : auth,
    access_credential: auth === 'none' ? '' : credential,
    skip_certVerify: !verify,
    use_internal_addr: internal,
    disabled: scanner?.disabled === true,
  })
  const test = useMutation({
    mutationFn: async (values: Values) => {
      const { name, url, auth, access_credential, skip_certVerify } = bodyOf(values)
      const known = scanner === undefined ? {} : { uuid: scanner.uuid }
      // An address can be tried before it has a name.
      const body = { name: name || 'test', url, auth, access_credential, skip_certVerify, ...known }
      return await call('POST /scanners/ping', { body })
    },
  })
  const refusal = useRefusal(form, { NAME_TAKEN: 'name' })
  const save = useMutation({
    mutationFn: async (values: Values) => {
      const body = bodyOf(values)
      if (scanner === undefined) return await call('POST /scanners', { body })
      return await call('PUT /scanners/{registration_id}', { params: { registration_id: scanner.uuid }, body })
    },
    onError: refusal.onError,
    onSuccess: async () => {
      onClose()
      toast(common('saved'))
      await invalidate(client, '/scanners', '/projects')
    },
  })
  return (
    <ModalForm
      opened
      size="lg"
      onClose={onClose}
      title={scanner === undefined ? t('new') : t('editTitle', { name: scanner.name })}
      submitLabel={common('save')}
      pending={save.isPending}
      error={refusal.rest(save.error)}
      onSubmit={form.onSubmit((values) => save.mutate(values))}
    >
      <TextInput label={t('name')} autoComplete="off" data-autofocus {...form.getInputProps('name')} />
      <TextInput
        label={t('address')}
        type="url"
        autoComplete="off"
        spellCheck={false}
        placeholder={exampleUrl}
        {...form.getInputProps('url')}
      />
      <Select
        label={t('auth')}
        data={auths.map((value) => ({ value, label: t(`auths.${value}`) }))}
        allowDeselect={false}
        {...form.getInputProps('auth')}
      />
      {form.values.auth !== 'none' && (
        <PasswordField
          label={form.values.auth === 'Basic' ? t('userAndPassword') : t('credential')}
          placeholder={scanner?.auth === form.values.auth ? t('credentialKept') : ''}
          autoComplete="new-password"
          {...form.getInputProps('credential')}
        />
      )}
      <Switch
        label={t('verify')}
        description={t('verifyHint')}
        {...form.getInputProps('verify', { type: 'checkbox' })}
      />
      <Switch
        label={t('internal')}
        description={t('internalHint')}
        {...form.getInputProps('internal', { type: 'checkbox' })}
      />
      <Textarea label={t('about')} autosize minRows={1} {...form.getInputProps('description')} />
      <Group>
        <Button
          variant="default"
          loading={test.isPending}
          onClick={() => {
            const isRight = !form.validateField('url').hasError && !form.validateField('credential').hasError
            if (isRight) test.mutate(form.values)
          }}
        >
          {t('test')}
        </Button>
      </Group>
      <div aria-live="polite">
        {test.isSuccess && (
          <Alert color="teal" icon={<SuccessIcon size={18} />}>
            {t('testSucceeded')}
          </Alert>
        )}
        {test.error !== null && <FormError error={test.error} />}
      </div>
    </ModalForm>
  )
}
