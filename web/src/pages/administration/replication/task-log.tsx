import { Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useTranslations } from 'use-intl'
import { query } from '../../../api/queries.ts'
import { Notice } from '../../../components/notice.tsx'
import { ErrorFace, LoadingFace } from '../../../components/states.tsx'
import type { Task } from './replication-words.ts'
import styles from './replication.module.css'

/** What a task did, line by line. */
export function TaskLog({ runId, task }: { readonly runId: number; readonly task: Task }) {
  const t = useTranslations('replication')
  const params = { id: runId, task_id: task.id }
  const log = useQuery(query('GET /replication/executions/{id}/tasks/{task_id}/log', { params }))
  if (log.error !== null) return <ErrorFace error={log.error} onRetry={() => void log.refetch()} />
  if (log.data === undefined) return <LoadingFace lines={3} />
  return (
    <>
      {task.error !== undefined && <Notice tone="bad">{task.error}</Notice>}
      <Text size="sm" fw={600} mt="xs">
        {t('log')}
      </Text>
      {/* It scrolls: somebody with a keyboard alone must get into it. */}
      {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
      <pre className={styles.text} tabIndex={0} aria-label={t('log')}>
        {log.data === null || log.data === '' ? t('logEmpty') : log.data}
      </pre>
    </>
  )
}
