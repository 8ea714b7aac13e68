import { Code, Group, Select, Stack, Text } from '@mantine/core'
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import type { AnswerOf } from '../../../api/client.ts'
import { query } from '../../../api/queries.ts'
import { DataList, wholeList, type Column } from '../../../components/data-list.tsx'
import { ArtifactIcon } from '../../../components/icons.ts'
import { Notice } from '../../../components/notice.tsx'
import { Section } from '../../../components/page.tsx'
import { SearchField } from '../../../components/search-field.tsx'
import { EmptyFace, ErrorFace, LoadingFace } from '../../../components/states.tsx'
import { Digest, Facts } from '../../../components/values.tsx'
import { useFormat } from '../../../i18n/format.ts'
import type { Place } from '../artifact-columns.tsx'
import { paramsOf, type ArtifactDetails } from '../artifact-part.ts'
import { Licences } from './licences.tsx'

const operation = 'GET /projects/{project_name}/repositories/{repository_name}/artifacts/{reference}/packages' as const

type Contents = AnswerOf<typeof operation>
type Package = Contents['packages'][number]

export interface PackageFilter {
  readonly text?: string | undefined
  readonly kind?: string | undefined
  /** Empty for packages that say none. */
  readonly licence?: string | undefined
}

interface PackageListProps {
  readonly place: Place
  readonly artifact: ArtifactDetails
}

/** What lies in an image: its licences, and its packages with the layer that brought each. Nothing while that is not known. */
export function PackageList({ place, artifact, madeAt }: PackageListProps & { readonly madeAt: string | undefined }) {
  const [filter, setFilter] = useState<PackageFilter>({})
  const asked = query(operation, {
    params: paramsOf(place, artifact),
    query: { page_size: 0, ...serverFilterOf(filter) },
  })
  const { data, error } = useQuery({
    ...asked,
    // Another SBOM is another answer.
    queryKey: [...asked.queryKey, madeAt] as unknown as typeof asked.queryKey,
    placeholderData: keepPreviousData,
  })
  if (error !== null) return <ErrorFace error={error} />
  if (data === undefined) return <LoadingFace />
  if (!data.known) return null
  // The API cannot be asked for the empty licence: an empty value of a query is left out.
  const rows = filter.licence === '' ? data.packages.filter(({ licences }) => licences.length === 0) : data.packages
  const change = (next: PackageFilter) => setFilter({ ...filter, ...next })
  return (
    <Stack gap="lg">
      <Unread unread={data.unread} />
      {data.total > 0 && (
        <Licences licences={data.licences} chosen={filter.licence} onChoose={(licence) => change({ licence })} />
      )}
      <Packages {...{ place, artifact, data, rows, filter }} onChange={change} />
    </Stack>
  )
}

const serverFilterOf = ({ text, kind, licence }: PackageFilter) => ({
  text,
  kind,
  ...(licence === undefined || licence === '' ? {} : { licence }),
})

const mostUnread = 10

function Unread({ unread }: Pick<Contents, 'unread'>) {
  const t = useTranslations('sbom')
  if (unread.length === 0) return null
  return (
    <Notice tone="warn" title={t('unreadTitle')}>
      {unread.slice(0, mostUnread).map(({ where, reason }) => (
        <Text key={where} size="sm" style={{ overflowWrap: 'anywhere' }}>
          {t('unread', { where, reason })}
        </Text>
      ))}
    </Notice>
  )
}

interface PackagesProps extends PackageListProps {
  readonly data: Contents
  readonly rows: readonly Package[]
  readonly filter: PackageFilter
  onChange(filter: PackageFilter): void
}

function Packages({ place, artifact, data, rows, filter, onChange }: PackagesProps) {
  const t = useTranslations('sbom')
  const columns = useColumns({ place, artifact })
  const isFiltered = Object.values(filter).some((value) => value !== undefined)
  const half = { base: 'calc(50% - 0.375rem)', sm: 170 }
  const system = data.os?.name ?? t('noSystem')
  return (
    <Section flush title={t('packages')} description={t('packageCount', { count: data.total, system })}>
      <Group gap="xs" px="md" pb="sm">
        <SearchField
          label={t('search')}
          value=""
          onChange={(text) => onChange({ text: text === '' ? undefined : text })}
        />
        {data.kinds.length > 1 && (
          <Select
            aria-label={t('kind')}
            placeholder={t('anyKind')}
            data={data.kinds.map(({ name }) => name)}
            value={filter.kind ?? null}
            onChange={(kind) => onChange({ kind: kind ?? undefined })}
            clearable
            w={half}
          />
        )}
      </Group>
      <DataList
        key={JSON.stringify(filter)}
        label={t('packages')}
        rows={wholeList(rows)}
        columns={columns}
        keyOf={({ purl, path, layer = '' }) => `${purl} ${path} ${layer}`}
        below={({ version, kind }) => `${version} · ${kind}`}
        detail={(row) => ({ label: t('showDetails', { name: row.name }), content: <Detail row={row} /> })}
        empty={<EmptyFace icon={ArtifactIcon} title={t(isFiltered ? 'noMatch' : 'noPackages')} />}
      />
    </Section>
  )
}

function useColumns({ place, artifact }: PackageListProps): readonly Column<Package>[] {
  const t = useTranslations('sbom')
  const format = useFormat()
  const { data: layers } = useQuery(
    query('GET /projects/{project_name}/repositories/{repository_name}/artifacts/{reference}/layers', {
      params: paramsOf(place, artifact),
    }),
  )
  const text = (value: string) => (
    <Text size="sm" truncate title={value}>
      {value}
    </Text>
  )
  const layerOf = (id: string) => {
    const at = layers?.findIndex(({ diff_id: diffId }) => diffId === id) ?? -1
    return at < 0 ? <Digest digest={id} /> : text(t('layerNumber', { number: String(at + 1) }))
  }
  return [
    { key: 'name', header: t('name'), width: 'minmax(9rem, 2fr)', cell: ({ name }) => text(name) },
    {
      key: 'version',
      header: t('version'),
      width: 'minmax(6rem, 1.5fr)',
      from: 'sm',
      cell: (row) => text(row.version),
    },
    { key: 'kind', header: t('kind'), width: '5.5rem', from: 'sm', cell: ({ kind }) => text(kind) },
    {
      key: 'licence',
      header: t('licence'),
      width: 'minmax(7rem, 2fr)',
      from: 'md',
      cell: ({ licences }) => text(licences.length === 0 ? t('noLicence') : format.list(licences)),
    },
    {
      key: 'layer',
      header: t('layer'),
      width: '7rem',
      from: 'md',
      cell: ({ layer }) => (layer === undefined ? null : layerOf(layer)),
    },
  ]
}

function Detail({ row }: { readonly row: Package }) {
  const t = useTranslations('sbom')
  const format = useFormat()
  return (
    <Facts
      facts={[
        [t('version'), row.version],
        [t('licence'), row.licences.length === 0 ? t('noLicence') : format.list(row.licences)],
        [t('path'), row.path === '' ? undefined : <Code key="path">{row.path}</Code>],
        [t('purl'), <Code key="purl">{row.purl}</Code>],
      ]}
    />
  )
}
