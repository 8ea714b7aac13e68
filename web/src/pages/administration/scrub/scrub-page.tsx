import { Button, Group, Progress, SimpleGrid, Text, TextInput } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { call, type AnswerOf, type RowOf } from '../../../api/client.ts'
import { useKeysetRows } from '../../../api/keyset-rows.ts'
import { invalidate, query } from '../../../api/queries.ts'
import { unattended } from '../../../api/session.ts'
import { DataList, type Column } from '../../../components/data-list.tsx'
import { CloseIcon, PlayIcon, ScrubIcon } from '../../../components/icons.ts'
import { LinkAnchor } from '../../../components/links.tsx'
import { ModalForm } from '../../../components/modal-form.tsx'
import { Page, Section } from '../../../components/page.tsx'
import { StatTile } from '../../../components/stat-tile.tsx'
import { EmptyFace, ErrorFace } from '../../../components/states.tsx'
import { toast, toastError } from '../../../components/toast.ts'
import { Count, Digest, RelativeTime, Size, StatusBadge, useMinute } from '../../../components/values.tsx'
import { parseSize, useFormat } from '../../../i18n/format.ts'
import { JobStatus } from '../jobs/job-status.tsx'
import { isOver } from '../jobs/job-words.ts'
import { ScheduleSection, type ScheduleWish } from '../jobs/schedule-section.tsx'

type Scrub = AnswerOf<'GET /system/scrub'>
type Finding = RowOf<'GET /system/scrub/findings'>

export function ScrubPage() {
  const t = useTranslations('maintenance.scrub')
  const scrub = useQuery({ ...query('GET /system/scrub', unattended), refetchInterval: 3_000 })
  const { data } = scrub
  return (
    <Page
      title={t('title')}
      description={t('description')}
      guide="scrub"
      mark={data?.job && <JobStatus job={data.job} />}
      actions={data !== undefined && <StartOrStop scrub={data} />}
    >
      {scrub.error !== null && data === undefined ? (
        <ErrorFace error={scrub.error} onRetry={() => void scrub.refetch()} />
      ) : (
        <State scrub={data} />
      )}
      <Schedule />
      <Section flush title={t('findings')}>
        <Findings />
      </Section>
    </Page>
  )
}

function State({ scrub }: { readonly scrub: Scrub | undefined }) {
  const t = useTranslations('maintenance.scrub')
  const format = useFormat()
  const pass = scrub?.pass
  const finished = pass?.finished_at
  const time = new Date(finished ?? pass?.started_at ?? 0)
  const now = new Date(useMinute())
  return (
    <SimpleGrid cols={{ base: 1, sm: 3 }} spacing="md">
      <StatTile
        label={t('damaged')}
        value={scrub && <Count value={scrub.damaged_blobs} />}
        hint={scrub && (scrub.damaged_blobs === 0 ? t('allGood') : t('damagedHint'))}
      />
      <StatTile
        label={finished === undefined && pass !== undefined ? t('pass') : t('lastPass')}
        value={scrub && (pass === undefined ? t('neverRan') : format.percent(pass.share_done))}
        hint={
          pass && (
            <>
              {finished === undefined && (
                <Progress value={pass.share_done * 100} size="sm" my={6} aria-label={t('pass')} />
              )}
              {t(finished === undefined ? 'passRuns' : 'passDone', { when: format.relative(time, now) })}
            </>
          )
        }
      />
      <StatTile
        label={t('read')}
        value={scrub && <Size bytes={pass?.bytes ?? 0} />}
        hint={
          <Group gap="xs">
            {t('readHint', { count: pass?.blobs ?? 0 })}
            {scrub?.job !== undefined && (
              <LinkAnchor to="/administration/jobs/$jobId" params={{ jobId: String(scrub.job.id) }} size="sm">
                {t('seeJob')}
              </LinkAnchor>
            )}
          </Group>
        }
      />
    </SimpleGrid>
  )
}

