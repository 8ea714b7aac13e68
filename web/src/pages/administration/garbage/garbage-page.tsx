import { Button, Menu, Text } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { call, type RowOf } from '../../../api/client.ts'
import type { Job } from '../../../api/follow-job.ts'
import { usePagedRows } from '../../../api/paged-rows.ts'
import { invalidate, query } from '../../../api/queries.ts'
import { useRefresh } from '../../../api/refresh.ts'
import { unattended } from '../../../api/session.ts'
import { DataList, type Column } from '../../../components/data-list.tsx'
import { CloseIcon, GarbageIcon, PlayIcon } from '../../../components/icons.ts'
import { LinkAnchor } from '../../../components/links.tsx'
import { ModalForm } from '../../../components/modal-form.tsx'
import { Page, Section } from '../../../components/page.tsx'
import { RowMenu } from '../../../components/row-menu.tsx'
import { EmptyFace } from '../../../components/states.tsx'
import { toast, toastError } from '../../../components/toast.ts'
import { Count, RelativeTime, Size, StatusBadge } from '../../../components/values.tsx'
import { useFormat } from '../../../i18n/format.ts'
import { toneOf } from '../jobs/job-words.ts'
import { ScheduleSection, type ScheduleWish } from '../jobs/schedule-section.tsx'
import { GarbageFields, parseParameters, useOptionsText, usualOptions } from './garbage-options.tsx'

type Run = RowOf<'GET /system/gc'>

export function GarbagePage() {
  const t = useTranslations('maintenance.garbage')
  return (
    <Page title={t('title')} description={t('description')} guide="garbageCollection" actions={<RunNow />}>
      <Schedule />
      <Section flush title={t('history')}>
        <History />
      </Section>
    </Page>
  )
}

function RunNow() {
  const t = useTranslations('maintenance.garbage')
  const client = useQueryClient()
  const [opened, { open, close }] = useDisclosure()
  const [options, setOptions] = useState(usualOptions)
  const run = useMutation({
    mutationFn: async () =>
      await call('POST /system/gc/schedule', {
        body: { schedule: { type: 'Manual' }, parameters: { ...options } },
      }),
    onSuccess: async () => {
      close()
      toast(t('started'))
      await invalidate(client, '/system/gc')
    },
  })
  return (
    <>
      <Button leftSection={<PlayIcon size={15} />} onClick={open}>
        {t('runNow')}
      </Button>
      <ModalForm
        opened={opened}
        onClose={close}
        title={t('runTitle')}
        submitLabel={t('run')}
        pending={run.isPending}
        error={run.error}
        onSubmit={(event) => {
          event?.preventDefault()
          run.mutate()
        }}
      >
        <GarbageFields value={options} onChange={setOptions} withDryRun />
      </ModalForm>
    </>
  )
}

function Schedule() {
  const client = useQueryClient()
  const optionsText = useOptionsText()
  const { data } = useQuery(query('GET /system/gc/schedule'))
  const [edited, setEdited] = useState<typeof usualOptions>()
  const set = parseParameters(data?.job_parameters)
  const options = edited ?? { ...usualOptions, ...set, dry_run: false }
  const save = async (schedule: ScheduleWish) => {
    await call('PUT /system/gc/schedule', { body: { schedule, parameters: { ...options } } })
    await invalidate(client, '/system/gc', '/schedules')
  }
  return (
    <ScheduleSection
      schedule={data?.schedule}
      options={
        <Text size="sm" c="dimmed" mt="xs">
          {optionsText(set)}
        </Text>
      }
      fields={<GarbageFields value={options} onChange={setEdited} withDryRun={false} />}
      save={save}
    />
  )
}

/** Harbor's words for the states of a run. */
const statuses: Readonly<Record<string, Job['status']>> = {
  Scheduled: 'delayed',
  Pending: 'pending',
  Running: 'running',
  Success: 'succeeded',
  Error: 'failed',
  Stopped: 'stopped',
}

const statusOf = ({ job_status: status }: Run): Job['status'] => statuses[status] ?? 'pending'
const isRunning = (run: Run): boolean => ['delayed', 'pending', 'running'].includes(statusOf(run))

function History() {
  const t = useTranslations('maintenance.garbage')
  const jobs = useTranslations('jobs')
  const rows = usePagedRows('GET /system/gc', { query: {}, ...unattended })
  useRefresh('/system/gc', 3_000)
  const optionsText = useOptionsText()
  const columns: readonly Column<Run>[] = [
    {
      key: 'run',
      header: t('run'),
      width: 'minmax(6rem, 1fr)',
      cell: (run) => (
        <LinkAnchor to="/administration/jobs/$jobId" params={{ jobId: String(run.id) }} fw={500} c="inherit" truncate>
          {jobs('jobName', { kind: t('run'), id: String(run.id) })}
        </LinkAnchor>
      ),
    },
    {
      key: 'options',
      header: t('options'),
      width: 'minmax(0, 2fr)',
      from: 'md',
      cell: ({ job_parameters: text }) => optionsText(parseParameters(text)),
    },
    {
      key: 'status',
      header: jobs('status'),
      width: '7.5rem',
      cell: (run) => <StatusBadge tone={toneOf[statusOf(run)]}>{jobs(`statuses.${statusOf(run)}`)}</StatusBadge>,
    },
    {
      key: 'freed',
      header: t('freed'),
      width: '10rem',
      from: 'sm',
      align: 'end',
      cell: (run) => <Freed run={run} />,
    },
    {
      key: 'blobs',
      header: t('blobs'),
      width: '6rem',
      from: 'md',
      align: 'end',
      cell: ({ job_parameters: text }) => <Count value={parseParameters(text).purged_blobs ?? 0} />,
    },
    {
      key: 'manifests',
      header: t('manifests'),
      width: '7rem',
      from: 'lg',
      align: 'end',
      cell: ({ job_parameters: text }) => <Count value={parseParameters(text).purged_manifests ?? 0} />,
    },
    {
      key: 'when',
      header: jobs('created'),
      width: '9rem',
      from: 'sm',
      cell: ({ creation_time: time }) => <RelativeTime time={time} />,
    },
  ]
  return (
    <DataList
      label={t('history')}
      rows={rows}
      columns={columns}
      keyOf={({ id }) => id}
      below={(run) => <Freed run={run} />}
      actions={(run) => (isRunning(run) ? <RunMenu run={run} /> : null)}
      empty={
        <EmptyFace icon={GarbageIcon} title={t('noneTitle')}>
          {t('noneText')}
        </EmptyFace>
      }
    />
  )
}

function Freed({ run }: { readonly run: Run }) {
  const t = useTranslations('maintenance.garbage')
  const format = useFormat()
  const { freed_space: bytes, dry_run: dryRun } = parseParameters(run.job_parameters)
  if (bytes === undefined) return null
  return dryRun ? <span>{t('wouldFree', { size: format.size(bytes) })}</span> : <Size bytes={bytes} />
}

function RunMenu({ run }: { readonly run: Run }) {
  const jobs = useTranslations('jobs')
  const client = useQueryClient()
  const stop = async () => {
    await call('PUT /system/gc/{gc_id}', { params: { gc_id: run.id } })
    toast(jobs('stopAsked'))
    await invalidate(client, '/system/gc')
  }
  return (
    <RowMenu name={jobs('jobName', { kind: jobs('kinds.collectGarbage'), id: String(run.id) })}>
      <Menu.Item leftSection={<CloseIcon size={15} />} onClick={() => void stop().catch(toastError)}>
        {jobs('stop')}
      </Menu.Item>
    </RowMenu>
  )
}
