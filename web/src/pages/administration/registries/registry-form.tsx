import { Alert, Button, Group, Select, Switch, Textarea, TextInput } from '@mantine/core'
import { useForm } from '@mantine/form'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useTranslations } from 'use-intl'
import { call } from '../../../api/client.ts'
import { invalidate, query } from '../../../api/queries.ts'
import { FormError } from '../../../components/form-error.tsx'
import { SuccessIcon } from '../../../components/icons.ts'
import { ModalForm } from '../../../components/modal-form.tsx'
import { toast } from '../../../components/toast.ts'
import type { RemoteRegistry } from './registries-page.tsx'
import { PasswordField } from '../../../components/password-field.tsx'
import { useRefusal } from '../../../components/use-refusal.ts'

const exampleUrl = 'https://registry.example.com'

interface RegistryFormProps {
  /** None: a new one. */
  readonly registry?: RemoteRegistry
  onClose(): void
}

/** A remote registry, with a way to try it before it is saved. */
export function RegistryForm({ registry, onClose }: RegistryFormProps) {
  const t = useTranslations('system.registries')
  const common = useTranslations('common')
  const client = useQueryClient()
  const kinds = useQuery(query('GET /replication/adapters'))
  const infos = useQuery(query('GET /replication/adapterinfos'))
  const form = useForm({
    initialValues: {
      name: registry?.name ?? '',
      type: registry?.type ?? 'harbor',
      url: registry?.url ?? '',
      description: registry?.description ?? '',
      accessKey: registry?.credential?.access_key ?? '',
      accessSecret: '',
      verify: registry?.insecure !== true,
      certificate: registry?.ca_certificate ?? '',
    },
    validate: {
      name: (name) => (name.trim() === '' ? t('nameInvalid') : null),
      url: (url) => (/^https?:\/\/[^\s/]/.test(url) ? null : t('urlInvalid')),
    },
  })
  type Values = typeof form.values
  const secretOf = ({ accessSecret }: Values) => (accessSecret === '' ? {} : { access_secret: accessSecret })
  const commonOf = ({ url, verify, certificate, accessKey }: Values) => ({
    url: url.trim(),
    insecure: !verify,
    ca_certificate: certificate,
    access_key: accessKey,
    credential_type: 'basic',
  })
  const test = useMutation({
    mutationFn: async (values: Values) =>
      await call('POST /registries/ping', {
        body: {
          ...(registry === undefined ? {} : { id: registry.id }),
          type: values.type,
          ...commonOf(values),
          ...secretOf(values),
        },
      }),
  })
  const refusal = useRefusal(form, { NAME_TAKEN: 'name' })
  const save = useMutation({
    mutationFn: async (values: Values) => {
      const { name, description, type } = values
      const { url, insecure, ca_certificate, access_key, credential_type } = commonOf(values)
      if (registry !== undefined) {
        const body = { name, description, ...commonOf(values), ...secretOf(values) }
        return await call('PUT /registries/{id}', { params: { id: registry.id }, body })
      }
      const credential =
        access_key === '' ? {} : { credential: { type: credential_type, access_key, ...secretOf(values) } }
      return await call('POST /registries', {
        body: { name, description, type, url, insecure, ca_certificate, ...credential },
      })
    },
    onError: refusal.onError,
    onSuccess: async () => {
      onClose()
      toast(common('saved'))
      await invalidate(client, '/registries')
    },
  })
  const chooseType = (type: string | null) => {
    if (type === null) return
    form.setFieldValue('type', type)
    const [fixed] = infos.data?.[type]?.endpoint_pattern?.endpoints ?? []
    if (fixed !== undefined && form.values.url === '') form.setFieldValue('url', fixed.value)
  }
  return (
    <ModalForm
      opened
      size="lg"
      onClose={onClose}
      title={registry === undefined ? t('new') : t('editTitle', { name: registry.name })}
      submitLabel={common('save')}
      pending={save.isPending}
      error={refusal.rest(save.error)}
      onSubmit={form.onSubmit((values) => save.mutate(values))}
    >
      <Select
        label={t('type')}
        data={[...(kinds.data ?? ['harbor'])]}
        value={form.values.type}
        onChange={chooseType}
        disabled={registry !== undefined}
        allowDeselect={false}
      />
      <TextInput label={t('name')} autoComplete="off" data-autofocus {...form.getInputProps('name')} />
      <TextInput
        label={t('url')}
        type="url"
        autoComplete="off"
        spellCheck={false}
        placeholder={exampleUrl}
        {...form.getInputProps('url')}
      />
      <TextInput label={t('accessKey')} autoComplete="off" spellCheck={false} {...form.getInputProps('accessKey')} />
      <PasswordField
        label={t('accessSecret')}
        placeholder={registry === undefined ? '' : t('secretKept')}
        autoComplete="new-password"
        {...form.getInputProps('accessSecret')}
      />
      <Switch
        label={t('verify')}
        description={t('verifyHint')}
        {...form.getInputProps('verify', { type: 'checkbox' })}
      />
      <Textarea
        label={t('certificate')}
        description={t('certificateHint')}
        autosize
        minRows={1}
        maxRows={8}
        {...form.getInputProps('certificate')}
      />
      <Textarea label={t('details')} autosize minRows={1} {...form.getInputProps('description')} />
      <Group>
        <Button
          variant="default"
          loading={test.isPending}
          onClick={() => {
            if (!form.validateField('url').hasError) test.mutate(form.values)
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
