import { Button, Text } from '@mantine/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { useTranslations } from 'use-intl'
import { call } from '../../../api/client.ts'
import { usePagedRows } from '../../../api/paged-rows.ts'
import { invalidate, query } from '../../../api/queries.ts'
import { DataList, type Column } from '../../../components/data-list.tsx'
import { CloseIcon, ReplicationIcon } from '../../../components/icons.ts'
import { Page, Section } from '../../../components/page.tsx'
import { EmptyFace, ErrorFace, LoadingFace } from '../../../components/states.tsx'
import { toast, toastError } from '../../../components/toast.ts'
import { Facts, RelativeTime, Size, StatusBadge } from '../../../components/values.tsx'
import { isOver, toneOf, useReplicationWords, type Execution, type Task } from './replication-words.ts'
import { RunReport } from './run-report.tsx'
import { TaskLog } from './task-log.tsx'
import { useLively } from './use-lively.ts'

const route = getRouteApi('/shell/signed-in/administration/replication/$ruleId/$runId')

/** One run as it goes: its tasks, each with its log; of a comparison, what it found. */
export function ReplicationRunPage() {
  const t = useTranslations('replication')
  const { ruleId, runId } = route.useParams()
  const params = { id: Number(runId) }
  const rule = useQuery(query('GET /replication/policies/{id}', { params: { id: Number(ruleId) } }))
  const run = useQuery(query('GET /replication/executions/{id}', { params }))
  const words = useReplicationWords()
  const client = useQueryClient()
  useLively(run.data !== undefined && !isOver(run.data))
  const stop = () =>
    void call('PUT /replication/executions/{id}', { params })
      .then(async () => {
        toast(t('stopped'))
        await invalidate(client, '/replication')
      })
      .catch(toastError)
  const above = [
    { label: t('title'), to: '/administration/replication' },
    { label: rule.data?.name ?? ruleId, to: `/administration/replication/${ruleId}` },
  ]
  const title = t('runTitle', { id: runId })
  if (run.data === undefined) {
    return (
      <Page title={title} description={t('runHint')} guide="replication" above={above}>
        {run.error === null ? <LoadingFace /> : <ErrorFace error={run.error} onRetry={() => void run.refetch()} />}
      </Page>
    )
  }
  return (
    <Page
      title={title}
      description={t('runHint')}
      guide="replication"
      above={above}
      mark={<StatusBadge tone={toneOf(run.data.status)}>{words.status(run.data.status)}</StatusBadge>}
      actions={
        !isOver(run.data) && (
          <Button variant="default" leftSection={<CloseIcon size={15} />} onClick={stop}>
            {t('stop')}
          </Button>
        )
      }
    >
      <Section>
        <RunFacts run={run.data} />
      </Section>
      {run.data.mode === 'copy' ? <Tasks run={run.data} /> : <RunReport run={run.data} />}
    </Page>
  )
}

function RunFacts({ run }: { readonly run: Execution }) {
  const t = useTranslations('replication')
  const words = useReplicationWords()
  const common = useTranslations('common')
  const done = String(run.total - run.in_progress)
  const tasks = t('tasksDone', { done, total: String(run.total) })
  return (
    <Facts
      facts={[
        [t('mode'), words.mode(run.mode)],
        [t('by'), words.startedBy(run.trigger)],
        [t('when'), <RelativeTime key="when" time={run.start_time} />],
        [t('ended'), isOver(run) ? <RelativeTime key="ended" time={run.end_time} /> : common('nothing')],
        [
          t('progress'),
          run.mode !== 'copy'
            ? undefined
            : run.failed === 0
              ? tasks
              : `${tasks}, ${t('tasksFailed', { count: run.failed })}`,
        ],
        [t('note'), run.status_text === '' ? undefined : run.status_text],
      ]}
    />
  )
}

function Tasks({ run }: { readonly run: Execution }) {
  const t = useTranslations('replication')
  const rows = usePagedRows('GET /replication/executions/{id}/tasks', { params: { id: run.id }, query: {} })
  return (
    <Section flush title={t('tasks')} description={t('tasksHint')}>
      <DataList
        label={t('tasks')}
        rows={rows}
        columns={useTaskColumns()}
        keyOf={({ id }) => id}
        detail={(task) => ({
          label: t('show', { name: task.src_resource }),
          content: <TaskLog runId={run.id} task={task} />,
        })}
        empty={<EmptyFace icon={ReplicationIcon} title={t(isOver(run) ? 'noTasks' : 'noTasksYet')} />}
      />
    </Section>
  )
}

function useTaskColumns(): readonly Column<Task>[] {
  const t = useTranslations('replication')
  const words = useReplicationWords()
  return [
    {
      key: 'resource',
      header: t('repositories'),
      width: 'minmax(9rem, 2fr)',
      cell: ({ src_resource: from, dst_resource: to }) => (
        <Text size="sm" truncate title={`${from} → ${to}`}>
          {from}
        </Text>
      ),
    },
    {
      key: 'operation',
      header: t('operation'),
      width: '8rem',
      from: 'md',
      cell: ({ operation }) => words.operation(operation),
    },
    {
      key: 'state',
      header: t('state'),
      width: '8rem',
      cell: ({ status }) => <StatusBadge tone={toneOf(status)}>{words.status(status)}</StatusBadge>,
    },
    {
      key: 'sent',
      header: t('sent'),
      width: '7rem',
      from: 'sm',
      align: 'end',
      cell: ({ sent_bytes: bytes }) => <Size bytes={bytes} />,
    },
    {
      key: 'when',
      header: t('when'),
      width: '9rem',
      from: 'md',
      cell: ({ start_time: time }) => <RelativeTime time={time} />,
    },
  ]
}
