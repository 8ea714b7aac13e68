import { Button, Menu, NumberInput, TagsInput, Text, Textarea, TextInput } from '@mantine/core'
import { useForm } from '@mantine/form'
import { useDebouncedValue } from '@mantine/hooks'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState, type ReactNode } from 'react'
import { useTranslations } from 'use-intl'
import { call, type RowOf } from '../../api/client.ts'
import { invalidate, query } from '../../api/queries.ts'
import { useSession } from '../../api/session.ts'
import { confirmDestruction } from '../../components/confirm.ts'
import type { Credential } from '../../components/credential-snippets.ts'
import { DataList, wholeList, type Column } from '../../components/data-list.tsx'
import { AddIcon, DeleteIcon, TokenIcon } from '../../components/icons.ts'
import { ModalForm } from '../../components/modal-form.tsx'
import { Section } from '../../components/page.tsx'
import { PermissionPicker, usePermissionText, type Permission } from '../../components/permission-picker.tsx'
import { RowMenu } from '../../components/row-menu.tsx'
import { SecretOnce } from '../../components/secret-once.tsx'
import { EmptyFace } from '../../components/states.tsx'
import { toast } from '../../components/toast.ts'
import { RelativeTime } from '../../components/values.tsx'
import { ProfileFrame } from './profile-frame.tsx'
import { useRefusal } from '../../components/use-refusal.ts'

type Token = RowOf<'GET /users/current/tokens'>

/** The tokens of who is here. */
export function TokensPage() {
  const t = useTranslations('profile.token')
  const { user } = useSession()
  const [creating, setCreating] = useState(false)
  const [made, setMade] = useState<{ readonly name: string; readonly secret: string }>()
  const [credential, setCredential] = useState<Credential>()
  const newButton = (
    <Button leftSection={<AddIcon size={16} />} onClick={() => setCreating(true)}>
      {t('new')}
    </Button>
  )
  return (
    <ProfileFrame tab="tokens" actions={newButton}>
      {() => (
        <>
          <Section flush description={t('description')} title={t('title')}>
            <TokenList newButton={newButton} />
          </Section>
          {creating && (
            <CreateToken
              onClose={() => setCreating(false)}
              onCreated={(created) => {
                setMade(created)
                setCredential({ username: user?.username ?? '', secret: created.secret })
              }}
            />
          )}
          <SecretOnce
            title={t('created', { name: made?.name ?? '' })}
            credential={credential}
            onClose={() => setCredential(undefined)}
          />
        </>
      )}
    </ProfileFrame>
  )
}

function toPermission(text: string): Permission {
  const [resource = '', action = ''] = text.split(':')
  return { resource, action }
}

function TokenList({ newButton }: { readonly newButton: ReactNode }) {
  const t = useTranslations('profile.token')
  const common = useTranslations('common')
  const permissionText = usePermissionText()
  const { data: tokens, error } = useQuery(query('GET /users/current/tokens'))
  const columns: readonly Column<Token>[] = [
    {
      key: 'name',
      header: t('name'),
      width: 'minmax(8rem, 1.5fr)',
      cell: ({ name, description }) => (
        <Text fw={500} truncate title={description}>
          {name}
        </Text>
      ),
    },
    {
      key: 'may',
      header: t('may'),
      width: 'minmax(7rem, 1fr)',
      from: 'sm',
      cell: ({ permissions }) => permissionText(permissions.map(toPermission)),
    },
    {
      key: 'projects',
      header: t('projects'),
      width: '9rem',
      from: 'md',
      cell: ({ project_ids: ids }) => (ids === undefined ? t('allProjects') : t('projectCount', { count: ids.length })),
    },
    {
      key: 'expires',
      header: t('expires'),
      width: '8rem',
      cell: ({ expires_at: time }) => <RelativeTime time={time} none={common('neverExpires')} />,
    },
    {
      key: 'used',
      header: t('lastUsed'),
      width: '8rem',
      from: 'sm',
      cell: ({ last_used_at: time }) => <RelativeTime time={time} />,
    },
  ]
  return (
    <DataList
      label={t('title')}
      rows={wholeList(tokens, error)}
      columns={columns}
      keyOf={({ id }) => id}
      below={({ permissions }) => permissionText(permissions.map(toPermission))}
      actions={(token) => <TokenMenu token={token} />}
      empty={
        <EmptyFace icon={TokenIcon} title={t('noneTitle')} action={newButton}>
          {t('noneText')}
        </EmptyFace>
      }
    />
  )
}

