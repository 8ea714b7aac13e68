import { SimpleGrid, Stack, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { useTranslations } from 'use-intl'
import type { AnswerOf } from '../../../api/client.ts'
import { query } from '../../../api/queries.ts'
import { LinkAnchor } from '../../../components/links.tsx'
import { Section } from '../../../components/page.tsx'
import { StatTile } from '../../../components/stat-tile.tsx'
import { ErrorFace, LoadingFace } from '../../../components/states.tsx'
import { Count, Facts, RelativeTime } from '../../../components/values.tsx'
import { useFormat } from '../../../i18n/format.ts'
import { useActionName } from '../../administration/audit/audit-words.ts'
import { useRoleName } from '../../projects/role-name.ts'
import { VulnerabilityExports } from '../exports/vulnerability-exports.tsx'
import { ProjectFrame, type ProjectPageProps } from '../project-frame.tsx'
import { StorageBar, storageOf } from '../storage-quota.tsx'
import { ProxyCache } from './proxy-cache.tsx'
import styles from './summary-page.module.css'

const route = getRouteApi('/shell/projects/$projectName/summary')

export type Summary = AnswerOf<'GET /projects/{project_name_or_id}/summary'>

/** A project at a glance. Parts that a reader has no right to are left out. */
export function ProjectSummaryPage() {
  const { projectName } = route.useParams()
  return (
    <ProjectFrame projectName={projectName} tab="summary">
      {(props) => <ProjectSummary {...props} />}
    </ProjectFrame>
  )
}

function ProjectSummary({ project, can }: ProjectPageProps) {
  const { data, error, refetch } = useQuery(
    query('GET /projects/{project_name_or_id}/summary', { params: { project_name_or_id: project.name } }),
  )
  if (error !== null) return <ErrorFace error={error} onRetry={() => void refetch()} />
  if (data === undefined) return <LoadingFace />
  return (
    <Stack gap="lg">
      <Tiles project={project} summary={data} can={can} />
      {project.registry_id !== undefined && <ProxyCache projectName={project.name} />}
      {can('tag-retention', 'read') && <Policies project={project} can={can} />}
      {can('export-cve', 'read') && <VulnerabilityExports project={project} can={can} />}
      {can('log', 'list') && <RecentActivity projectName={project.name} />}
    </Stack>
  )
}

function Tiles({ project, summary, can }: ProjectPageProps & { readonly summary: Summary }) {
  const t = useTranslations('project.summary')
  const format = useFormat()
  const roleName = useRoleName()
  const { quota } = summary
  const { used, hard, share } = storageOf(quota)
  const byRole = membersByRole(summary)
  const members = byRole.reduce((sum, [, count]) => sum + count, 0)
  const params = { projectName: project.name }
  return (
    <SimpleGrid cols={{ base: 1, sm: can('member', 'list') && quota !== undefined ? 3 : 2 }} spacing="sm">
      <StatTile
        label={t('repositories')}
        value={
          <LinkAnchor to="/projects/$projectName" params={params} c="inherit" fz="inherit">
            <Count value={summary.repo_count} />
          </LinkAnchor>
        }
      />
      {can('member', 'list') && (
        <StatTile
          label={t('members')}
          value={
            <LinkAnchor to="/projects/$projectName/members" params={params} c="inherit" fz="inherit">
              <Count value={members} />
            </LinkAnchor>
          }
          hint={byRole.map(([role, count]) => t('ofRole', { role: roleName(role), count })).join(' · ')}
        />
      )}
      {quota !== undefined && (
        <StatTile
          label={t('storage')}
          value={format.size(used)}
          hint={
            hard < 0 ? (
              t('noLimit')
            ) : (
              <Stack gap={6} mt={4}>
                <StorageBar share={share} label={t('storage')} />
                {t('ofLimit', { limit: format.size(hard), share: format.percent(share) })}
              </Stack>
            )
          }
        />
      )}
    </SimpleGrid>
  )
}

/** Harbor's number of each role that somebody has, with how many have it. */
export function membersByRole(summary: Summary): readonly (readonly [role: number, count: number])[] {
  const all = [
    [1, summary.project_admin_count],
    [4, summary.maintainer_count],
    [2, summary.developer_count],
    [3, summary.guest_count],
    [5, summary.limited_guest_count],
  ] as const
  return all.flatMap(([role, count = 0]) => (count > 0 ? [[role, count] as const] : []))
}

function Policies({ project, can }: ProjectPageProps) {
  const t = useTranslations('project.summary')
  const id = project.metadata.retention_id
  const retention = useQuery({
    ...query('GET /retentions/{id}', { params: { id: id ?? '' } }),
    enabled: id !== undefined && id !== '',
  })
  const immutability = useQuery({
    ...query('GET /projects/{project_name_or_id}/immutabletagrules', {
      params: { project_name_or_id: project.name },
      query: { page_size: 100 },
    }),
    enabled: can('immutable-tag', 'list'),
  })
  const rules = (retention.data?.rules ?? []).filter(({ disabled }) => disabled !== true).length
  const immutable = immutability.data?.filter(({ disabled }) => disabled !== true).length
  const failed = retention.error ?? immutability.error
  const facts = [
    [t('retention'), rules === 0 ? t('none') : t('rules', { count: rules })],
    ...(immutable === undefined
      ? []
      : [[t('immutability'), immutable === 0 ? t('none') : t('rules', { count: immutable })] as const]),
    [t('access'), t(project.metadata.public === 'true' ? 'accessPublic' : 'accessPrivate')],
  ] as const
  return (
    <Section
      title={t('policies')}
      actions={
        <LinkAnchor to="/projects/$projectName/policies" params={{ projectName: project.name }} size="sm">
          {t('toPolicies')}
        </LinkAnchor>
      }
    >
      {failed === null ? <Facts facts={facts} /> : <ErrorFace error={failed} />}
    </Section>
  )
}

const maxRecords = 8

function RecentActivity({ projectName }: { readonly projectName: string }) {
  const t = useTranslations('project.summary')
  const actionName = useActionName()
  const { data, error } = useQuery(
    query('GET /projects/{project_name}/auditlog-exts', {
      params: { project_name: projectName },
      query: { page_size: maxRecords },
    }),
  )
  return (
    <Section
      title={t('activity')}
      actions={
        <LinkAnchor to="/projects/$projectName/logs" params={{ projectName }} size="sm">
          {t('toLogs')}
        </LinkAnchor>
      }
    >
      {error !== null ? (
        <ErrorFace error={error} />
      ) : data === undefined ? (
        <LoadingFace lines={4} />
      ) : data.length === 0 ? (
        <Text c="dimmed">{t('noActivity')}</Text>
      ) : (
        <ol className={styles.activity}>
          {data.map((record) => (
            <li key={record.id}>
              <span className={styles.what}>
                <Text span fw={500}>
                  {record.username}
                </Text>{' '}
                {actionName(record)}
              </span>
              <span className={styles.resource} title={record.resource}>
                {record.resource}
              </span>
              <span className={styles.when}>
                <RelativeTime time={record.op_time} />
              </span>
            </li>
          ))}
        </ol>
      )}
    </Section>
  )
}
