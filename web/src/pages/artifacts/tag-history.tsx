import { Drawer, Text, Timeline } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useTranslations } from 'use-intl'
import { query } from '../../api/queries.ts'
import { ErrorFace, LoadingFace } from '../../components/states.tsx'
import { Digest, RelativeTime } from '../../components/values.tsx'
import type { Place } from './artifact-columns.tsx'

interface TagHistoryProps {
  readonly place: Place
  readonly tag: string
  onClose(): void
}

/** What a tag has named, the latest first; who moved it, and when. */
export function TagHistory({ place, tag, onClose }: TagHistoryProps) {
  const t = useTranslations('artifacts')
  const common = useTranslations('common')
  const { data, error } = useQuery(
    query('GET /projects/{project_name}/repositories/{repository_name}/tags/{tag_name}/history', {
      params: { project_name: place.projectName, repository_name: place.repository, tag_name: tag },
      query: { page_size: 100 },
    }),
  )
  return (
    <Drawer
      opened
      onClose={onClose}
      position="right"
      title={t('historyOf', { tag })}
      closeButtonProps={{ 'aria-label': common('close') }}
    >
      {error !== null && <ErrorFace error={error} />}
      {data === undefined && error === null && <LoadingFace lines={4} />}
      {data?.length === 0 && <Text c="dimmed">{t('noMoves')}</Text>}
      <Timeline bulletSize={14} lineWidth={2}>
        {data?.map(({ digest, username, moved_at: movedAt }, index) => (
          <Timeline.Item key={index}>
            {digest === undefined ? <Text size="sm">{t('tagRemoved')}</Text> : <Digest digest={digest} />}
            <Text size="sm" c="dimmed">
              {username !== undefined && `${username} · `}
              <RelativeTime time={movedAt} />
            </Text>
          </Timeline.Item>
        ))}
      </Timeline>
    </Drawer>
  )
}
