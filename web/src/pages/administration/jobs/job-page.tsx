import { Button, Stack } from '@mantine/core'
import { useMutation, useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { useTranslations } from 'use-intl'
import { call } from '../../../api/client.ts'
import { useFollowedJob, type Job } from '../../../api/follow-job.ts'
import { query } from '../../../api/queries.ts'
import { CloseIcon, LogIcon } from '../../../components/icons.ts'
import { Page, Section } from '../../../components/page.tsx'
import { ErrorFace, LoadingFace } from '../../../components/states.tsx'
import { toast, toastError } from '../../../components/toast.ts'
import { Facts, RelativeTime } from '../../../components/values.tsx'
import { JobLog } from './job-log.tsx'
import { JobProgress, JobStatus } from './job-status.tsx'
import { JobParts } from './job-parts.tsx'
import { JobValues } from './job-values.tsx'
import { isOver, useKindName } from './job-words.ts'

const route = getRouteApi('/shell/signed-in/administration/jobs/$jobId')

/** One job as it goes: what it is about, how far it is, its log. */
export function JobPage() {
  const t = useTranslations('jobs')
  const jobId = Number(route.useParams().jobId)
  const { data: job, error, refetch } = useQuery(query('GET /jobs/{job_id}', { params: { job_id: jobId } }))
  if (job !== undefined) return <FollowedJobPage key={job.id} first={job} />
  return (
    <Page
      title={t('jobName', { kind: t('job'), id: String(jobId) })}
      above={[{ label: t('title'), to: '/administration/jobs' }]}
    >
      {error === null ? <LoadingFace /> : <ErrorFace error={error} onRetry={() => void refetch()} />}
    </Page>
  )
}

function FollowedJobPage({ first }: { readonly first: Job }) {
  const t = useTranslations('jobs')
  const kindName = useKindName()
  const followed = useFollowedJob(first.id, first.log_lines)
  const job = followed.job ?? first
  const stop = useMutation({
    mutationFn: async () => await call('PUT /jobservice/jobs/{job_id}', { params: { job_id: job.id } }),
    onSuccess: () => toast(t('stopAsked')),
    onError: toastError,
  })
  return (
    <Page
      title={t('jobName', { kind: kindName(job.job_type), id: String(job.id) })}
      above={[{ label: t('title'), to: '/administration/jobs' }]}
      mark={<JobStatus job={job} />}
      actions={
        !isOver(job) && (
          <Button
            variant="default"
            leftSection={<CloseIcon size={15} />}
            disabled={job.stop_requested}
            loading={stop.isPending}
            onClick={() => stop.mutate()}
          >
            {t('stop')}
          </Button>
        )
      }
    >
      <Section>
        <Stack gap="md">
          <JobProgress job={job} />
          <JobFacts job={job} />
        </Stack>
      </Section>
      {job.job_type === 'RETENTION' && <JobParts job={job} />}
      <Section
        title={t('log')}
        actions={
          <Button
            component="a"
            href={`/api/v2.0/jobservice/jobs/${job.id}/log`}
            target="_blank"
            variant="default"
            size="compact-md"
            leftSection={<LogIcon size={15} />}
          >
            {t('wholeLog')}
          </Button>
        }
      >
        <JobLog followed={followed} />
      </Section>
    </Page>
  )
}

function JobFacts({ job }: { readonly job: Job }) {
  const t = useTranslations('jobs')
  const common = useTranslations('common')
  const isNothing = (value: unknown) => value === undefined || value === null || JSON.stringify(value) === '{}'
  return (
    <Facts
      facts={[
        [t('trigger'), t(`triggers.${job.trigger}`)],
        [t('who'), job.username],
        [t('created'), <RelativeTime key="created" time={job.creation_time} />],
        [t('notBefore'), job.status === 'delayed' ? <RelativeTime key="run" time={job.run_time} /> : undefined],
        [t('started'), <RelativeTime key="start" time={job.start_time} none={common('nothing')} />],
        [t('ended'), <RelativeTime key="end" time={job.end_time} none={common('nothing')} />],
        [t('attempts'), String(job.attempts)],
        [t('subject'), job.subject],
        [t('worker'), job.worker],
        [t('parameters'), isNothing(job.parameters) ? undefined : <JobValues key="parameters" of={job.parameters} />],
        [t('result'), isNothing(job.result) ? undefined : <JobValues key="result" of={job.result} />],
        [t('error'), job.error],
      ]}
    />
  )
}
