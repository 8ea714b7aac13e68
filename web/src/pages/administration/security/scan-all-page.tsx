import { Button, Group, Progress, Stack, Text } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useTranslations } from 'use-intl'
import { call } from '../../../api/client.ts'
import type { Job } from '../../../api/follow-job.ts'
import { useKeysetRows } from '../../../api/keyset-rows.ts'
import { invalidate, query } from '../../../api/queries.ts'
import { useRefresh } from '../../../api/refresh.ts'
import { unattended } from '../../../api/session.ts'
import { DataList, type Column } from '../../../components/data-list.tsx'
import { CloseIcon, PlayIcon, ScanIcon } from '../../../components/icons.ts'
import { LinkAnchor } from '../../../components/links.tsx'
import { Section } from '../../../components/page.tsx'
import { EmptyFace, ErrorFace, LoadingFace } from '../../../components/states.tsx'
import { toast, toastError } from '../../../components/toast.ts'
import { Facts, RelativeTime, StatusBadge, type Tone } from '../../../components/values.tsx'
import { useFormat } from '../../../i18n/format.ts'
import { artifactAddress } from '../../../shell/addresses.ts'
import { JobStatus } from '../jobs/job-status.tsx'
import { isOver } from '../jobs/job-words.ts'
import { ScheduleSection, type ScheduleWish } from '../jobs/schedule-section.tsx'
import { SecurityFrame } from './security-frame.tsx'

const refreshMs = 2_000

/** Scanning everything: now, by itself, how far it is, and what could not be scanned. */
export function ScanAllPage() {
  const t = useTranslations('security.scanAll')
  const { data, error, refetch } = useQuery(query('GET /scans/all/metrics', unattended))
  const { data: runs } = useQuery(query('GET /jobs', { query: { type: 'SCAN_ALL', page_size: 1 }, ...unattended }))
  useRefresh('/scans/all', refreshMs)
  useRefresh('/jobs', refreshMs)
  const run = runs?.[0]
  return (
    <SecurityFrame tab="scanAll" actions={data !== undefined && <Buttons ongoing={data.ongoing} />}>
      {error !== null && <ErrorFace error={error} onRetry={() => void refetch()} />}
      {error === null && (data === undefined || runs === undefined) && <LoadingFace />}
      {runs !== undefined && run === undefined && (
        <Section>
          <EmptyFace icon={ScanIcon} title={t('noneTitle')}>
            {t('noneText')}
          </EmptyFace>
        </Section>
      )}
      {run !== undefined && data !== undefined && <LastRun run={run} stats={data} />}
      <Schedule />
      {run !== undefined && <Failures run={run} />}
    </SecurityFrame>
  )
}

function Buttons({ ongoing }: { readonly ongoing: boolean }) {
  const t = useTranslations('security.scanAll')
  const client = useQueryClient()
  const after = async () => await invalidate(client, '/scans', '/jobs')
  const start = useMutation({
    mutationFn: async () => await call('POST /system/scanAll/schedule', { body: { schedule: { type: 'Manual' } } }),
    onSuccess: async () => {
      toast(t('started'))
      await after()
    },
    onError: toastError,
  })
  const stop = useMutation({
    mutationFn: async () => await call('POST /system/scanAll/stop', {}),
    onSuccess: async () => {
      toast(t('stopAsked'))
      await after()
    },
    onError: toastError,
  })
  return ongoing ? (
    <Button
      variant="default"
      leftSection={<CloseIcon size={15} />}
      loading={stop.isPending}
      onClick={() => stop.mutate()}
    >
      {t('stop')}
    </Button>
  ) : (
    <Button leftSection={<PlayIcon size={15} />} loading={start.isPending} onClick={() => start.mutate()}>
      {t('start')}
    </Button>
  )
}

/** Harbor's words for the states of the tasks, in the order in which somebody looks for them. */
const states = {
  Error: ['failed', 'bad'],
  Running: ['running', 'accent'],
  Pending: ['pending', 'neutral'],
  Success: ['succeeded', 'good'],
  Stopped: ['stopped', 'warn'],
} as const satisfies Readonly<Record<string, readonly [Job['status'], Tone]>>

interface LastRunProps {
  readonly run: Job
  readonly stats: {
    readonly total: number
    readonly completed: number
    readonly ongoing: boolean
    readonly metrics?: Readonly<Record<string, number>> | undefined
  }
}

