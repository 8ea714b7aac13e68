import { Progress, Stack, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useTranslations } from 'use-intl'
import type { AnswerOf } from '../../../api/client.ts'
import { query } from '../../../api/queries.ts'
import { unattended, useSession } from '../../../api/session.ts'
import { DataList, wholeList, type Column } from '../../../components/data-list.tsx'
import { HealthIcon } from '../../../components/icons.ts'
import { Page, Section } from '../../../components/page.tsx'
import { EmptyFace, LoadingFace } from '../../../components/states.tsx'
import { Count, Facts, Size, StatusBadge } from '../../../components/values.tsx'
import { useFormat } from '../../../i18n/format.ts'

type Component = AnswerOf<'GET /health'>['components'][number]

/** Whether everything answers, how full the storage is, what this registry is. */
export function HealthPage() {
  const t = useTranslations('system.health')
  const health = useQuery({ ...query('GET /health', unattended), refetchInterval: 10_000 })
  const columns: readonly Column<Component>[] = [
    { key: 'name', header: t('component'), width: 'minmax(8rem, 1fr)', cell: ({ name }) => name },
    { key: 'state', header: t('state'), width: '8rem', cell: ({ status }) => <Health status={status} /> },
    {
      key: 'error',
      header: t('error'),
      width: 'minmax(0, 2fr)',
      from: 'sm',
      cell: ({ error = '' }) => <span title={error}>{error}</span>,
    },
  ]
  return (
    <Page
      title={t('title')}
      description={t('description')}
      guide="health"
      mark={health.data && <Health status={health.data.status} />}
    >
      <Section flush title={t('components')}>
        <DataList
          label={t('components')}
          rows={wholeList(health.data?.components, health.error)}
          columns={columns}
          keyOf={({ name }) => name}
          below={({ error = '' }) => error}
          empty={<EmptyFace icon={HealthIcon} title={t('components')} />}
        />
      </Section>
      <Section title={t('storage')}>
        <Volume />
      </Section>
      <Section title={t('about')}>
        <About />
      </Section>
    </Page>
  )
}

function Health({ status }: { readonly status: string }) {
  const t = useTranslations('system.health')
  return status === 'healthy' ? (
    <StatusBadge tone="good">{t('healthy')}</StatusBadge>
  ) : (
    <StatusBadge tone="bad">{t('unhealthy')}</StatusBadge>
  )
}

function Volume() {
  const t = useTranslations('system.health')
  const format = useFormat()
  const { data } = useQuery(query('GET /systeminfo/volumes', unattended))
  if (data === undefined) return <LoadingFace lines={2} />
  const { total = 0, free = 0 } = data.storage[0] ?? {}
  if (total === 0) return <Text c="dimmed">{t('unmeasured')}</Text>
  const used = total - free
  const share = used / total
  return (
    <Stack gap="xs" maw="36rem">
      <Progress
        value={share * 100}
        size="lg"
        color={share > 0.95 ? 'red' : share > 0.85 ? 'yellow' : 'harbour'}
        aria-label={t('storage')}
      />
      <Text size="sm">
        {t('used', { used: format.size(used), total: format.size(total) })} · {t('free', { size: format.size(free) })}
      </Text>
    </Stack>
  )
}

function About() {
  const t = useTranslations('system.health')
  const modes = useTranslations('settings.authentication.modes')
  const common = useTranslations('common')
  const format = useFormat()
  const { system } = useSession()
  const { data } = useQuery(query('GET /statistics', unattended))
  const modeName = { db_auth: modes('db_auth'), ldap_auth: modes('ldap_auth'), oidc_auth: modes('oidc_auth') }
  return (
    <Facts
      facts={[
        [t('version'), system.harbor_version ?? common('unknown')],
        [t('address'), system.external_url ?? common('unknown')],
        [t('kind'), system.registry_storage_provider_name ?? common('unknown')],
        [t('time'), system.current_time === undefined ? '' : format.exact(new Date(system.current_time))],
        [t('readOnly'), common(system.read_only === true ? 'yes' : 'no')],
        [t('authentication'), modeName[system.auth_mode as keyof typeof modeName] ?? system.auth_mode],
        [t('projects'), <Count key="projects" value={data?.total_project_count ?? 0} />],
        [t('repositories'), <Count key="repositories" value={data?.total_repo_count ?? 0} />],
        [t('consumption'), <Size key="stored" bytes={data?.total_storage_consumption ?? 0} />],
        [t('logical'), <Size key="logical" bytes={data?.logical_storage_consumption ?? 0} />],
      ]}
    />
  )
}
