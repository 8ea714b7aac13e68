import { ActionIcon, Group, Modal } from '@mantine/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { useEffect, useState } from 'react'
import { useTranslations } from 'use-intl'
import type { RowOf } from '../../../api/client.ts'
import { usePagedRows } from '../../../api/paged-rows.ts'
import { invalidate, query } from '../../../api/queries.ts'
import { unattended } from '../../../api/session.ts'
import { DataList, type Column } from '../../../components/data-list.tsx'
import { LogIcon, RepositoryIcon, TrashBinIcon } from '../../../components/icons.ts'
import { LinkButton } from '../../../components/links.tsx'
import { Section } from '../../../components/page.tsx'
import { EmptyFace, ErrorFace, LoadingFace, NotFoundFace } from '../../../components/states.tsx'
import { Count, RelativeTime } from '../../../components/values.tsx'
import { ProjectFrame, type ProjectPageProps } from '../project-frame.tsx'
import styles from './policies.module.css'
import { RunStatusBadge } from './retention-runs.tsx'
import { isOver, livelyMs } from './run-words.ts'

type Task = RowOf<'GET /retentions/{id}/executions/{eid}/tasks'>

const route = getRouteApi('/shell/signed-in/projects/$projectName/policies/retention/$runId')

export function RetentionRunPage() {
  const { projectName, runId } = route.useParams()
  return (
    <ProjectFrame projectName={projectName} tab="policies">
      {({ project }) =>
        project.metadata.retention_id === undefined ? (
          <NotFoundFace />
        ) : (
          <Tasks project={project} policyId={project.metadata.retention_id} runId={runId} />
        )
      }
    </ProjectFrame>
  )
}

interface RunProps {
  readonly policyId: string
  readonly runId: string
}

/** What a run did in each repository. */
function Tasks({ project, policyId, runId }: Pick<ProjectPageProps, 'project'> & RunProps) {
  const t = useTranslations('policies.runs')
  const common = useTranslations('common')
  const client = useQueryClient()
  const [read, setRead] = useState<Task>()
  const params = { id: policyId, eid: runId }
  const rows = usePagedRows('GET /retentions/{id}/executions/{eid}/tasks', { params, ...unattended })
  // Nothing to look at yet, or the first of them still at work: the run is not over.
  const isLively = useIsLively(policyId, runId)
  useEffect(() => {
    if (!isLively) return
    const timer = setInterval(() => void invalidate(client, '/retentions/{id}/executions'), livelyMs)
    return () => {
      clearInterval(timer)
      // Once more for what came between the last look and the end.
      void invalidate(client, '/retentions/{id}/executions/{eid}')
    }
  }, [isLively, client])
  const columns: readonly Column<Task>[] = [
    { key: 'repository', header: t('repository'), width: 'minmax(0, 2fr)', cell: ({ repository }) => repository },
    {
      key: 'status',
      header: t('status'),
      width: '6.5rem',
      from: 'sm',
      cell: ({ status }) => <RunStatusBadge status={status} />,
    },
    {
      key: 'kept',
      header: t('kept'),
      width: '5rem',
      align: 'end',
      from: 'sm',
      cell: ({ retained }) => <Count value={retained} />,
    },
    {
      key: 'removed',
      header: t('removed'),
      width: '5.5rem',
      align: 'end',
      cell: ({ total, retained }) => <Count value={total - retained} />,
    },
    {
      key: 'ended',
      header: t('ended'),
      width: '9rem',
      from: 'md',
      cell: ({ end_time: time }) => <RelativeTime time={time} none={common('nothing')} />,
    },
    {
      key: 'log',
      header: t('log'),
      width: '2.5rem',
      cell: (task) => (
        <ActionIcon
          variant="subtle"
          color="gray"
          aria-label={t('logOf', { repository: task.repository })}
          onClick={() => setRead(task)}
        >
          <LogIcon size={16} />
        </ActionIcon>
      ),
    },
  ]
  return (
    <Section
      flush
      title={t('number', { id: runId })}
      description={t('tasksHint')}
      actions={
        <Group gap="xs">
          <LinkButton
            variant="default"
            to="/projects/$projectName/trash"
            params={{ projectName: project.name }}
            search={{ run: Number(runId) }}
            leftSection={<TrashBinIcon size={15} />}
          >
            {t('inTrash')}
          </LinkButton>
          <LinkButton variant="default" to="/projects/$projectName/policies" params={{ projectName: project.name }}>
            {t('back')}
          </LinkButton>
        </Group>
      }
    >
      <DataList
        label={t('tasks')}
        rows={rows}
        columns={columns}
        keyOf={({ id }) => id}
        empty={<EmptyFace icon={RepositoryIcon} title={t(isLively ? 'tasksComing' : 'noTasks')} />}
      />
      {read !== undefined && (
        <TaskLog policyId={policyId} runId={runId} task={read} onClose={() => setRead(undefined)} />
      )}
    </Section>
  )
}

function useIsLively(policyId: string, runId: string): boolean {
  const { data } = useQuery(
    query('GET /retentions/{id}/executions', { params: { id: policyId }, query: { page_size: 100 }, ...unattended }),
  )
  const run = data?.find(({ id }) => id === Number(runId))
  return run !== undefined && !isOver(run.status)
}

function TaskLog({ policyId, runId, task, onClose }: RunProps & { readonly task: Task; onClose(): void }) {
  const t = useTranslations('policies.runs')
  const common = useTranslations('common')
  const log = useQuery({
    ...query('GET /retentions/{id}/executions/{eid}/tasks/{tid}', {
      params: { id: policyId, eid: runId, tid: task.id },
      ...unattended,
    }),
    refetchInterval: isOver(task.status) ? false : livelyMs,
  })
  return (
    <Modal
      opened
      onClose={onClose}
      size="xl"
      title={t('logOf', { repository: task.repository })}
      closeButtonProps={{ 'aria-label': common('close') }}
    >
      {log.error !== null ? (
        <ErrorFace error={log.error} onRetry={() => void log.refetch()} />
      ) : log.data === undefined ? (
        <LoadingFace />
      ) : (
        // It scrolls: somebody with a keyboard alone must get into it.
        // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex
        <pre className={styles.log} tabIndex={0} aria-label={t('log')}>
          {log.data === null || log.data === '' ? t('logEmpty') : log.data}
        </pre>
      )}
    </Modal>
  )
}