function LastRun({ run, stats: { total, completed, ongoing, metrics = {} } }: LastRunProps) {
  const t = useTranslations('security.scanAll')
  const jobs = useTranslations('jobs')
  const format = useFormat()
  const found = run.result ?? run.progress
  const countOf = (name: string) => {
    const value = (found as Readonly<Record<string, unknown>> | undefined)?.[name]
    return typeof value === 'number' ? value : 0
  }
  return (
    <Section
      title={t('lastRun')}
      description={
        <LinkAnchor to="/administration/jobs/$jobId" params={{ jobId: String(run.id) }} size="sm">
          {t('toJob')}
        </LinkAnchor>
      }
    >
      <Stack gap="md">
        <div>
          <Group justify="space-between" mb={6}>
            <Text fw={500}>{t('progress', { done: format.count(completed), total: format.count(total) })}</Text>
            <Text c="dimmed">{format.percent(total === 0 ? (ongoing ? 0 : 1) : completed / total)}</Text>
          </Group>
          <Progress
            value={total === 0 ? (ongoing ? 0 : 100) : (100 * completed) / total}
            size="lg"
            animated={ongoing}
            aria-label={t('progressLabel')}
          />
        </div>
        <Group gap="xs">
          {Object.entries(states).map(([word, [status, tone]]) =>
            (metrics[word] ?? 0) === 0 ? null : (
              <StatusBadge key={word} tone={tone}>
                {t('stateCount', { state: jobs(`statuses.${status}`), count: metrics[word] ?? 0 })}
              </StatusBadge>
            ),
          )}
        </Group>
        <Facts
          facts={[
            [
              jobs('status'),
              <JobStatus key="status" job={ongoing && run.status === 'succeeded' ? scanning(run) : run} />,
            ],
            [t('trigger'), jobs(`triggers.${run.trigger}`)],
            [t('startedAt'), <RelativeTime key="start" time={run.start_time ?? run.creation_time} />],
            [t('found'), format.count(countOf('found'))],
            [t('current'), format.count(countOf('current'))],
            [t('notScannable'), format.count(countOf('notScannable'))],
          ]}
        />
      </Stack>
    </Section>
  )
}

/** The job has asked for all scans; the run goes on until they have ended. */
const scanning = (run: Job): Job => ({ ...run, status: 'running' })

function Schedule() {
  const t = useTranslations('security.scanAll')
  const client = useQueryClient()
  const { data } = useQuery(query('GET /system/scanAll/schedule'))
  const save = async (schedule: ScheduleWish) => {
    await call('PUT /system/scanAll/schedule', { body: { schedule } })
    await invalidate(client, '/system/scanAll', '/schedules')
  }
  return <ScheduleSection title={t('schedule')} none={t('noSchedule')} schedule={data?.schedule} save={save} />
}

interface Failed {
  readonly repository: string
  readonly digest: string
  readonly tag: string | undefined
}

function failedOf({ parameters }: Job): Failed {
  const given = (parameters ?? {}) as Readonly<Record<string, unknown>>
  const text = (name: string) => (typeof given[name] === 'string' ? given[name] : undefined)
  return { repository: text('repository') ?? '', digest: text('digest') ?? '', tag: text('tag') }
}

/** Images that could not be scanned, by name, with the reason. */
function Failures({ run }: { readonly run: Job }) {
  const t = useTranslations('security.scanAll')
  const rows = useKeysetRows('GET /jobs', {
    query: { subject: `scan-all:${run.id}`, status: 'failed' },
    ...unattended,
  })
  const columns: readonly Column<Job>[] = [
    { key: 'image', header: t('image'), width: 'minmax(10rem, 1.5fr)', cell: (job) => <FailedImage job={job} /> },
    {
      key: 'reason',
      header: t('reason'),
      width: 'minmax(10rem, 3fr)',
      from: 'sm',
      cell: ({ error = '' }) => (
        <Text size="sm" truncate title={error}>
          {error}
        </Text>
      ),
    },
    {
      key: 'when',
      header: t('when'),
      width: '9rem',
      from: 'md',
      cell: ({ end_time: time }) => <RelativeTime time={time} />,
    },
    {
      key: 'log',
      header: t('log'),
      width: '5rem',
      cell: ({ id }) => (
        <LinkAnchor to="/administration/jobs/$jobId" params={{ jobId: String(id) }} size="sm">
          {t('log')}
        </LinkAnchor>
      ),
    },
  ]
  if (rows.total === 0 && !isOver(run)) return null
  return (
    <Section flush title={t('failures')} description={rows.total === 0 ? undefined : t('failuresText')}>
      <DataList
        label={t('failures')}
        rows={rows}
        columns={columns}
        keyOf={({ id }) => id}
        below={({ error = '' }) => error}
        phoneHeight={88}
        empty={
          <Text px="md" pb="md" c="dimmed">
            {t('noFailures')}
          </Text>
        }
      />
    </Section>
  )
}

function FailedImage({ job }: { readonly job: Job }) {
  const { repository, digest, tag } = failedOf(job)
  if (repository === '') return null
  const name = tag === undefined ? `${repository}@${digest.slice(0, 19)}` : `${repository}:${tag}`
  return (
    <LinkAnchor
      {...artifactAddress(repository, digest)}
      search={{ tab: 'vulnerabilities' } as never}
      c="inherit"
      fw={500}
      truncate
      title={name}
    >
      {name}
    </LinkAnchor>
  )
}
