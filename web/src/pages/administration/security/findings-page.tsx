import { Button, Group, Select, SimpleGrid, Stack, Text, TextInput } from '@mantine/core'
import { useForm } from '@mantine/form'
import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { useTranslations } from 'use-intl'
import type { RowOf } from '../../../api/client.ts'
import { usePagedRows } from '../../../api/paged-rows.ts'
import { query } from '../../../api/queries.ts'
import { DataList, type Column } from '../../../components/data-list.tsx'
import { PolicyIcon, SearchIcon } from '../../../components/icons.ts'
import { OutsideLink } from '../../../components/outside-link.tsx'
import { Section } from '../../../components/page.tsx'
import { EmptyFace } from '../../../components/states.tsx'
import { Count, StatusBadge } from '../../../components/values.tsx'
import { SeverityBadge } from '../../artifacts/scan/scan-badge.tsx'
import { severities } from '../../artifacts/scan/vulnerability-rows.ts'
import { ImageLink } from './image-link.tsx'
import { SecurityFrame } from './security-frame.tsx'
import { findingQuery, type FindingFilter } from './security-search.ts'

type Finding = RowOf<'GET /security/vul'>

const route = getRouteApi('/shell/signed-in/administration/security/findings')

/** Every finding of every artifact, the highest score first. */
export function SecurityFindingsPage() {
  const t = useTranslations('security')
  const filter: FindingFilter = route.useSearch()
  const navigate = route.useNavigate()
  const named = useQuery({
    ...query('GET /projects', { query: { q: `name=${filter.project ?? ''}`, page_size: 1 } }),
    enabled: filter.project !== undefined,
  })
  // Nothing is found in a project that there is not.
  const projectId = filter.project === undefined ? undefined : (named.data?.[0]?.project_id ?? 0)
  const rows = usePagedRows('GET /security/vul', {
    query: { q: findingQuery(filter, projectId), with_tag: 'true' },
  })
  const columns = useColumns()
  return (
    <SecurityFrame tab="findings">
      <Section>
        <Filters
          key={JSON.stringify(filter)}
          filter={filter}
          onSearch={(next) => void navigate({ search: next, replace: true })}
        />
      </Section>
      <Section flush>
        <DataList
          key={JSON.stringify(filter)}
          label={t('tabs.findings')}
          rows={rows}
          columns={columns}
          keyOf={keyOf}
          below={(row) => (
            <>
              {row.package} {row.version}
              {row.fixed_version !== undefined && ` → ${row.fixed_version}`}
              <br />
              <ImageLink image={row} />
            </>
          )}
          phoneHeight={88}
          detail={(row) => ({
            label: t('showFinding', { id: row.cve_id, package: row.package }),
            content: <Detail row={row} />,
          })}
          empty={<EmptyFace icon={PolicyIcon} title={t('noFinding')} />}
        />
      </Section>
    </SecurityFrame>
  )
}

const keyOf = (row: Finding): string =>
  [row.repository_name, row.digest, row.cve_id, row.package, row.version].join(' ')

function useColumns(): readonly Column<Finding>[] {
  const t = useTranslations('security')
  const scan = useTranslations('scan')
  const text = (value: string | undefined) => (
    <Text size="sm" truncate title={value}>
      {value}
    </Text>
  )
  return [
    {
      key: 'id',
      header: t('vulnerability'),
      width: 'minmax(10rem, 1.5fr)',
      cell: ({ cve_id: id, exploited }) => (
        <Group gap={6} wrap="nowrap" miw={0}>
          <Text size="sm" fw={500} truncate title={id}>
            {id}
          </Text>
          {exploited === true && <StatusBadge tone="bad">{scan('exploitedMark')}</StatusBadge>}
        </Group>
      ),
    },
    {
      key: 'severity',
      header: t('severity'),
      width: '6.5rem',
      cell: ({ severity }) => <SeverityBadge severity={severity} />,
    },
    {
      key: 'score',
      header: 'CVSS',
      width: '4.5rem',
      from: 'md',
      align: 'end',
      cell: ({ cvss_v3_score: score }) => score !== undefined && <Count value={score} />,
    },
    {
      key: 'package',
      header: scan('package'),
      width: 'minmax(7rem, 1.5fr)',
      from: 'sm',
      cell: ({ package: name, version = '' }) => text(`${name} ${version}`),
    },
    {
      key: 'fix',
      header: scan('fixVersion'),
      width: 'minmax(6rem, 1fr)',
      from: 'md',
      cell: ({ fixed_version: version }) => text(version),
    },
    {
      key: 'image',
      header: t('image'),
      width: 'minmax(10rem, 2fr)',
      from: 'sm',
      cell: (row) => <ImageLink image={row} />,
    },
  ]
}

