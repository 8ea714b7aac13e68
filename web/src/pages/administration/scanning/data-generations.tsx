import { Menu, Text } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { useTranslations } from 'use-intl'
import { call, type RowOf } from '../../../api/client.ts'
import { invalidate } from '../../../api/queries.ts'
import { confirmDestruction } from '../../../components/confirm.ts'
import { DataList, wholeList, type Column } from '../../../components/data-list.tsx'
import { DeleteIcon, ReloadIcon } from '../../../components/icons.ts'
import { Section } from '../../../components/page.tsx'
import { RowMenu } from '../../../components/row-menu.tsx'
import { toast, toastError } from '../../../components/toast.ts'
import { RelativeTime, Size, StatusBadge } from '../../../components/values.tsx'

type Generation = RowOf<'GET /system/vulnerability-data'>

/** Vulnerability data that can be gone back to, and forgotten. */
export function DataGenerations({ generations }: { readonly generations: readonly Generation[] }) {
  const t = useTranslations('scanning.data')
  const client = useQueryClient()
  const use = async (number: number) => {
    await call('PUT /system/vulnerability-data/{number}/use', { params: { number } })
    await invalidate(client, '/system/vulnerability-data', '/statistics')
    toast(t('switched', { number: String(number) }))
  }
  const askToDelete = (number: number) =>
    confirmDestruction({
      title: t('deleteTitle', { number: String(number) }),
      what: t('deleteText'),
      run: async () => {
        await call('DELETE /system/vulnerability-data/{number}', { params: { number } })
        await invalidate(client, '/system/vulnerability-data')
      },
    })
  const columns: readonly Column<Generation>[] = [
    {
      key: 'number',
      header: t('number'),
      width: 'minmax(7rem, 1fr)',
      cell: ({ number, in_use: used }) => (
        <>
          {number} {used && <StatusBadge tone="good">{t('used')}</StatusBadge>}
        </>
      ),
    },
    {
      key: 'published',
      header: t('published'),
      width: 'minmax(7rem, 1fr)',
      cell: ({ data_time: time }) => <RelativeTime time={time} none={t('unknownTime')} />,
    },
    {
      key: 'imported',
      header: t('imported'),
      width: 'minmax(7rem, 1fr)',
      from: 'sm',
      cell: ({ import_time: time }) => <RelativeTime time={time} />,
    },
    {
      key: 'origin',
      header: t('origin'),
      width: 'minmax(7rem, 2fr)',
      from: 'md',
      cell: ({ origin }) => (
        <Text span size="sm" truncate title={origin}>
          {origin}
        </Text>
      ),
    },
    { key: 'by', header: t('importedBy'), width: 'minmax(5rem, 1fr)', from: 'md', cell: (row) => row.imported_by },
    {
      key: 'size',
      header: t('size'),
      width: '7rem',
      from: 'sm',
      align: 'end',
      cell: ({ size }) => <Size bytes={size} />,
    },
  ]
  return (
    <Section flush title={t('generations')} description={t('generationsText')}>
      <DataList
        label={t('generations')}
        rows={wholeList(generations)}
        columns={columns}
        keyOf={({ number }) => number}
        actions={({ number, in_use: used }) =>
          used ? null : (
            <RowMenu name={String(number)}>
              <Menu.Item leftSection={<ReloadIcon size={15} />} onClick={() => void use(number).catch(toastError)}>
                {t('use')}
              </Menu.Item>
              <Menu.Item color="red" leftSection={<DeleteIcon size={15} />} onClick={() => askToDelete(number)}>
                {t('delete')}
              </Menu.Item>
            </RowMenu>
          )
        }
        empty={null}
      />
    </Section>
  )
}