function TokenMenu({ token: { id, name } }: { readonly token: Token }) {
  const t = useTranslations('profile.token')
  const common = useTranslations('common')
  const client = useQueryClient()
  const askToDelete = () =>
    confirmDestruction({
      title: t('deleteTitle', { name }),
      what: t('deleteWhat'),
      run: async () => {
        await call('DELETE /users/current/tokens/{token_id}', { params: { token_id: id } })
        await invalidate(client, '/users/current/tokens')
        toast(t('deleted', { name }))
      },
    })
  return (
    <RowMenu name={name}>
      <Menu.Item color="red" leftSection={<DeleteIcon size={15} />} onClick={askToDelete}>
        {common('delete')}
      </Menu.Item>
    </RowMenu>
  )
}

interface CreateTokenProps {
  onClose(): void
  onCreated(created: { readonly name: string; readonly secret: string }): void
}

const toPull: readonly Permission[] = [{ resource: 'repository', action: 'pull' }]

function CreateToken({ onClose, onCreated }: CreateTokenProps) {
  const t = useTranslations('profile.token')
  const common = useTranslations('common')
  const client = useQueryClient()
  const { data: offered } = useQuery({ ...query('GET /permissions'), staleTime: Infinity })
  const [typed, setTyped] = useState('')
  const [search] = useDebouncedValue(typed, 200)
  const found = useQuery(query('GET /projects', { query: { name: search, page_size: 10 } }))
  const form = useForm({
    initialValues: {
      name: '',
      description: '',
      projects: [] as string[],
      days: 90 as number | string,
      permissions: toPull,
    },
    validate: {
      name: (name) => (name.trim() === '' ? common('required') : null),
      days: (days) => (days === '' || (Number.isInteger(Number(days)) && Number(days) >= 1) ? null : t('daysInvalid')),
      permissions: (permissions) => (permissions.length === 0 ? t('needed') : null),
    },
  })
  const refusal = useRefusal(form, { NAME_TAKEN: 'name' })
  const create = useMutation({
    mutationFn: async ({ name, description, projects, days, permissions }: typeof form.values) =>
      await call('POST /users/current/tokens', {
        body: {
          name: name.trim(),
          description,
          permissions: permissions.map(({ resource, action }) => `${resource}:${action}`),
          ...(projects.length === 0 ? {} : { project_ids: await idsOf(projects) }),
          ...(days === '' ? {} : { lifetime_days: Number(days) }),
        },
      }),
    onError: refusal.onError,
    onSuccess: async (created) => {
      onClose()
      onCreated(created)
      await invalidate(client, '/users/current/tokens')
    },
  })
  /** @throws ApiError, Error for a name that nobody shows them */
  const idsOf = async (names: readonly string[]): Promise<number[]> => {
    const ids: number[] = []
    for (const name of names) {
      const project = await call('GET /projects/{project_name_or_id}', { params: { project_name_or_id: name } }).catch(
        (error: unknown) => {
          throw new Error(t('projectUnknown', { name }), { cause: error })
        },
      )
      ids.push(project.project_id)
    }
    return ids
  }
  const error = form.errors['permissions']
  return (
    <ModalForm
      opened
      size="xl"
      onClose={onClose}
      title={t('new')}
      submitLabel={t('create')}
      pending={create.isPending}
      error={refusal.rest(create.error)}
      onSubmit={form.onSubmit((values) => create.mutate(values))}
    >
      <TextInput
        label={t('name')}
        description={t('nameHint')}
        autoComplete="off"
        maxLength={255}
        data-autofocus
        {...form.getInputProps('name')}
      />
      <Textarea label={t('what')} autosize minRows={1} {...form.getInputProps('description')} />
      <NumberInput label={t('days')} description={t('daysHint')} min={1} {...form.getInputProps('days')} />
      <TagsInput
        label={t('projects')}
        description={t('projectsHint')}
        data={found.data?.map(({ name }) => name) ?? []}
        searchValue={typed}
        onSearchChange={setTyped}
        {...form.getInputProps('projects')}
      />
      <PermissionPicker
        offered={offered?.project ?? []}
        value={form.values.permissions}
        error={typeof error === 'string' ? error : undefined}
        onChange={(permissions) => form.setFieldValue('permissions', [...permissions])}
      />
    </ModalForm>
  )
}
