import { Text } from '@mantine/core'
import { useTranslations } from 'use-intl'
import type { RowOf } from '../../../api/client.ts'
import type { Column } from '../../../components/data-list.tsx'
import { RelativeTime, StatusBadge } from '../../../components/values.tsx'

export type AuditRecord = RowOf<'GET /auditlog-exts'>

/** Who did what to what, when, from where, with which result. */
export function useAuditColumns(): readonly Column<AuditRecord>[] {
  const t = useTranslations('audit')
  return [
    {
      key: 'who',
      header: t('who'),
      width: 'minmax(7rem, 1fr)',
      cell: ({ username }) => (
        <Text span fw={500} truncate>
          {username}
        </Text>
      ),
    },
    {
      key: 'what',
      header: t('what'),
      width: 'minmax(8rem, 1fr)',
      cell: ({ operation, resource_type: type }) => `${operation} ${type}`.replaceAll('_', ' '),
    },
    {
      key: 'resource',
      header: t('resource'),
      width: 'minmax(0, 3fr)',
      from: 'sm',
      cell: ({ resource }) => <span title={resource}>{resource}</span>,
    },
    {
      key: 'result',
      header: t('result'),
      width: '6rem',
      from: 'md',
      cell: ({ operation_result: succeeded }) =>
        succeeded ? (
          <StatusBadge tone="good">{t('succeeded')}</StatusBadge>
        ) : (
          <StatusBadge tone="bad">{t('failed')}</StatusBadge>
        ),
    },
    {
      key: 'from',
      header: t('address'),
      width: '8.5rem',
      from: 'lg',
      cell: ({ client_address: address }) => address ?? '',
    },
    {
      key: 'when',
      header: t('when'),
      width: '8rem',
      from: 'sm',
      cell: ({ op_time: time }) => <RelativeTime time={time} />,
    },
  ]
}
