import { Alert, NumberInput, SegmentedControl, TagsInput, Text, Textarea, TextInput } from '@mantine/core'
import { useForm } from '@mantine/form'
import { useDebouncedValue } from '@mantine/hooks'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { call } from '../../../api/client.ts'
import { invalidate, query } from '../../../api/queries.ts'
import { ModalForm } from '../../../components/modal-form.tsx'
import { PermissionPicker } from '../../../components/permission-picker.tsx'
import { toast } from '../../../components/toast.ts'
import { permissionsOf, scopesOf, type Robot, type RobotScopes } from './robot-scopes.ts'
import { useRefusal } from '../../../components/use-refusal.ts'

interface RobotFormProps {
  /** None: a new one. */
  readonly robot?: Robot
  onClose(): void
  onCreated(secret: { readonly username: string; readonly secret: string }): void
}

const forNew: RobotScopes = {
  where: 'all',
  projects: [],
  inProjects: [{ resource: 'repository', action: 'pull' }],
  inRegistry: [],
  mixed: false,
}

export function RobotForm({ robot, onClose, onCreated }: RobotFormProps) {
  const t = useTranslations('systemRobots')
  const common = useTranslations('common')
  const client = useQueryClient()
  const [scopes, setScopes] = useState(() => (robot === undefined ? forNew : scopesOf(robot.permissions)))
  const form = useForm({
    initialValues: {
      name: robot?.name ?? '',
      description: robot?.description ?? '',
      days: robot === undefined ? 30 : robot.duration < 0 ? '' : robot.duration,
    } as { name: string; description: string; days: number | string },
    validate: {
      name: (name) => (robot !== undefined || /^[a-z0-9]+(?:[._-][a-z0-9]+)*$/.test(name) ? null : t('nameInvalid')),
      days: (days) => (days === '' || (Number.isInteger(Number(days)) && Number(days) >= 1) ? null : t('daysInvalid')),
    },
  })
  const permissions = scopes.mixed && robot !== undefined ? robot.permissions : permissionsOf(scopes)
  const refusal = useRefusal(form, { NAME_TAKEN: 'name' })
  const save = useMutation({
    mutationFn: async ({ name, description, days }: typeof form.values) => {
      const duration = days === '' ? -1 : Number(days)
      const body = { name, description, duration, permissions, level: 'system' }
      if (robot === undefined) return await call('POST /robots', { body })
      await call('PUT /robots/{robot_id}', {
        params: { robot_id: robot.id },
        body: { ...body, disable: robot.disable },
      })
      return undefined
    },
    onError: refusal.onError,
    onSuccess: async (created) => {
      onClose()
      if (created === undefined) toast(common('saved'))
      else onCreated({ username: created.name, secret: created.secret })
      await invalidate(client, '/robots')
    },
  })
  const [asked, setAsked] = useState(false)
  return (
    <ModalForm
      opened
      size="xl"
      onClose={onClose}
      title={robot === undefined ? t('new') : t('editTitle', { name: robot.name })}
      submitLabel={robot === undefined ? t('create') : common('save')}
      pending={save.isPending}
      error={refusal.rest(save.error)}
      onSubmit={(event) => {
        setAsked(true)
        form.onSubmit((values) => {
          if (permissions.length > 0) save.mutate(values)
        })(event)
      }}
    >
      {robot === undefined && (
        <TextInput
          label={t('name')}
          description={t('nameHint', { example: `robot$${form.values.name || '…'}` })}
          autoComplete="off"
          autoCapitalize="none"
          spellCheck={false}
          data-autofocus
          {...form.getInputProps('name')}
        />
      )}
      <Textarea label={t('descriptionLabel')} autosize minRows={1} {...form.getInputProps('description')} />
      <NumberInput label={t('days')} description={t('daysHint')} min={1} {...form.getInputProps('days')} />
      {scopes.mixed ? <Alert color="yellow">{t('mixed')}</Alert> : <Scopes scopes={scopes} onChange={setScopes} />}
      {asked && permissions.length === 0 && (
        <Text c="var(--berth-bad)" size="sm" role="alert">
          {t('nothingChosen')}
        </Text>
      )}
    </ModalForm>
  )
}

interface ScopesProps {
  readonly scopes: RobotScopes
  onChange(scopes: RobotScopes): void
}

function Scopes({ scopes, onChange }: ScopesProps) {
  const t = useTranslations('systemRobots')
  const { data: offered } = useQuery(query('GET /permissions'))
  const [typed, setTyped] = useState('')
  const [name] = useDebouncedValue(typed, 200)
  const found = useQuery({
    ...query('GET /projects', { query: { name, page_size: 10 } }),
    enabled: scopes.where === 'chosen',
  })
  const wheres = [
    { value: 'all', label: t('whereAll') },
    { value: 'chosen', label: t('whereChosen') },
    { value: 'none', label: t('whereNone') },
  ]
  return (
    <>
      <div>
        <Text size="sm" fw={500} mb={4}>
          {t('where')}
        </Text>
        <SegmentedControl
          aria-label={t('where')}
          data={wheres}
          value={scopes.where}
          onChange={(where) => onChange({ ...scopes, where: where as RobotScopes['where'] })}
        />
      </div>
      {scopes.where === 'chosen' && (
        <TagsInput
          label={t('chooseProjects')}
          description={t('chooseProjectsHint')}
          data={found.data?.map((project) => project.name) ?? []}
          value={[...scopes.projects]}
          searchValue={typed}
          onSearchChange={setTyped}
          onChange={(projects) => onChange({ ...scopes, projects })}
        />
      )}
      {scopes.where !== 'none' && (
        <PermissionPicker
          title={t('projectPermissions')}
          offered={offered?.project ?? []}
          value={scopes.inProjects}
          onChange={(inProjects) => onChange({ ...scopes, inProjects })}
        />
      )}
      <PermissionPicker
        title={t('systemPermissions')}
        offered={offered?.system ?? []}
        value={scopes.inRegistry}
        presets={[]}
        onChange={(inRegistry) => onChange({ ...scopes, inRegistry })}
      />
    </>
  )
}
