import { getRouteApi } from '@tanstack/react-router'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { usePagedRows } from '../../../api/paged-rows.ts'
import { DataList } from '../../../components/data-list.tsx'
import { AuditIcon } from '../../../components/icons.ts'
import { Section } from '../../../components/page.tsx'
import { SearchField } from '../../../components/search-field.tsx'
import { EmptyFace } from '../../../components/states.tsx'
import { AuditBelow, auditPhoneHeight, useAuditColumns } from '../../administration/audit/audit-columns.tsx'
import { ProjectFrame } from '../project-frame.tsx'

const route = getRouteApi('/shell/signed-in/projects/$projectName/logs')

/** What happened in a project, the newest first. */
export function ProjectLogsPage() {
  const { projectName } = route.useParams()
  return (
    <ProjectFrame projectName={projectName} tab="logs">
      {() => <ProjectLogs projectName={projectName} />}
    </ProjectFrame>
  )
}

function ProjectLogs({ projectName }: { readonly projectName: string }) {
  const t = useTranslations('audit')
  const [resource, setResource] = useState('')
  const rows = usePagedRows('GET /projects/{project_name}/auditlog-exts', {
    params: { project_name: projectName },
    query: { q: resource === '' ? undefined : `resource=~${resource}` },
  })
  return (
    <Section flush actions={<SearchField label={t('filterResource')} value={resource} onChange={setResource} />}>
      <DataList
        label={t('title')}
        rows={rows}
        columns={useAuditColumns()}
        keyOf={({ id }) => id}
        below={(record) => <AuditBelow record={record} />}
        phoneHeight={auditPhoneHeight}
        empty={<EmptyFace icon={AuditIcon} title={t('noneTitle')} />}
      />
    </Section>
  )
}
