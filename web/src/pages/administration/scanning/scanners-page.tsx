import { Button, Group, Menu } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { call, type RowOf } from '../../../api/client.ts'
import { usePagedRows } from '../../../api/paged-rows.ts'
import { invalidate } from '../../../api/queries.ts'
import { confirmDestruction } from '../../../components/confirm.ts'
import { DataList, type Column } from '../../../components/data-list.tsx'
import {
  ActivityIcon,
  AddIcon,
  CheckIcon,
  DeleteIcon,
  DisableIcon,
  EditIcon,
  ScanIcon,
} from '../../../components/icons.ts'
import { LinkButton } from '../../../components/links.tsx'
import { Page, Section } from '../../../components/page.tsx'
import { RowMenu } from '../../../components/row-menu.tsx'
import { EmptyFace } from '../../../components/states.tsx'
import { toast, toastError } from '../../../components/toast.ts'
import { StatusBadge } from '../../../components/values.tsx'
import { ScannerForm } from './scanner-form.tsx'

type Scanner = RowOf<'GET /scanners'>

/** Who scans: the engine of the registry and adapters, how they are, and which of them projects use that have chosen none. */
export function ScannersPage() {
  const t = useTranslations('scanning.scanners')
  const [edited, setEdited] = useState<Scanner | 'new'>()
  const rows = usePagedRows('GET /scanners', {})
  return (
    <Page
      title={t('title')}
      description={t('description')}
      guide="scanners"
      actions={
        <Group gap="xs">
          <LinkButton to="/administration/vulnerability-data" variant="default">
            {t('toData')}
          </LinkButton>
          <Button leftSection={<AddIcon size={16} />} onClick={() => setEdited('new')}>
            {t('new')}
          </Button>
        </Group>
      }
    >
      <Section flush>
        <DataList
          label={t('title')}
          rows={rows}
          columns={useColumns()}
          keyOf={({ uuid }) => uuid}
          below={(scanner) => scanner.health_reason}
          actions={(scanner) =>
            scanner.built_in === true && (scanner.is_default || scanner.disabled) ? null : (
              <ScannerMenu scanner={scanner} onEdit={() => setEdited(scanner)} />
            )
          }
          empty={<EmptyFace icon={ScanIcon} title={t('none')} />}
        />
      </Section>
      {edited !== undefined && (
        <ScannerForm {...(edited === 'new' ? {} : { scanner: edited })} onClose={() => setEdited(undefined)} />
      )}
    </Page>
  )
}

function useColumns(): readonly Column<Scanner>[] {
  const t = useTranslations('scanning.scanners')
  return [
    { key: 'name', header: t('name'), width: 'minmax(8rem, 1fr)', cell: ({ name }) => name },
    {
      key: 'state',
      header: t('state'),
      width: 'minmax(11rem, 1fr)',
      cell: ({ disabled, health, health_reason: reason, is_default: isDefault }) => (
        <>
          {isDefault && <StatusBadge tone="accent">{t('default')}</StatusBadge>}{' '}
          {disabled && <StatusBadge tone="warn">{t('disabled')}</StatusBadge>}
          {!disabled && health === 'healthy' && <StatusBadge tone="good">{t('healthy')}</StatusBadge>}
          {!disabled && health === 'unhealthy' && (
            <span title={reason}>
              <StatusBadge tone="bad">{t('unhealthy')}</StatusBadge>
            </span>
          )}
        </>
      ),
    },
    {
      key: 'adapter',
      header: t('adapter'),
      width: 'minmax(8rem, 1fr)',
      from: 'md',
      cell: ({ adapter, version }) => (adapter === undefined ? '–' : `${adapter} ${version ?? ''}`),
    },
    {
      key: 'address',
      header: t('address'),
      width: 'minmax(8rem, 2fr)',
      from: 'sm',
      cell: ({ url, built_in: builtIn }) => (builtIn === true ? t('builtIn') : <span title={url}>{url}</span>),
    },
    {
      key: 'description',
      header: t('about'),
      width: 'minmax(8rem, 2fr)',
      from: 'lg',
      cell: ({ description }) => <span title={description}>{description}</span>,
    },
  ]
}

function ScannerMenu({ scanner, onEdit }: { readonly scanner: Scanner; onEdit(): void }) {
  const t = useTranslations('scanning.scanners')
  const common = useTranslations('common')
  const client = useQueryClient()
  const { uuid, name, url, auth, description, disabled } = scanner
  const params = { registration_id: uuid }
  const tell = async (text: string) => {
    await invalidate(client, '/scanners', '/projects')
    toast(text)
  }
  const makeDefault = async () => {
    await call('PATCH /scanners/{registration_id}', { params, body: { is_default: true } })
    await tell(t('madeDefault', { name }))
  }
  const test = async () => {
    const { skip_certVerify } = scanner
    await call('POST /scanners/ping', { body: { uuid, name, url, auth, skip_certVerify } })
    await tell(t('testSucceeded'))
  }
  const setDisabled = async (next: boolean) => {
    const { skip_certVerify, use_internal_addr } = scanner
    // The credential that is known stays.
    const body = { name, url, auth, description, skip_certVerify, use_internal_addr, disabled: next }
    await call('PUT /scanners/{registration_id}', { params, body })
    await tell(common('saved'))
  }
  const askToDelete = () =>
    confirmDestruction({
      title: t('deleteTitle', { name }),
      what: t('deleteWhat'),
      run: async () => {
        await call('DELETE /scanners/{registration_id}', { params })
        await tell(t('deleted', { name }))
      },
    })
  return (
    <RowMenu name={name}>
      {!scanner.is_default && !disabled && (
        <Menu.Item leftSection={<CheckIcon size={15} />} onClick={() => void makeDefault().catch(toastError)}>
          {t('makeDefault')}
        </Menu.Item>
      )}
      {scanner.built_in !== true && (
        <>
          <Menu.Item leftSection={<ActivityIcon size={15} />} onClick={() => void test().catch(toastError)}>
            {t('test')}
          </Menu.Item>
          <Menu.Item leftSection={<EditIcon size={15} />} onClick={onEdit}>
            {common('edit')}
          </Menu.Item>
          {!scanner.is_default && (
            <Menu.Item
              leftSection={disabled ? <CheckIcon size={15} /> : <DisableIcon size={15} />}
              onClick={() => void setDisabled(!disabled).catch(toastError)}
            >
              {disabled ? t('enable') : t('disable')}
            </Menu.Item>
          )}
          <Menu.Item color="red" leftSection={<DeleteIcon size={15} />} onClick={askToDelete}>
            {common('delete')}
          </Menu.Item>
        </>
      )}
    </RowMenu>
  )
}
