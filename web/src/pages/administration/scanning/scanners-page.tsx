import { Menu } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { useTranslations } from 'use-intl'
import { call, type RowOf } from '../../../api/client.ts'
import { usePagedRows } from '../../../api/paged-rows.ts'
import { invalidate } from '../../../api/queries.ts'
import { DataList, type Column } from '../../../components/data-list.tsx'
import { CheckIcon, ScanIcon } from '../../../components/icons.ts'
import { LinkButton } from '../../../components/links.tsx'
import { Page, Section } from '../../../components/page.tsx'
import { RowMenu } from '../../../components/row-menu.tsx'
import { EmptyFace } from '../../../components/states.tsx'
import { toast, toastError } from '../../../components/toast.ts'
import { StatusBadge } from '../../../components/values.tsx'

type Scanner = RowOf<'GET /scanners'>

/** Who scans, and which of them projects use that have chosen none. */
export function ScannersPage() {
  const t = useTranslations('scanning.scanners')
  const client = useQueryClient()
  const rows = usePagedRows('GET /scanners', {})
  const makeDefault = async ({ uuid, name }: Scanner) => {
    await call('PATCH /scanners/{registration_id}', { params: { registration_id: uuid }, body: { is_default: true } })
    await invalidate(client, '/scanners', '/projects')
    toast(t('madeDefault', { name }))
  }
  const columns: readonly Column<Scanner>[] = [
    { key: 'name', header: t('name'), width: 'minmax(8rem, 1fr)', cell: ({ name }) => name },
    {
      key: 'state',
      header: t('state'),
      width: 'minmax(9rem, 1fr)',
      cell: ({ disabled, is_default: isDefault }) => (
        <>
          {isDefault && <StatusBadge tone="accent">{t('default')}</StatusBadge>}{' '}
          {disabled && <StatusBadge tone="warn">{t('disabled')}</StatusBadge>}
        </>
      ),
    },
    {
      key: 'address',
      header: t('address'),
      width: 'minmax(8rem, 2fr)',
      from: 'sm',
      cell: ({ url }) => (url.startsWith('berth:') ? t('builtIn') : url),
    },
    {
      key: 'description',
      header: t('about'),
      width: 'minmax(8rem, 2fr)',
      from: 'md',
      cell: ({ description }) => <span title={description}>{description}</span>,
    },
  ]
  return (
    <Page
      title={t('title')}
      description={t('description')}
      guide="scanners"
      actions={
        <LinkButton to="/administration/vulnerability-data" variant="default">
          {t('toData')}
        </LinkButton>
      }
    >
      <Section flush>
        <DataList
          label={t('title')}
          rows={rows}
          columns={columns}
          keyOf={({ uuid }) => uuid}
          actions={(scanner) =>
            scanner.is_default || scanner.disabled ? null : (
              <RowMenu name={scanner.name}>
                <Menu.Item
                  leftSection={<CheckIcon size={15} />}
                  onClick={() => void makeDefault(scanner).catch(toastError)}
                >
                  {t('makeDefault')}
                </Menu.Item>
              </RowMenu>
            )
          }
          empty={<EmptyFace icon={ScanIcon} title={t('none')} />}
        />
      </Section>
    </Page>
  )
}
