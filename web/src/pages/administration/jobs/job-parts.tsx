import { useTranslations } from 'use-intl'
import type { Job } from '../../../api/follow-job.ts'
import { useKeysetRows } from '../../../api/keyset-rows.ts'
import { unattended } from '../../../api/session.ts'
import { DataList, type Column } from '../../../components/data-list.tsx'
import { JobIcon } from '../../../components/icons.ts'
import { LinkAnchor } from '../../../components/links.tsx'
import { Section } from '../../../components/page.tsx'
import { EmptyFace } from '../../../components/states.tsx'
import { RelativeTime } from '../../../components/values.tsx'
import { JobStatus } from './job-status.tsx'
import { partsOfRuns, partsSubject, repositoryOf } from './job-words.ts'

/** The jobs that a run gave its repositories, each with the repository's name. */
export function JobParts({ job }: { readonly job: Job }) {
  const t = useTranslations('jobs')
  const common = useTranslations('common')
  const query = { type: partsOfRuns, subject: partsSubject(job) }
  const rows = useKeysetRows('GET /jobs', { query, ...unattended })
  const columns: readonly Column<Job>[] = [
    {
      key: 'repository',
      header: t('repository'),
      width: 'minmax(10rem, 2fr)',
      cell: (part) => (
        <LinkAnchor to="/administration/jobs/$jobId" params={{ jobId: String(part.id) }} fw={500} c="inherit">
          {repositoryOf(part) ?? String(part.id)}
        </LinkAnchor>
      ),
    },
    { key: 'status', header: t('status'), width: '9rem', cell: (part) => <JobStatus job={part} /> },
    {
      key: 'ended',
      header: t('ended'),
      width: '9rem',
      from: 'sm',
      cell: ({ end_time: time }) => <RelativeTime time={time} none={common('nothing')} />,
    },
  ]
  return (
    <Section flush title={t('parts')}>
      <DataList
        label={t('parts')}
        rows={rows}
        columns={columns}
        keyOf={({ id }) => id}
        empty={<EmptyFace icon={JobIcon} title={t('noneTitle')} />}
      />
    </Section>
  )
}
