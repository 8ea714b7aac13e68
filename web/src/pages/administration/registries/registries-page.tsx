import { Button, Menu, Text } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { call, type RowOf } from '../../../api/client.ts'
import { usePagedRows } from '../../../api/paged-rows.ts'
import { invalidate } from '../../../api/queries.ts'
import { confirmDestruction } from '../../../components/confirm.ts'
import { DataList, type Column } from '../../../components/data-list.tsx'
import { AddIcon, ActivityIcon, DeleteIcon, EditIcon, RegistryIcon } from '../../../components/icons.ts'
import { Page, Section } from '../../../components/page.tsx'
import { RowMenu } from '../../../components/row-menu.tsx'
import { SearchField } from '../../../components/search-field.tsx'
import { EmptyFace } from '../../../components/states.tsx'
import { toast, toastError } from '../../../components/toast.ts'
import { RelativeTime, StatusBadge } from '../../../components/values.tsx'
import { RegistryForm } from './registry-form.tsx'

export type RemoteRegistry = RowOf<'GET /registries'>

export function RegistriesPage() {
  const t = useTranslations('system.registries')
  const [name, setName] = useState('')
  const [edited, setEdited] = useState<RemoteRegistry | 'new'>()
  const rows = usePagedRows('GET /registries', { query: { name } })
  const newButton = (
    <Button leftSection={<AddIcon size={16} />} onClick={() => setEdited('new')}>
      {t('new')}
    </Button>
  )
  return (
    <Page title={t('title')} description={t('description')} guide="registries" actions={newButton}>
      <Section flush actions={<SearchField label={t('filter')} value={name} onChange={setName} />}>
        <DataList
          label={t('title')}
          rows={rows}
          columns={useColumns()}
          keyOf={({ id }) => id}
          below={({ url }) => url}
          actions={(registry) => <RegistryMenu registry={registry} onEdit={() => setEdited(registry)} />}
          empty={
            name === '' ? (
              <EmptyFace icon={RegistryIcon} title={t('noneTitle')} action={newButton}>
                {t('noneText')}
              </EmptyFace>
            ) : (
              <EmptyFace icon={RegistryIcon} title={t('noneFound', { text: name })} />
            )
          }
        />
      </Section>
      {edited !== undefined && (
        <RegistryForm {...(edited === 'new' ? {} : { registry: edited })} onClose={() => setEdited(undefined)} />
      )}
    </Page>
  )
}

function useColumns(): readonly Column<RemoteRegistry>[] {
  const t = useTranslations('system.registries')
  return [
    {
      key: 'name',
      header: t('name'),
      width: 'minmax(8rem, 1fr)',
      cell: ({ name }) => (
        <Text fw={500} truncate>
          {name}
        </Text>
      ),
    },
    {
      key: 'url',
      header: t('url'),
      width: 'minmax(0, 2fr)',
      from: 'sm',
      cell: ({ url }) => <span title={url}>{url}</span>,
    },
    { key: 'type', header: t('type'), width: '9rem', from: 'md', cell: ({ type }) => type },
    {
      key: 'state',
      header: t('state'),
      width: '8rem',
      cell: ({ status }) =>
        status === 'healthy' ? (
          <StatusBadge tone="good">{t('healthy')}</StatusBadge>
        ) : (
          <StatusBadge tone="bad">{t('unhealthy')}</StatusBadge>
        ),
    },
    {
      key: 'created',
      header: t('created'),
      width: '9rem',
      from: 'lg',
      cell: ({ creation_time: time }) => <RelativeTime time={time} />,
    },
  ]
}

function RegistryMenu({ registry, onEdit }: { readonly registry: RemoteRegistry; onEdit(): void }) {
  const t = useTranslations('system.registries')
  const common = useTranslations('common')
  const client = useQueryClient()
  const { id, name } = registry
  const test = async () => {
    await call('POST /registries/ping', { body: { id } })
    toast(t('testSucceeded'))
    await invalidate(client, '/registries')
  }
  const askToDelete = () =>
    confirmDestruction({
      title: t('deleteTitle', { name }),
      what: t('deleteWhat'),
      run: async () => {
        await call('DELETE /registries/{id}', { params: { id } })
        await invalidate(client, '/registries')
        toast(t('deleted', { name }))
      },
    })
  return (
    <RowMenu name={name}>
      <Menu.Item leftSection={<ActivityIcon size={15} />} onClick={() => void test().catch(toastError)}>
        {t('test')}
      </Menu.Item>
      <Menu.Item leftSection={<EditIcon size={15} />} onClick={onEdit}>
        {common('edit')}
      </Menu.Item>
      <Menu.Item color="red" leftSection={<DeleteIcon size={15} />} onClick={askToDelete}>
        {common('delete')}
      </Menu.Item>
    </RowMenu>
  )
}
