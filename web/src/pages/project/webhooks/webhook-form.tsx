import { Checkbox, Select, SimpleGrid, Switch, Text, Textarea, TextInput } from '@mantine/core'
import { useForm } from '@mantine/form'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useTranslations } from 'use-intl'
import { call } from '../../../api/client.ts'
import { invalidate } from '../../../api/queries.ts'
import { ModalForm } from '../../../components/modal-form.tsx'
import { PasswordField } from '../../../components/password-field.tsx'
import { toast } from '../../../components/toast.ts'
import { useRefusal } from '../../../components/use-refusal.ts'
import { events, targetTypes, useWebhookWords, type Webhook } from './webhook-words.ts'

const exampleUrl = 'https://ci.example.com/hook'
const formats = ['Default', 'CloudEvents', 'Template']
/** Whose messages can be signed. */
const signed = ['http', 'dingtalk', 'feishu']

interface WebhookFormProps {
  readonly project: string
  /** None: a new one. */
  readonly webhook?: Webhook
  onClose(): void
}

/** A webhook and its target. Further targets, which other clients may give, stay as they are. */
export function WebhookForm({ project, webhook, onClose }: WebhookFormProps) {
  const t = useTranslations('webhooks')
  const common = useTranslations('common')
  const client = useQueryClient()
  const words = useWebhookWords()
  const [target, ...others] = webhook?.targets ?? []
  const form = useForm({
    initialValues: {
      name: webhook?.name ?? '',
      description: webhook?.description ?? '',
      type: target?.type ?? 'http',
      address: target?.address ?? '',
      authHeader: target?.auth_header ?? '',
      format: target?.payload_format ?? 'Default',
      template: target?.template ?? '',
      signingSecret: '',
      verify: target?.skip_cert_verify !== true,
      events: webhook?.event_types ?? ['PUSH_ARTIFACT'],
    },
    validate: {
      name: (name) => (name.trim() === '' ? common('required') : null),
      address: (address) => (/^https?:\/\/[^\s/]/.test(address) ? null : t('addressInvalid')),
      events: (chosen) => (chosen.length === 0 ? t('eventsNeeded') : null),
    },
  })
  type Values = typeof form.values
  const refusal = useRefusal(form, { NAME_TAKEN: 'name' })
  const save = useMutation({
    mutationFn: async (values: Values) => {
      const body = {
        ...(webhook ?? { enabled: true }),
        name: values.name.trim(),
        description: values.description,
        event_types: [...values.events],
        targets: [targetOf(values), ...others],
      }
      const params = { project_name_or_id: project }
      if (webhook === undefined) await call('POST /projects/{project_name_or_id}/webhook/policies', { params, body })
      else
        await call('PUT /projects/{project_name_or_id}/webhook/policies/{webhook_policy_id}', {
          params: { ...params, webhook_policy_id: webhook.id },
          body,
        })
    },
    onError: refusal.onError,
    onSuccess: async () => {
      onClose()
      toast(common('saved'))
      await invalidate(client, '/projects')
    },
  })
  const isHttp = form.values.type === 'http'
  return (
    <ModalForm
      opened
      size="lg"
      onClose={onClose}
      title={webhook === undefined ? t('new') : t('editTitle', { name: webhook.name })}
      submitLabel={common('save')}
      pending={save.isPending}
      error={refusal.rest(save.error)}
      onSubmit={form.onSubmit((values) => save.mutate(values))}
    >
      <TextInput label={t('name')} autoComplete="off" maxLength={255} data-autofocus {...form.getInputProps('name')} />
      <TextInput label={t('description')} autoComplete="off" maxLength={1024} {...form.getInputProps('description')} />
      <Checkbox.Group label={t('about')} {...form.getInputProps('events')}>
        <SimpleGrid cols={{ base: 1, sm: 2 }} spacing="xs" mt="xs">
          {events.map((each) => (
            <Checkbox key={each} size="sm" value={each} label={words.event(each)} />
          ))}
        </SimpleGrid>
      </Checkbox.Group>
      <Select
        label={t('type')}
        data={targetTypes.map((value) => ({ value, label: words.type(value) }))}
        allowDeselect={false}
        {...form.getInputProps('type')}
      />
      <TextInput
        label={t('address')}
        type="url"
        autoComplete="off"
        spellCheck={false}
        placeholder={exampleUrl}
        {...form.getInputProps('address')}
      />
      {isHttp && (
        <>
          <Select label={t('format')} data={formats} allowDeselect={false} {...form.getInputProps('format')} />
          {form.values.format === 'Template' && (
            <Textarea
              label={t('template')}
              description={t('templateHint', { placeholder: '{{event_data.repository.name}}' })}
              autosize
              minRows={3}
              maxRows={12}
              spellCheck={false}
              ff="monospace"
              {...form.getInputProps('template')}
            />
          )}
          <PasswordField
            label={t('authHeader')}
            description={t('authHeaderHint')}
            autoComplete="off"
            {...form.getInputProps('authHeader')}
          />
        </>
      )}
      {signed.includes(form.values.type) && (
        <PasswordField
          label={t('signingSecret')}
          description={t(isHttp ? 'signingSecretHint' : 'robotSecretHint')}
          placeholder={target?.signed === true ? t('secretKept') : ''}
          autoComplete="new-password"
          {...form.getInputProps('signingSecret')}
        />
      )}
      <Switch
        label={t('verify')}
        description={t('verifyHint')}
        {...form.getInputProps('verify', { type: 'checkbox' })}
      />
      {others.length > 0 && (
        <Text size="sm" c="dimmed">
          {t('others', { count: others.length })}
        </Text>
      )}
    </ModalForm>
  )
}

interface TargetValues {
  readonly type: string
  readonly address: string
  readonly authHeader: string
  readonly format: string
  readonly template: string
  readonly signingSecret: string
  readonly verify: boolean
}

/** An empty field of the secret leaves it as it is. */
function targetOf({ type, address, authHeader, format, template, signingSecret, verify }: TargetValues) {
  return {
    type,
    address: address.trim(),
    skip_cert_verify: !verify,
    ...(type === 'http' ? { auth_header: authHeader, payload_format: format } : {}),
    ...(type === 'http' && format === 'Template' ? { template } : {}),
    ...(signed.includes(type) && signingSecret !== '' ? { signing_secret: signingSecret } : {}),
  }
}
