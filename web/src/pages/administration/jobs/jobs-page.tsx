import { Group, Menu, Select } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { call } from '../../../api/client.ts'
import type { Job } from '../../../api/follow-job.ts'
import { useKeysetRows } from '../../../api/keyset-rows.ts'
import { invalidate } from '../../../api/queries.ts'
import { useRefresh } from '../../../api/refresh.ts'
import { unattended } from '../../../api/session.ts'
import { DataList, type Column } from '../../../components/data-list.tsx'
import { CloseIcon, JobIcon } from '../../../components/icons.ts'
import { LinkAnchor } from '../../../components/links.tsx'
import { Section } from '../../../components/page.tsx'
import { RowMenu } from '../../../components/row-menu.tsx'
import { EmptyFace } from '../../../components/states.tsx'
import { toast, toastError } from '../../../components/toast.ts'
import { RelativeTime } from '../../../components/values.tsx'
import { JobProgress, JobStatus } from './job-status.tsx'
import { isOver, partsOfRuns, useKindName } from './job-words.ts'
import { JobsFrame } from './jobs-frame.tsx'

const statuses = ['running', 'pending', 'delayed', 'succeeded', 'failed', 'stopped'] as const

/** Harbor's words for the kinds that one looks for. */
const filterTypes = ['GARBAGE_COLLECTION', 'RETENTION', partsOfRuns, 'SCRUB', 'PURGE_AUDIT_LOG'] as const

/** All jobs of the registry, the newest first, as they go. */
export function JobsPage() {
  const t = useTranslations('jobs')
  const kindName = useKindName()
  const [status, setStatus] = useState<string | null>(null)
  const [type, setType] = useState<string | null>(null)
  const filter = type === null ? { without: partsOfRuns } : { type }
  const rows = useKeysetRows('GET /jobs', { query: { ...filter, status: status ?? undefined }, ...unattended })
  useRefresh('/jobs', 3_000)
  const columns: readonly Column<Job>[] = [
    {
      key: 'kind',
      header: t('kind'),
      width: 'minmax(10rem, 1.2fr)',
      cell: (job) => <JobLink job={job} name={kindName(job.job_type)} />,
    },
    {
      key: 'status',
      header: t('status'),
      width: 'minmax(7rem, 1.5fr)',
      cell: (job) => (
        <Group gap="sm" wrap="nowrap" miw={0}>
          <JobStatus job={job} />
          <Group visibleFrom="sm" miw={0} flex={1}>
            <JobProgress job={job} />
          </Group>
        </Group>
      ),
    },
    { key: 'subject', header: t('subject'), width: '10rem', from: 'lg', cell: ({ subject = '' }) => subject },
    { key: 'who', header: t('who'), width: '9rem', from: 'md', cell: ({ username }) => username },
    {
      key: 'when',
      header: t('created'),
      width: '9rem',
      from: 'sm',
      cell: ({ creation_time: time }) => <RelativeTime time={time} />,
    },
  ]
  return (
    <JobsFrame tab="jobs">
      <Section
        flush
        actions={
          <Group gap="xs" w={{ base: '100%', sm: 'auto' }}>
            <Select
              aria-label={t('filterKind')}
              placeholder={t('anyKind')}
              data={filterTypes.map((value) => ({ value, label: kindName(value) }))}
              value={type}
              onChange={setType}
              clearable
              w={{ base: '100%', sm: 200 }}
            />
            <Select
              aria-label={t('filterStatus')}
              placeholder={t('anyStatus')}
              data={statuses.map((value) => ({ value, label: t(`statuses.${value}`) }))}
              value={status}
              onChange={setStatus}
              clearable
              w={{ base: '100%', sm: 200 }}
            />
          </Group>
        }
      >
        <DataList
          label={t('title')}
          rows={rows}
          columns={columns}
          keyOf={({ id }) => id}
          below={({ creation_time: time }) => <RelativeTime time={time} />}
          actions={(job) => (isOver(job) ? null : <JobMenu job={job} name={kindName(job.job_type)} />)}
          empty={
            <EmptyFace icon={JobIcon} title={t('noneTitle')}>
              {t('noneText')}
            </EmptyFace>
          }
        />
      </Section>
    </JobsFrame>
  )
}

function JobLink({ job, name }: { readonly job: Job; readonly name: string }) {
  const t = useTranslations('jobs')
  return (
    <LinkAnchor to="/administration/jobs/$jobId" params={{ jobId: String(job.id) }} fw={500} c="inherit">
      {t('jobName', { kind: name, id: String(job.id) })}
    </LinkAnchor>
  )
}

function JobMenu({ job, name }: { readonly job: Job; readonly name: string }) {
  const t = useTranslations('jobs')
  const client = useQueryClient()
  const stop = async () => {
    try {
      await call('PUT /jobservice/jobs/{job_id}', { params: { job_id: job.id } })
      toast(t('stopAsked'))
      await invalidate(client, '/jobs')
    } catch (error) {
      toastError(error)
    }
  }
  return (
    <RowMenu name={t('jobName', { kind: name, id: String(job.id) })}>
      <Menu.Item leftSection={<CloseIcon size={15} />} onClick={() => void stop()}>
        {t('stop')}
      </Menu.Item>
    </RowMenu>
  )
}
