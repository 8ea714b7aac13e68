import { Autocomplete, Button, Menu, SegmentedControl, Select, Text } from '@mantine/core'
import { useForm } from '@mantine/form'
import { useDebouncedValue, useDisclosure } from '@mantine/hooks'
import { useMutation, useQuery, useQueryClient, type QueryClient } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { call, type RowOf } from '../../../api/client.ts'
import { usePagedRows } from '../../../api/paged-rows.ts'
import { invalidate, query } from '../../../api/queries.ts'
import type { Bulk, BulkAction, WishProps } from '../../../components/bulk.ts'
import { confirmDestruction } from '../../../components/confirm.ts'
import { DataList, type Column } from '../../../components/data-list.tsx'
import { AddIcon, AuthenticationIcon, DeleteIcon, GroupIcon, UserIcon } from '../../../components/icons.ts'
import { ModalForm } from '../../../components/modal-form.tsx'
import { Section } from '../../../components/page.tsx'
import { RowMenu } from '../../../components/row-menu.tsx'
import { SearchField } from '../../../components/search-field.tsx'
import { EmptyFace } from '../../../components/states.tsx'
import { toast, toastError } from '../../../components/toast.ts'
import { StatusBadge } from '../../../components/values.tsx'
import { ProjectFrame, type ProjectPageProps } from '../project-frame.tsx'
import { useRoles } from './use-roles.ts'
import { useRefusal } from '../../../components/use-refusal.ts'

type Member = RowOf<'GET /projects/{project_name_or_id}/members'>

const route = getRouteApi('/shell/signed-in/projects/$projectName/members')

export function MembersPage() {
  const { projectName } = route.useParams()
  return (
    <ProjectFrame
      projectName={projectName}
      tab="members"
      actions={(props) => props.can('member', 'create') && <AddMember {...props} />}
    >
      {(props) => <Members {...props} />}
    </ProjectFrame>
  )
}

function Members({ project, can }: ProjectPageProps) {
  const t = useTranslations('members')
  const [name, setName] = useState('')
  const rows = usePagedRows('GET /projects/{project_name_or_id}/members', {
    params: { project_name_or_id: project.name },
    query: { entityname: name },
  })
  const mayChange = can('member', 'update')
  const bulk = useBulkMembers(project.name, name, can)
  const columns: readonly Column<Member>[] = [
    {
      key: 'name',
      header: t('name'),
      width: 'minmax(6rem, 2fr)',
      cell: ({ entity_name }) => <Text fw={500}>{entity_name}</Text>,
    },
    {
      key: 'kind',
      header: t('kind'),
      width: '8rem',
      from: 'sm',
      cell: ({ entity_type }) => <Kind type={entity_type} />,
    },
    {
      key: 'role',
      header: t('role'),
      width: 'minmax(8rem, 13rem)',
      cell: (member) => <RoleOf project={project.name} member={member} mayChange={mayChange} />,
    },
  ]
  return (
    <Section flush actions={<SearchField label={t('filter')} value={name} onChange={setName} />}>
      <DataList
        label={t('title')}
        rows={rows}
        columns={columns}
        keyOf={({ id }) => id}
        bulk={bulk}
        {...(can('member', 'delete')
          ? { actions: (member: Member) => <MemberMenu project={project.name} member={member} /> }
          : {})}
        empty={<EmptyFace icon={GroupIcon} title={name === '' ? t('noneTitle') : t('noneFound', { text: name })} />}
      />
    </Section>
  )
}

function useBulkMembers(project: string, of: string, can: ProjectPageProps['can']): Bulk<Member> {
  const t = useTranslations('members')
  const common = useTranslations('common')
  const params = { project_name_or_id: project }
  const about = {
    itemOf: ({ id }: Member) => id,
    after: async (client: QueryClient) => await invalidate(client, '/projects'),
  }
  const actions: BulkAction<Member>[] = []
  if (can('member', 'update'))
    actions.push({
      ...about,
      key: 'role',
      label: t('bulkRole'),
      icon: AuthenticationIcon,
      title: (count) => t('bulkRoleTitle', { count }),
      field: (props) => <RoleField {...props} />,
      send: async (items, wish) =>
        await call('POST /projects/{project_name_or_id}/batch/set-member-roles', {
          params,
          body: { items: items.map(Number), role_id: Number(wish) },
        }),
      done: (count) => t('bulkRoleDone', { count }),
    })
  if (can('member', 'delete'))
    actions.push({
      ...about,
      key: 'remove',
      label: common('remove'),
      icon: DeleteIcon,
      danger: true,
      title: (count) => t('bulkRemoveTitle', { count }),
      what: t('removeWhat', { project }),
      send: async (items) =>
        await call('POST /projects/{project_name_or_id}/batch/delete-members', {
          params,
          body: { items: items.map(Number) },
        }),
      done: (count) => t('bulkRemoved', { count }),
    })
  return { of, nameOf: ({ entity_name: name }) => name, actions }
}

function RoleField({ onWish }: WishProps) {
  const t = useTranslations('members')
  const { options } = useRoles()
  return <Select label={t('role')} data={options} data-autofocus onChange={(value) => onWish(value ?? undefined)} />
}

