import { Group, Select } from '@mantine/core'
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
import { conditionsOf } from '../../administration/audit/audit-filter.ts'
import { resources } from '../../administration/audit/audit-words.ts'
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
  const audit = useTranslations('system.audit')
  const [resource, setResource] = useState('')
  const [type, setType] = useState('')
  const rows = usePagedRows('GET /projects/{project_name}/auditlog-exts', {
    params: { project_name: projectName },
    query: { q: conditionsOf({ resource, type }) },
  })
  return (
    <Section
      flush
      actions={
        <Group gap="sm">
          <Select
            aria-label={audit('type')}
            placeholder={audit('anyType')}
            data={resources.map((value) => ({ value, label: t(`resources.${value}`) }))}
            value={type === '' ? null : type}
            onChange={(next) => setType(next ?? '')}
            searchable
            clearable
            w={148}
          />
          <SearchField label={t('filterResource')} value={resource} onChange={setResource} />
        </Group>
      }
    >
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
