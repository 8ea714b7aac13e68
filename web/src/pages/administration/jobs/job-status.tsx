import { Group, Progress, Text } from '@mantine/core'
import { useTranslations } from 'use-intl'
import type { Job } from '../../../api/follow-job.ts'
import { StatusBadge } from '../../../components/values.tsx'
import { useFormat } from '../../../i18n/format.ts'
import { isOver, toneOf, useStepName } from './job-words.ts'

export function JobStatus({ job }: { readonly job: Job }) {
  const t = useTranslations('jobs')
  const stopping = job.stop_requested && !isOver(job)
  return (
    <StatusBadge tone={stopping ? 'warn' : toneOf[job.status]}>
      {stopping ? t('stopping') : t(`statuses.${job.status}`)}
    </StatusBadge>
  )
}

/** How far a running job is; nothing for others. */
export function JobProgress({ job }: { readonly job: Job }) {
  const t = useTranslations('jobs')
  const format = useFormat()
  const stepName = useStepName()
  const { progress } = job
  if (isOver(job) || progress === undefined) return null
  const { done, total } = progress
  const step = stepName(progress.step)
  const share = done !== undefined && total !== undefined && total > 0 ? Math.min(1, done / total) : undefined
  return (
    <Group gap="xs" wrap="nowrap" miw={0} flex={1}>
      {share !== undefined && (
        <Progress value={share * 100} size="sm" w={90} aria-label={t('progress')} transitionDuration={200} />
      )}
      <Text size="sm" c="dimmed" truncate>
        {share !== undefined
          ? t('stepShare', { step, share: format.percent(share) })
          : done !== undefined
            ? t('stepDone', { step, done: format.count(done) })
            : step}
      </Text>
    </Group>
  )
}
