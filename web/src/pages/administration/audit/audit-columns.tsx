import { Text } from '@mantine/core'
import { useTranslations } from 'use-intl'
import type { RowOf } from '../../../api/client.ts'
import type { Column } from '../../../components/data-list.tsx'
import { ExactTime, StatusBadge } from '../../../components/values.tsx'
import styles from './audit-columns.module.css'
import { useActionName } from './audit-words.ts'

/** A name and the three lines of `AuditBelow`. */
export const auditPhoneHeight = 116

export type AuditRecord = RowOf<'GET /auditlog-exts'>

/** Who did what to what, when, from where, with which result. */
export function useAuditColumns(): readonly Column<AuditRecord>[] {
  const t = useTranslations('audit')
  const actionName = useActionName()
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
      key: 'when',
      header: t('when'),
      width: '10.5rem',
      from: 'sm',
      cell: ({ op_time: time }) => <ExactTime time={time} />,
    },
    {
      key: 'what',
      header: t('what'),
      width: 'minmax(8rem, 1fr)',
      from: 'sm',
      cell: (record) => actionName(record),
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
  ]
}

/** The rest of a record under the name, on a phone: three lines. */
export function AuditBelow({ record }: { readonly record: AuditRecord }) {
  const t = useTranslations('audit')
  const actionName = useActionName()
  const { resource, op_time: time, operation_result: succeeded, client_address: address } = record
  return (
    <span className={styles.below}>
      <span className={styles.line}>
        {actionName(record)} · {t(succeeded ? 'succeeded' : 'failed')}
      </span>
      <span className={styles.line}>{resource}</span>
      <span className={styles.line}>
        <ExactTime time={time} />
        {address !== undefined && ` · ${address}`}
      </span>
    </span>
  )
}