function StartOrStop({ scrub: { job } }: { readonly scrub: Scrub }) {
  const t = useTranslations('maintenance.scrub')
  const jobs = useTranslations('jobs')
  const client = useQueryClient()
  const [opened, { open, close }] = useDisclosure()
  const speed = useSpeed()
  const start = useMutation({
    mutationFn: async () =>
      await call('POST /system/scrub/schedule', {
        body: { schedule: { type: 'Manual' }, parameters: { ...speed.parameters } },
      }),
    onSuccess: async () => {
      close()
      toast(t('started'))
      await invalidate(client, '/system/scrub')
    },
  })
  const stop = async (jobId: number) => {
    await call('PUT /system/scrub/jobs/{job_id}', { params: { job_id: jobId } })
    toast(jobs('stopAsked'))
    await invalidate(client, '/system/scrub')
  }
  if (job !== undefined && !isOver(job))
    return (
      <Button
        variant="default"
        leftSection={<CloseIcon size={15} />}
        disabled={job.stop_requested}
        onClick={() => void stop(job.id).catch(toastError)}
      >
        {jobs('stop')}
      </Button>
    )
  return (
    <>
      <Button leftSection={<PlayIcon size={15} />} onClick={open}>
        {t('runNow')}
      </Button>
      <ModalForm
        opened={opened}
        onClose={close}
        title={t('runTitle')}
        submitLabel={t('runNow')}
        pending={start.isPending}
        error={start.error}
        onSubmit={(event) => {
          event?.preventDefault()
          if (speed.valid) start.mutate()
        }}
      >
        {speed.field}
      </ModalForm>
    </>
  )
}

/** A field for how fast the scrub may read; empty: as the registry thinks best. */
function useSpeed(set?: number) {
  const t = useTranslations('maintenance.scrub')
  const format = useFormat()
  const [text, setText] = useState<string>()
  const shown = text ?? (set === undefined ? '' : format.size(set))
  const bytes = parseSize(shown)
  const valid = shown === '' || (bytes !== undefined && bytes >= 100_000)
  const parameters = shown === '' || bytes === undefined ? {} : { bytes_per_second: bytes }
  const field = (
    <TextInput
      label={t('speed')}
      description={t('speedHint', { example: format.size(20 * 1024 ** 2) })}
      value={shown}
      error={valid ? null : t('speedInvalid')}
      onChange={(event) => setText(event.currentTarget.value)}
    />
  )
  return { valid, parameters, field }
}

function Schedule() {
  const client = useQueryClient()
  const { data } = useQuery(query('GET /system/scrub/schedule'))
  const speed = useSpeed(data?.parameters?.bytes_per_second)
  const save = async (schedule: ScheduleWish) => {
    await call('PUT /system/scrub/schedule', { body: { schedule, parameters: { ...speed.parameters } } })
    await invalidate(client, '/system/scrub', '/schedules')
  }
  return <ScheduleSection schedule={data?.schedule} fields={speed.field} save={save} />
}

function Findings() {
  const t = useTranslations('maintenance.scrub')
  const rows = useKeysetRows('GET /system/scrub/findings', {})
  const columns: readonly Column<Finding>[] = [
    { key: 'digest', header: t('digest'), width: '15rem', cell: ({ digest }) => <Digest digest={digest} /> },
    { key: 'kind', header: t('kind'), width: '9rem', from: 'sm', cell: ({ kind }) => t(`kinds.${kind}`) },
    {
      key: 'size',
      header: t('size'),
      width: '6rem',
      from: 'md',
      align: 'end',
      cell: ({ size }) => <Size bytes={size} />,
    },
    {
      key: 'repositories',
      header: t('repositories'),
      width: 'minmax(0, 1fr)',
      from: 'md',
      cell: ({ repositories }) => (
        <Text span size="sm" truncate title={repositories.join(', ')}>
          {repositories.join(', ')}
        </Text>
      ),
    },
    {
      key: 'found',
      header: t('found'),
      width: '9rem',
      from: 'sm',
      cell: ({ found_at: time }) => <RelativeTime time={time} />,
    },
    {
      key: 'state',
      header: t('state'),
      width: '7rem',
      cell: ({ healed_at: healed }) =>
        healed === undefined ? (
          <StatusBadge tone="bad">{t('open')}</StatusBadge>
        ) : (
          <StatusBadge tone="good">{t('healed')}</StatusBadge>
        ),
    },
  ]
  return (
    <DataList
      label={t('findings')}
      rows={rows}
      columns={columns}
      keyOf={({ id }) => id}
      empty={
        <EmptyFace icon={ScrubIcon} title={t('findingsNone')}>
          {t('findingsNoneText')}
        </EmptyFace>
      }
    />
  )
}
