import { Button, Text } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useTranslations } from 'use-intl'
import { call, type RowOf } from '../../../api/client.ts'
import { usePagedRows } from '../../../api/paged-rows.ts'
import { invalidate, query } from '../../../api/queries.ts'
import { DataList, type Column } from '../../../components/data-list.tsx'
import { PauseIcon, PlayIcon, ScheduleIcon } from '../../../components/icons.ts'
import { Section } from '../../../components/page.tsx'
import { EmptyFace } from '../../../components/states.tsx'
import { toastError } from '../../../components/toast.ts'
import { RelativeTime, StatusBadge } from '../../../components/values.tsx'
import { useCronText } from './cron-text.ts'
import { useKindName } from './job-words.ts'
import { JobsFrame } from './jobs-frame.tsx'

type Schedule = RowOf<'GET /schedules'>

/** Everything that comes by itself, and when it comes next. */
export function SchedulesPage() {
  const t = useTranslations('jobs')
  const common = useTranslations('common')
  const kindName = useKindName()
  const cronText = useCronText()
  const rows = usePagedRows('GET /schedules', {})
  const columns: readonly Column<Schedule>[] = [
    {
      key: 'kind',
      header: t('kind'),
      width: 'minmax(7rem, 1.5fr)',
      cell: ({ vendor_type: type, vendor_id: id }) =>
        id === 0 ? kindName(type) : t('jobName', { kind: kindName(type), id: String(id) }),
    },
    {
      key: 'cron',
      header: t('when'),
      width: 'minmax(10rem, 2fr)',
      from: 'sm',
      cell: ({ cron, time_zone: zone }) => (
        <Text span size="sm" title={cron} truncate>
          {t('cronInZone', { cron: cronText(cron), zone })}
        </Text>
      ),
    },
    {
      key: 'next',
      header: t('next'),
      width: '9rem',
      cell: ({ next_scheduled_time: time }) => <RelativeTime time={time} none={common('nothing')} />,
    },
    {
      key: 'last',
      header: t('last'),
      width: '9rem',
      from: 'md',
      cell: ({ last_scheduled_time: time }) => <RelativeTime time={time} />,
    },
  ]
  return (
    <JobsFrame tab="schedules" actions={<PauseAll />}>
      <Section flush>
        <DataList
          label={t('schedules')}
          rows={rows}
          columns={columns}
          keyOf={({ id }) => id}
          below={({ cron }) => cronText(cron)}
          empty={
            <EmptyFace icon={ScheduleIcon} title={t('schedulesEmpty')}>
              {t('schedulesEmptyText')}
            </EmptyFace>
          }
        />
      </Section>
    </JobsFrame>
  )
}

function PauseAll() {
  const t = useTranslations('jobs')
  const client = useQueryClient()
  const { data } = useQuery(query('GET /schedules/{job_type}/paused', { params: { job_type: 'all' } }))
  const change = useMutation({
    mutationFn: async (action: 'pause' | 'resume') =>
      await call('PUT /jobservice/queues/{job_type}', { params: { job_type: 'SCHEDULER' }, body: { action } }),
    onSuccess: async () => await invalidate(client, '/schedules', '/jobservice'),
    onError: toastError,
  })
  if (data === undefined) return null
  return data.paused ? (
    <>
      <StatusBadge tone="warn">{t('allPaused')}</StatusBadge>
      <Button leftSection={<PlayIcon size={15} />} loading={change.isPending} onClick={() => change.mutate('resume')}>
        {t('resumeAll')}
      </Button>
    </>
  ) : (
    <Button
      variant="default"
      leftSection={<PauseIcon size={15} />}
      loading={change.isPending}
      onClick={() => change.mutate('pause')}
    >
      {t('pauseAll')}
    </Button>
  )
}