function Kind({ type }: { readonly type: Member['entity_type'] }) {
  const t = useTranslations('members')
  return type === 'g' ? (
    <StatusBadge tone="neutral" icon={<GroupIcon size={12} />}>
      {t('group')}
    </StatusBadge>
  ) : (
    <StatusBadge tone="neutral" icon={<UserIcon size={12} />}>
      {t('user')}
    </StatusBadge>
  )
}

interface OneMember {
  readonly project: string
  readonly member: Member
}

function RoleOf({ project, member, mayChange }: OneMember & { readonly mayChange: boolean }) {
  const t = useTranslations('members')
  const client = useQueryClient()
  const roles = useRoles()
  const change = useMutation({
    mutationFn: async (roleId: number) =>
      await call('PUT /projects/{project_name_or_id}/members/{mid}', {
        params: { project_name_or_id: project, mid: member.id },
        body: { role_id: roleId },
      }),
    onSuccess: async () => {
      toast(t('roleChanged', { name: member.entity_name }))
      await invalidate(client, '/projects')
    },
    onError: toastError,
  })
  if (!mayChange) return roles.nameOf(member.role_id)
  return (
    <Select
      size="xs"
      aria-label={t('roleOf', { name: member.entity_name })}
      data={roles.options}
      value={String(member.role_id ?? '')}
      disabled={change.isPending}
      allowDeselect={false}
      onChange={(value) => value !== null && change.mutate(Number(value))}
    />
  )
}

function MemberMenu({ project, member }: OneMember) {
  const t = useTranslations('members')
  const common = useTranslations('common')
  const client = useQueryClient()
  const askToRemove = () =>
    confirmDestruction({
      title: t('removeTitle', { name: member.entity_name }),
      what: t('removeWhat', { project }),
      action: common('remove'),
      final: false,
      run: async () => {
        await call('DELETE /projects/{project_name_or_id}/members/{mid}', {
          params: { project_name_or_id: project, mid: member.id },
        })
        await invalidate(client, '/projects')
        toast(t('removed', { name: member.entity_name }))
      },
    })
  return (
    <RowMenu name={member.entity_name}>
      <Menu.Item color="red" leftSection={<DeleteIcon size={15} />} onClick={askToRemove}>
        {common('remove')}
      </Menu.Item>
    </RowMenu>
  )
}

function AddMember({ project }: ProjectPageProps) {
  const t = useTranslations('members')
  const common = useTranslations('common')
  const client = useQueryClient()
  const [opened, { open, close: hide }] = useDisclosure()
  const { options } = useRoles()
  const form = useForm({
    initialValues: { kind: 'user', name: '', role: '3' },
    validate: { name: (name) => (name.trim() === '' ? common('required') : null) },
  })
  const [typed] = useDebouncedValue(form.values.name, 200)
  const users = useQuery({
    ...query('GET /users/search', { query: { username: typed, page_size: 10 } }),
    enabled: opened && form.values.kind === 'user' && typed !== '',
  })
  const groups = useQuery({
    ...query('GET /usergroups/search', { query: { groupname: typed, page_size: 10 } }),
    enabled: opened && form.values.kind === 'group' && typed !== '',
  })
  const names =
    form.values.kind === 'user'
      ? users.data?.map(({ username }) => username)
      : groups.data?.map(({ group_name }) => group_name)
  const refusal = useRefusal(form, { MEMBER_ALREADY: 'name' })
  const add = useMutation({
    mutationFn: async ({ kind, name, role }: typeof form.values) => {
      const group = groups.data?.find(({ group_name }) => group_name === name)
      const member =
        kind === 'user'
          ? { member_user: { username: name } }
          : { member_group: group === undefined ? { group_name: name } : { id: group.id } }
      await call('POST /projects/{project_name_or_id}/members', {
        params: { project_name_or_id: project.name },
        body: { role_id: Number(role), ...member },
      })
      return name
    },
    onError: refusal.onError,
    onSuccess: async (name) => {
      close()
      toast(t('added', { name }))
      await invalidate(client, '/projects')
    },
  })
  const close = () => {
    hide()
    form.reset()
    add.reset()
  }
  return (
    <>
      <Button leftSection={<AddIcon size={16} />} onClick={open}>
        {t('add')}
      </Button>
      <ModalForm
        opened={opened}
        onClose={close}
        title={t('addTitle', { project: project.name })}
        submitLabel={t('add')}
        pending={add.isPending}
        error={refusal.rest(add.error)}
        onSubmit={form.onSubmit((values) => add.mutate(values))}
      >
        <SegmentedControl
          aria-label={t('kind')}
          data={[
            { value: 'user', label: t('user') },
            { value: 'group', label: t('group') },
          ]}
          {...form.getInputProps('kind')}
        />
        <Autocomplete
          label={t('name')}
          description={t(form.values.kind === 'user' ? 'userHint' : 'groupHint')}
          data={[...new Set(names)]}
          autoComplete="off"
          data-autofocus
          {...form.getInputProps('name')}
        />
        <Select label={t('role')} data={options} allowDeselect={false} {...form.getInputProps('role')} />
        <Text size="sm" c="dimmed">
          {t(`roleHints.${roleHintOf(form.values.role)}`)}
        </Text>
      </ModalForm>
    </>
  )
}

const hints = { 1: 'projectAdmin', 2: 'developer', 3: 'guest', 4: 'maintainer', 5: 'limitedGuest' } as const
const roleHintOf = (role: string) => hints[Number(role) as keyof typeof hints] ?? 'composed'
