import { Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useTranslations } from 'use-intl'
import type { RowOf } from '../../../api/client.ts'
import { query } from '../../../api/queries.ts'
import { unattended } from '../../../api/session.ts'
import { DataList, wholeList, type Column } from '../../../components/data-list.tsx'
import { PushIcon } from '../../../components/icons.ts'
import { Notice } from '../../../components/notice.tsx'
import { Section } from '../../../components/page.tsx'
import { EmptyFace } from '../../../components/states.tsx'
import { Count, RelativeTime, StatusBadge } from '../../../components/values.tsx'
import { AuditFrame } from './audit-frame.tsx'

type Sink = RowOf<'GET /system/audit-log/sinks'>

/** Where the audit log is sent, and what holds it up. */
export function AuditSinksPage() {
  const t = useTranslations('auditChain')
  const sinks = useQuery({ ...query('GET /system/audit-log/sinks', unattended), refetchInterval: 5_000 })
  const columns: readonly Column<Sink>[] = [
    {
      key: 'receiver',
      header: t('receiver'),
      width: 'minmax(12rem, 2fr)',
      cell: ({ kind, address }) => (
        <span title={address}>
          {t(`kinds.${kind}`)}
          <Text span c="dimmed" size="sm" display="block" truncate>
            {address}
          </Text>
        </span>
      ),
    },
    { key: 'state', header: t('state'), width: '8rem', cell: (sink) => <SinkState sink={sink} /> },
    {
      key: 'behind',
      header: t('behind'),
      width: '7rem',
      from: 'sm',
      align: 'end',
      cell: ({ behind }) => <Count value={behind} />,
    },
    {
      key: 'lag',
      header: t('lag'),
      width: '9rem',
      from: 'md',
      cell: (sink) => <RelativeTime time={sink.oldest_waiting} none="–" />,
    },
    {
      key: 'sent',
      header: t('sent'),
      width: '9rem',
      from: 'md',
      cell: (sink) => <RelativeTime time={sink.sent_at} none={t('never')} />,
    },
  ]
  return (
    <AuditFrame tab="sinks">
      {sinks.data?.map((sink) => (
        <Trouble key={sink.name} sink={sink} />
      ))}
      <Section flush>
        <DataList
          label={t('sinks')}
          rows={wholeList(sinks.data, sinks.error)}
          columns={columns}
          keyOf={({ name }) => name}
          empty={
            <EmptyFace icon={PushIcon} title={t('noSinks')}>
              {t('noSinksHint')}
            </EmptyFace>
          }
        />
      </Section>
    </AuditFrame>
  )
}

function SinkState({ sink: { behind, error } }: { readonly sink: Sink }) {
  const t = useTranslations('auditChain')
  if (error !== undefined) return <StatusBadge tone="bad">{t('failing')}</StatusBadge>
  return behind === 0 ? (
    <StatusBadge tone="good">{t('good')}</StatusBadge>
  ) : (
    <StatusBadge tone="accent">{t('sending')}</StatusBadge>
  )
}

/** What went wrong, and what is missing there for good; nothing where all is well. */
function Trouble({ sink: { kind, address, error, missed, refused, ...sink } }: { readonly sink: Sink }) {
  const t = useTranslations('auditChain')
  if (error === undefined && missed + refused === 0) return null
  return (
    <Notice tone={error === undefined ? 'warn' : 'bad'} title={`${t(`kinds.${kind}`)} · ${address}`}>
      {error !== undefined && (
        <Text size="sm">
          {t('error')} (<RelativeTime time={sink.failed_at} />
          ): {error}
        </Text>
      )}
      {missed > 0 && <Text size="sm">{t('missed', { count: missed })}</Text>}
      {refused > 0 && <Text size="sm">{t('refused', { count: refused })}</Text>}
    </Notice>
  )
}