const mostLinks = 8

function Detail({ row: { desc, links } }: { readonly row: Finding }) {
  return (
    <Stack gap="xs" py="xs">
      <Text size="sm" maw="60rem" style={{ whiteSpace: 'pre-line', overflowWrap: 'anywhere' }}>
        {desc}
      </Text>
      {links
        .filter((link) => link !== '')
        .slice(0, mostLinks)
        .map((link) => (
          <Text key={link} size="sm" style={{ overflowWrap: 'anywhere' }}>
            <OutsideLink to={link} />
          </Text>
        ))}
    </Stack>
  )
}

interface FiltersProps {
  readonly filter: FindingFilter
  onSearch(filter: FindingFilter): void
}

/** The same in every language. */
const examples: Readonly<Record<string, string>> = { repository: 'library/nginx', from: '7.0', to: '10.0' }

const score = /^(10(\.0)?|\d(\.\d)?)?$/

function Filters({ filter, onSearch }: FiltersProps) {
  const t = useTranslations('security')
  const scan = useTranslations('scan')
  const form = useForm({
    initialValues: {
      ...{ cve: '', package: '', repository: '', project: '', tag: '', digest: '', from: '', to: '' },
      ...{ severity: null as string | null, shows: null as string | null },
      ...filter,
    },
    validate: {
      from: (text) => (score.test(text.trim()) ? null : t('scoreHint')),
      to: (text) => (score.test(text.trim()) ? null : t('scoreHint')),
    },
  })
  const search = form.onSubmit((values) => {
    const given = Object.entries(values).map(([key, value]) => [key, value?.trim() ?? ''] as const)
    onSearch(Object.fromEntries(given.filter(([, value]) => value !== '')))
  })
  const field = (name: 'cve' | 'package' | 'repository' | 'project' | 'tag' | 'digest' | 'from' | 'to') => (
    <TextInput
      label={t(`filters.${name}`)}
      placeholder={examples[name]}
      autoComplete="off"
      spellCheck={false}
      {...form.getInputProps(name)}
    />
  )
  return (
    <form onSubmit={search}>
      <SimpleGrid cols={{ base: 2, sm: 3, md: 5 }} spacing="sm" verticalSpacing="xs">
        {field('cve')}
        {field('package')}
        {field('project')}
        {field('repository')}
        {field('tag')}
        {field('digest')}
        <Select
          label={t('severity')}
          placeholder={scan('anySeverity')}
          data={severities.map((value) => ({ value, label: scan(`severities.${value}`) }))}
          clearable
          {...form.getInputProps('severity')}
        />
        <Select
          label={t('which')}
          placeholder={t('allFindings')}
          data={[
            { value: 'exploited', label: scan('shows.exploited') },
            { value: 'fixable', label: scan('shows.fixable') },
          ]}
          clearable
          {...form.getInputProps('shows')}
        />
        {field('from')}
        {field('to')}
      </SimpleGrid>
      <Group justify="space-between" mt="sm" gap="xs">
        <Text size="sm" c="dimmed">
          {t('exactly')}
        </Text>
        <Group gap="xs">
          <Button variant="default" onClick={() => onSearch({})} disabled={Object.keys(filter).length === 0}>
            {t('clear')}
          </Button>
          <Button type="submit" leftSection={<SearchIcon size={15} />}>
            {t('search')}
          </Button>
        </Group>
      </Group>
    </form>
  )
}
