import { NumberInput, Select, Textarea, TextInput } from '@mantine/core'
import { useForm } from '@mantine/form'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useTranslations } from 'use-intl'
import { call, type AnswerOf } from '../../../api/client.ts'
import { invalidate, query } from '../../../api/queries.ts'
import { ModalForm } from '../../../components/modal-form.tsx'
import { PermissionPicker, type Permission } from '../../../components/permission-picker.tsx'
import { toast } from '../../../components/toast.ts'
import type { Robot } from './robots-page.tsx'
import { useRefusal } from '../../../components/use-refusal.ts'

interface RobotFormProps {
  readonly project: string
  /** None: a new one. */
  readonly robot?: Robot
  onClose(): void
  onCreated(created: AnswerOf<'POST /robots'>): void
}

const usualDays = ['30', '90', '365'] as const
const never = '-1'
const other = 'other'

export function RobotForm({ project, robot, onClose, onCreated }: RobotFormProps) {
  const t = useTranslations('robots')
  const common = useTranslations('common')
  const client = useQueryClient()
  const { data: grantable } = useQuery({ ...query('GET /permissions'), staleTime: Infinity })
  const form = useForm({
    initialValues: initialValuesOf(robot),
    validate: {
      name: (name) => (name.trim() === '' ? common('required') : null),
      access: (access) => (access.length === 0 ? t('accessNeeded') : null),
      days: (days, { expiry }) => (expiry === other && !(Number(days) >= 1) ? common('required') : null),
    },
  })
  const refusal = useRefusal(form, { NAME_TAKEN: 'name' })
  const save = useMutation({
    mutationFn: async ({ name, description, expiry, days, access }: typeof form.values) => {
      const body = {
        level: 'project',
        description,
        duration: Number(expiry === other ? days : expiry),
        permissions: [{ kind: 'project', namespace: project, access }],
      }
      if (robot === undefined) return await call('POST /robots', { body: { ...body, name: name.trim() } })
      await call('PUT /robots/{robot_id}', {
        params: { robot_id: robot.id },
        body: { ...body, name: robot.name, disable: robot.disable },
      })
      return undefined
    },
    onError: refusal.onError,
    onSuccess: async (created) => {
      onClose()
      if (created === undefined) toast(common('saved'))
      else onCreated(created)
      await invalidate(client, '/robots')
    },
  })
  return (
    <ModalForm
      opened
      onClose={onClose}
      size="lg"
      title={robot === undefined ? t('newTitle', { project }) : t('editTitle', { name: robot.name })}
      submitLabel={robot === undefined ? t('create') : common('save')}
      pending={save.isPending}
      error={refusal.rest(save.error)}
      onSubmit={form.onSubmit((values) => save.mutate(values))}
    >
      {robot === undefined && (
        <TextInput
          label={t('name')}
          description={t('nameHint')}
          autoComplete="off"
          spellCheck={false}
          maxLength={255}
          data-autofocus
          {...form.getInputProps('name')}
        />
      )}
      <Textarea label={t('description')} autosize minRows={1} {...form.getInputProps('description')} />
      <Select
        label={t('expires')}
        description={robot === undefined ? t('expiryHint') : t('expiryHintEdit')}
        data={[
          ...usualDays.map((value) => ({ value, label: t('days', { count: Number(value) }) })),
          { value: other, label: t('otherDays') },
          { value: never, label: common('neverExpires') },
        ]}
        allowDeselect={false}
        {...form.getInputProps('expiry')}
      />
      {form.values.expiry === other && (
        <NumberInput label={t('daysLabel')} min={1} allowDecimal={false} {...form.getInputProps('days')} />
      )}
      <PermissionPicker
        offered={grantable?.project ?? []}
        value={form.values.access}
        error={form.errors['access'] as string | undefined}
        onChange={(access) => form.setFieldValue('access', access)}
      />
    </ModalForm>
  )
}

interface Values {
  readonly name: string
  readonly description: string
  readonly expiry: string
  readonly days: number | string
  readonly access: readonly Permission[]
}

function initialValuesOf(robot: Robot | undefined): Values {
  if (robot === undefined)
    return { name: '', description: '', expiry: '90', days: 180, access: [{ resource: 'repository', action: 'pull' }] }
  const duration = String(robot.duration)
  const usual = duration === never || usualDays.some((days) => days === duration)
  return {
    name: robot.name,
    description: robot.description ?? '',
    expiry: usual ? duration : other,
    days: robot.duration,
    access: robot.permissions[0]?.access ?? [],
  }
}
