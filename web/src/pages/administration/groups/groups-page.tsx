import { Button, Menu, Text, TextInput } from '@mantine/core'
import { useForm } from '@mantine/form'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { call, type RowOf } from '../../../api/client.ts'
import { usePagedRows } from '../../../api/paged-rows.ts'
import { invalidate } from '../../../api/queries.ts'
import { useSession } from '../../../api/session.ts'
import type { Bulk } from '../../../components/bulk.ts'
import { confirmDestruction } from '../../../components/confirm.ts'
import { DataList, type Column } from '../../../components/data-list.tsx'
import { AddIcon, DeleteIcon, EditIcon, GroupIcon } from '../../../components/icons.ts'
import { ModalForm } from '../../../components/modal-form.tsx'
import { Page, Section } from '../../../components/page.tsx'
import { RowMenu } from '../../../components/row-menu.tsx'
import { SearchField } from '../../../components/search-field.tsx'
import { EmptyFace } from '../../../components/states.tsx'
import { toast } from '../../../components/toast.ts'
import { StatusBadge } from '../../../components/values.tsx'
import { useRefusal } from '../../../components/use-refusal.ts'

type UserGroup = RowOf<'GET /usergroups'>

/** Harbor's numbers. */
const kinds = { 1: 'ldap', 2: 'http', 3: 'oidc' } as const
const exampleDn = 'cn=developers,ou=groups,dc=example,dc=com'

export function GroupsPage() {
  const t = useTranslations('accounts.groups')
  const common = useTranslations('common')
  const client = useQueryClient()
  const { system } = useSession()
  const [name, setName] = useState('')
  const [edited, setEdited] = useState<UserGroup | 'new'>()
  const rows = usePagedRows('GET /usergroups', { query: { group_name: name } })
  const columns: readonly Column<UserGroup>[] = [
    {
      key: 'name',
      header: t('name'),
      width: 'minmax(9rem, 1.5fr)',
      cell: ({ group_name: text }) => (
        <Text fw={500} truncate>
          {text}
        </Text>
      ),
    },
    {
      key: 'kind',
      header: t('kind'),
      width: '8rem',
      cell: ({ group_type: type }) => (
        <StatusBadge tone="neutral">{t(`kinds.${kinds[type as keyof typeof kinds] ?? 'oidc'}`)}</StatusBadge>
      ),
    },
    {
      key: 'dn',
      header: t('dn'),
      width: 'minmax(0, 2fr)',
      from: 'sm',
      cell: ({ ldap_group_dn: dn = '' }) => <span title={dn}>{dn}</span>,
    },
  ]
  const bulk: Bulk<UserGroup> = {
    of: name,
    nameOf: ({ group_name: text }) => text,
    actions: [
      {
        key: 'delete',
        label: common('delete'),
        icon: DeleteIcon,
        danger: true,
        final: true,
        title: (count) => t('bulkDeleteTitle', { count }),
        what: t('deleteWhat'),
        itemOf: ({ id }) => id,
        send: async (items) => await call('POST /batch/delete-usergroups', { body: { items: items.map(Number) } }),
        after: async (of) => await invalidate(of, '/usergroups'),
        done: (count) => t('bulkDeleted', { count }),
      },
    ],
  }
  const askToDelete = ({ id, group_name: text }: UserGroup) =>
    confirmDestruction({
      title: t('deleteTitle', { name: text }),
      what: t('deleteWhat'),
      run: async () => {
        await call('DELETE /usergroups/{group_id}', { params: { group_id: id } })
        await invalidate(client, '/usergroups')
        toast(t('deletedToast', { name: text }))
      },
    })
  const canAdd = system.auth_mode !== 'db_auth'
  return (
    <Page
      title={t('title')}
      description={t('description')}
      guide="groups"
      actions={
        canAdd && (
          <Button leftSection={<AddIcon size={16} />} onClick={() => setEdited('new')}>
            {t('new')}
          </Button>
        )
      }
    >
      <Section flush actions={<SearchField label={t('filter')} value={name} onChange={setName} />}>
        <DataList
          label={t('title')}
          rows={rows}
          columns={columns}
          keyOf={({ id }) => id}
          bulk={bulk}
          actions={(group) => (
            <RowMenu name={group.group_name}>
              <Menu.Item leftSection={<EditIcon size={15} />} onClick={() => setEdited(group)}>
                {t('rename')}
              </Menu.Item>
              <Menu.Item color="red" leftSection={<DeleteIcon size={15} />} onClick={() => askToDelete(group)}>
                {common('delete')}
              </Menu.Item>
            </RowMenu>
          )}
          empty={
            <EmptyFace icon={GroupIcon} title={name === '' ? t('noneTitle') : t('noneFound', { text: name })}>
              {name === '' ? t('noneText') : undefined}
            </EmptyFace>
          }
        />
      </Section>
      {edited !== undefined && (
        <GroupForm
          {...(edited === 'new' ? {} : { group: edited })}
          isLdap={system.auth_mode === 'ldap_auth'}
          onClose={() => setEdited(undefined)}
        />
      )}
    </Page>
  )
}

interface GroupFormProps {
  /** None: a new one. */
  readonly group?: UserGroup
  readonly isLdap: boolean
  onClose(): void
}

function GroupForm({ group, isLdap, onClose }: GroupFormProps) {
  const t = useTranslations('accounts.groups')
  const common = useTranslations('common')
  const client = useQueryClient()
  const needsDn = group === undefined && isLdap
  const form = useForm({
    initialValues: { name: group?.group_name ?? '', dn: '' },
    validate: {
      name: (name) => (name.trim() === '' ? common('required') : null),
      dn: (dn) => (needsDn && dn.trim() === '' ? common('required') : null),
    },
  })
  const refusal = useRefusal(form, { NAME_TAKEN: 'name' })
  const save = useMutation({
    mutationFn: async ({ name, dn }: typeof form.values) => {
      if (group !== undefined)
        return await call('PUT /usergroups/{group_id}', {
          params: { group_id: group.id },
          body: { group_name: name.trim() },
        })
      const identity = isLdap ? { group_type: 1, ldap_group_dn: dn.trim() } : { group_type: 3 }
      return await call('POST /usergroups', { body: { group_name: name.trim(), ...identity } })
    },
    onError: refusal.onError,
    onSuccess: async () => {
      onClose()
      toast(group === undefined ? t('createdToast', { name: form.values.name }) : common('saved'))
      await invalidate(client, '/usergroups')
    },
  })
  return (
    <ModalForm
      opened
      onClose={onClose}
      title={group === undefined ? t('new') : t('renameTitle', { name: group.group_name })}
      submitLabel={common('save')}
      pending={save.isPending}
      error={refusal.rest(save.error)}
      onSubmit={form.onSubmit((values) => save.mutate(values))}
    >
      <TextInput label={t('name')} autoComplete="off" data-autofocus {...form.getInputProps('name')} />
      {needsDn && (
        <TextInput
          label={t('dn')}
          description={t('dnHint', { example: exampleDn })}
          autoComplete="off"
          spellCheck={false}
          {...form.getInputProps('dn')}
        />
      )}
    </ModalForm>
  )
}
