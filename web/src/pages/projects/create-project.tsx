import { Radio, Select, Stack, TextInput } from '@mantine/core'
import { useForm } from '@mantine/form'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useTranslations } from 'use-intl'
import { call } from '../../api/client.ts'
import { invalidate, query } from '../../api/queries.ts'
import { useSession } from '../../api/session.ts'
import { ModalForm } from '../../components/modal-form.tsx'
import { toast } from '../../components/toast.ts'
import { parseSize, useFormat } from '../../i18n/format.ts'
import { useRefusal } from '../../components/use-refusal.ts'

const namePattern = /^[a-z0-9]+(?:[._-][a-z0-9]+)*$/

export function CreateProject({ opened, onClose }: { readonly opened: boolean; onClose(): void }) {
  const t = useTranslations('projects')
  const { isAdministrator } = useSession()
  const client = useQueryClient()
  const format = useFormat()
  const form = useForm({
    initialValues: { name: '', visibility: 'private', quota: '', registry: '' },
    validate: {
      name: (name) => (namePattern.test(name) ? null : t('nameInvalid')),
      quota: (text) => (text === '' || parseSize(text) !== undefined ? null : t('quotaInvalid')),
    },
  })
  const refusal = useRefusal(form, { NAME_TAKEN: 'name' })
  const create = useMutation({
    mutationFn: async ({ name, visibility, quota, registry }: typeof form.values) => {
      const limit = quota === '' ? {} : { storage_limit: parseSize(quota) }
      const cached = registry === '' ? {} : { registry_id: Number(registry) }
      const isPublic = visibility === 'public'
      await call('POST /projects', { body: { project_name: name, public: isPublic, ...limit, ...cached } })
      return name
    },
    onError: refusal.onError,
    onSuccess: async (name) => {
      close()
      toast(t('createdToast', { name }))
      await invalidate(client, '/projects', '/statistics')
    },
  })
  const close = () => {
    onClose()
    form.reset()
    create.reset()
  }
  const registries = useQuery({
    ...query('GET /registries', { query: { page_size: 100 } }),
    enabled: opened && isAdministrator,
  })
  const example = `${window.location.host}/${form.values.name || '…'}/${form.values.registry === '' ? 'app:1.0' : 'library/alpine:3.22'}`
  return (
    <ModalForm
      opened={opened}
      onClose={close}
      title={t('new')}
      submitLabel={t('create')}
      pending={create.isPending}
      error={refusal.rest(create.error)}
      onSubmit={form.onSubmit((values) => create.mutate(values))}
    >
      <TextInput
        label={t('name')}
        description={t(form.values.registry === '' ? 'nameHint' : 'nameHintOfCache', { example })}
        autoComplete="off"
        autoCapitalize="none"
        spellCheck={false}
        data-autofocus
        {...form.getInputProps('name')}
      />
      <Radio.Group label={t('visibility')} {...form.getInputProps('visibility')}>
        <Stack gap="xs" mt="xs">
          <Radio value="private" label={t('private')} description={t('privateHint')} />
          <Radio value="public" label={t('public')} description={t('publicHint')} />
        </Stack>
      </Radio.Group>
      {isAdministrator && (
        <Select
          label={t('registry')}
          description={t(registries.data?.length === 0 ? 'registryNone' : 'registryHint')}
          placeholder={t('registryOrdinary')}
          data={(registries.data ?? []).map(({ id, name, url }) => ({ value: String(id), label: `${name} — ${url}` }))}
          disabled={registries.data?.length === 0}
          clearable
          searchable
          {...form.getInputProps('registry')}
          value={form.values.registry === '' ? null : form.values.registry}
          onChange={(id) => form.setFieldValue('registry', id ?? '')}
          error={registries.error === null ? undefined : t('registryUnread')}
        />
      )}
      {isAdministrator && (
        <TextInput
          label={t('quota')}
          description={t('quotaHint')}
          placeholder={format.size(50 * 1024 ** 3)}
          {...form.getInputProps('quota')}
        />
      )}
    </ModalForm>
  )
}
