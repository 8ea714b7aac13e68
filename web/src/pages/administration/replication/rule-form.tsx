import { NumberInput, Select, Switch, TagsInput, Text, TextInput } from '@mantine/core'
import { useForm, type UseFormReturnType } from '@mantine/form'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useTranslations } from 'use-intl'
import { call } from '../../../api/client.ts'
import { invalidate, query } from '../../../api/queries.ts'
import { ModalForm } from '../../../components/modal-form.tsx'
import { toast } from '../../../components/toast.ts'
import { useRefusal } from '../../../components/use-refusal.ts'
import type { Rule } from './replication-words.ts'
import { bodyOf, valuesOf, type RuleValues } from './rule-values.ts'

interface RuleFormProps {
  /** None: a new one. */
  readonly rule?: Rule
  onClose(): void
}

type Form = UseFormReturnType<RuleValues>

/** Harbor's editor: six fields, of which the first is 0. */
const isCron = (cron: string): boolean => {
  const fields = cron.trim().split(/\s+/)
  return fields.length === 6 && fields[0] === '0'
}

/** A rule, new or changed. */
export function RuleForm({ rule, onClose }: RuleFormProps) {
  const t = useTranslations('replication')
  const common = useTranslations('common')
  const client = useQueryClient()
  const form = useForm<RuleValues>({
    initialValues: valuesOf(rule),
    validate: {
      name: (name) => (name.trim() === '' ? common('required') : null),
      registry: (registry) => (registry === '' ? t('registryNeeded') : null),
      cron: (cron, { trigger }) => (trigger === 'scheduled' && !isCron(cron) ? t('cronInvalid') : null),
    },
  })
  const refusal = useRefusal(form, { NAME_TAKEN: 'name' })
  const save = useMutation({
    mutationFn: async (values: RuleValues) => {
      const body = bodyOf(values, rule)
      if (rule === undefined) await call('POST /replication/policies', { body })
      else await call('PUT /replication/policies/{id}', { params: { id: rule.id }, body })
    },
    onError: refusal.onError,
    onSuccess: async () => {
      onClose()
      toast(common('saved'))
      await invalidate(client, '/replication')
    },
  })
  return (
    <ModalForm
      opened
      size="lg"
      onClose={onClose}
      title={rule === undefined ? t('new') : t('editTitle', { name: rule.name })}
      submitLabel={common('save')}
      pending={save.isPending}
      error={refusal.rest(save.error)}
      onSubmit={form.onSubmit((values) => save.mutate(values))}
    >
      <TextInput label={t('name')} autoComplete="off" maxLength={256} data-autofocus {...form.getInputProps('name')} />
      <TextInput label={t('details')} autoComplete="off" maxLength={1024} {...form.getInputProps('description')} />
      <Sides form={form} />
      <Filters form={form} />
      <Names form={form} />
      <Timing form={form} />
      <Switch label={t('override')} {...form.getInputProps('override', { type: 'checkbox' })} />
      {form.values.trigger === 'event_based' && (
        <Switch
          label={t('deletion')}
          description={t('deletionHint')}
          {...form.getInputProps('deletion', { type: 'checkbox' })}
        />
      )}
      <Switch
        label={t('chunks')}
        description={t('chunksHint')}
        {...form.getInputProps('chunks', { type: 'checkbox' })}
      />
      {form.values.trigger !== 'event_based' && (
        <Switch label={t('single')} {...form.getInputProps('single', { type: 'checkbox' })} />
      )}
      <NumberInput label={t('speed')} description={t('speedHint')} min={0} {...form.getInputProps('speed')} />
      <Switch label={t('enabled')} {...form.getInputProps('enabled', { type: 'checkbox' })} />
    </ModalForm>
  )
}

function Sides({ form }: { readonly form: Form }) {
  const t = useTranslations('replication')
  const registries = useQuery(query('GET /registries', { query: { page_size: 100 } }))
  const chooseDirection = (direction: string | null) => {
    form.setFieldValue('direction', direction === 'pull' ? 'pull' : 'push')
    // Nobody tells this registry what happens in the other one.
    if (direction === 'pull' && form.values.trigger === 'event_based') form.setFieldValue('trigger', 'manual')
  }
  return (
    <>
      <Select
        label={t('direction')}
        data={[
          { value: 'push', label: t('push') },
          { value: 'pull', label: t('pull') },
        ]}
        allowDeselect={false}
        value={form.values.direction}
        onChange={chooseDirection}
      />
      <Select
        label={t('registry')}
        data={(registries.data ?? []).map(({ id, name, url }) => ({ value: String(id), label: `${name} · ${url}` }))}
        searchable
        allowDeselect={false}
        {...form.getInputProps('registry')}
      />
      {registries.data?.length === 0 && (
        <Text size="sm" c="dimmed">
          {t('noRegistries')}
        </Text>
      )}
    </>
  )
}

function Filters({ form }: { readonly form: Form }) {
  const t = useTranslations('replication')
  const { tags, labels } = form.values
  return (
    <>
      <TextInput
        label={t('repositories')}
        description={t('repositoriesHint')}
        autoComplete="off"
        spellCheck={false}
        {...form.getInputProps('repositories')}
      />
      <TextInput
        label={t('tags')}
        description={t('tagsHint')}
        autoComplete="off"
        spellCheck={false}
        {...form.getInputProps('tags')}
      />
      {tags !== '' && (
        <Switch label={t('tagsExcluded')} {...form.getInputProps('tagsExcluded', { type: 'checkbox' })} />
      )}
      <TagsInput
        label={t('labels')}
        description={t('labelsHint')}
        value={[...labels]}
        onChange={(chosen) => form.setFieldValue('labels', chosen)}
      />
      {labels.length > 0 && (
        <Switch label={t('labelsExcluded')} {...form.getInputProps('labelsExcluded', { type: 'checkbox' })} />
      )}
      <Select
        label={t('kind')}
        data={[
          { value: 'any', label: t('kinds.any') },
          { value: 'image', label: t('kinds.image') },
        ]}
        allowDeselect={false}
        {...form.getInputProps('kind')}
      />
    </>
  )
}

const flattenings = [
  ['-1', 'all'],
  ['0', 'none'],
  ['1', 'one'],
  ['2', 'two'],
  ['3', 'three'],
] as const

function Names({ form }: { readonly form: Form }) {
  const t = useTranslations('replication')
  return (
    <>
      <TextInput
        label={t('namespace')}
        description={t('namespaceHint')}
        autoComplete="off"
        spellCheck={false}
        {...form.getInputProps('namespace')}
      />
      {form.values.namespace !== '' && (
        <Select
          label={t('flattening')}
          data={flattenings.map(([value, word]) => ({ value, label: t(`flattenings.${word}`) }))}
          allowDeselect={false}
          {...form.getInputProps('flattening')}
        />
      )}
    </>
  )
}

function Timing({ form }: { readonly form: Form }) {
  const t = useTranslations('replication')
  const triggers = [
    'manual',
    'scheduled',
    ...(form.values.direction === 'push' ? (['event_based'] as const) : []),
  ] as const
  return (
    <>
      <Select
        label={t('trigger')}
        data={triggers.map((value) => ({ value, label: t(`triggers.${value}`) }))}
        allowDeselect={false}
        {...form.getInputProps('trigger')}
      />
      {form.values.trigger === 'scheduled' && (
        <TextInput
          label={t('cron')}
          description={t('cronHint')}
          autoComplete="off"
          spellCheck={false}
          {...form.getInputProps('cron')}
        />
      )}
    </>
  )
}
