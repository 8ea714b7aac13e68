import { Menu } from '@mantine/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useTranslations } from 'use-intl'
import { call, type RowOf } from '../../../api/client.ts'
import { invalidate, query } from '../../../api/queries.ts'
import { unattended } from '../../../api/session.ts'
import { confirmDestruction } from '../../../components/confirm.ts'
import { DataList, wholeList, type Column } from '../../../components/data-list.tsx'
import { CloseIcon, LayersIcon, PauseIcon, PlayIcon, RegistryIcon } from '../../../components/icons.ts'
import { Section } from '../../../components/page.tsx'
import { RowMenu } from '../../../components/row-menu.tsx'
import { EmptyFace } from '../../../components/states.tsx'
import { toast, toastError } from '../../../components/toast.ts'
import { Count, RelativeTime, StatusBadge } from '../../../components/values.tsx'
import { useKindName } from './job-words.ts'
import { JobsFrame } from './jobs-frame.tsx'

type Queue = RowOf<'GET /jobservice/queues'>
type Pool = RowOf<'GET /jobservice/pools'>

/** What waits, by kind of job, and the processes that do the work. */
export function QueuesPage() {
  const t = useTranslations('jobs')
  return (
    <JobsFrame tab="queues">
      <Queues />
      <Section flush title={t('workers')} description={t('workersHint')}>
        <Workers />
      </Section>
    </JobsFrame>
  )
}

function Queues() {
  const t = useTranslations('jobs')
  const kindName = useKindName()
  const queues = useQuery({ ...query('GET /jobservice/queues', unattended), refetchInterval: 5_000 })
  const columns: readonly Column<Queue>[] = [
    { key: 'kind', header: t('kind'), width: 'minmax(6rem, 2fr)', cell: ({ job_type: type }) => kindName(type) },
    {
      key: 'count',
      header: t('waiting'),
      width: '4rem',
      align: 'end',
      cell: ({ count = 0 }) => <Count value={count} />,
    },
    {
      key: 'latency',
      header: t('latency'),
      width: '9rem',
      from: 'sm',
      align: 'end',
      cell: ({ latency = 0 }) => t('seconds', { count: latency }),
    },
    {
      key: 'state',
      header: t('status'),
      width: 'minmax(5rem, 7.5rem)',
      cell: ({ paused }) =>
        paused ? (
          <StatusBadge tone="warn">{t('paused')}</StatusBadge>
        ) : (
          <StatusBadge tone="good">{t('active')}</StatusBadge>
        ),
    },
  ]
  return (
    <Section flush>
      <DataList
        label={t('queues')}
        rows={wholeList(queues.data, queues.error)}
        columns={columns}
        keyOf={({ job_type: type }) => type}
        actions={(queue) => <QueueMenu queue={queue} name={kindName(queue.job_type)} />}
        empty={<EmptyFace icon={LayersIcon} title={t('queuesEmpty')} />}
      />
    </Section>
  )
}

function QueueMenu({ queue, name }: { readonly queue: Queue; readonly name: string }) {
  const t = useTranslations('jobs')
  const client = useQueryClient()
  const { count = 0 } = queue
  const act = async (action: 'pause' | 'resume' | 'stop', said: string) => {
    await call('PUT /jobservice/queues/{job_type}', { params: { job_type: queue.job_type }, body: { action } })
    await invalidate(client, '/jobservice', '/jobs', '/schedules')
    toast(said)
  }
  const askToStop = () =>
    confirmDestruction({
      title: t('stopWaitingTitle', { name }),
      what: t('stopWaitingWhat', { count }),
      action: t('stopWaiting'),
      run: async () => await act('stop', t('stoppedToast', { name })),
    })
  return (
    <RowMenu name={name}>
      {queue.paused ? (
        <Menu.Item
          leftSection={<PlayIcon size={15} />}
          onClick={() => void act('resume', t('resumedToast', { name })).catch(toastError)}
        >
          {t('resume')}
        </Menu.Item>
      ) : (
        <Menu.Item
          leftSection={<PauseIcon size={15} />}
          onClick={() => void act('pause', t('pausedToast', { name })).catch(toastError)}
        >
          {t('pause')}
        </Menu.Item>
      )}
      {count > 0 && (
        <Menu.Item color="red" leftSection={<CloseIcon size={15} />} onClick={askToStop}>
          {t('stopWaiting')}
        </Menu.Item>
      )}
    </RowMenu>
  )
}

function Workers() {
  const t = useTranslations('jobs')
  const pools = useQuery({ ...query('GET /jobservice/pools', unattended), refetchInterval: 15_000 })
  const columns: readonly Column<Pool>[] = [
    { key: 'host', header: t('host'), width: 'minmax(6rem, 2fr)', cell: ({ host }) => host },
    { key: 'pid', header: t('process'), width: '6rem', from: 'sm', align: 'end', cell: ({ pid }) => pid },
    {
      key: 'concurrency',
      header: t('atATime'),
      width: '5rem',
      align: 'end',
      cell: ({ concurrency }) => <Count value={concurrency} />,
    },
    {
      key: 'started',
      header: t('started'),
      width: '9rem',
      from: 'sm',
      cell: ({ start_at: time }) => <RelativeTime time={time} />,
    },
    {
      key: 'seen',
      header: t('lastSeen'),
      width: '9rem',
      from: 'md',
      cell: ({ heartbeat_at: time }) => <RelativeTime time={time} />,
    },
  ]
  return (
    <DataList
      label={t('workers')}
      rows={wholeList(pools.data, pools.error)}
      columns={columns}
      keyOf={({ worker_pool_id: id }) => id}
      empty={
        <EmptyFace icon={RegistryIcon} title={t('workersEmpty')}>
          {t('workersEmptyText')}
        </EmptyFace>
      }
    />
  )
}
