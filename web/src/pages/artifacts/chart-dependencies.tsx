import { useQuery } from '@tanstack/react-query'
import { useTranslations } from 'use-intl'
import { query } from '../../api/queries.ts'
import { DataList, wholeList, type Column } from '../../components/data-list.tsx'
import { LayersIcon } from '../../components/icons.ts'
import { OutsideLink } from '../../components/outside-link.tsx'
import { Section } from '../../components/page.tsx'
import { EmptyFace, ErrorFace, LoadingFace } from '../../components/states.tsx'
import { paramsOf, type ArtifactPartProps } from './artifact-part.ts'

interface Dependency {
  readonly name: string
  readonly version: string
  readonly repository: string
}

/** The charts that a chart needs. */
export function ChartDependencies({ place, artifact }: ArtifactPartProps) {
  const t = useTranslations('artifacts.chart')
  const { data, error } = useQuery(
    query('GET /projects/{project_name}/repositories/{repository_name}/artifacts/{reference}/additions/{addition}', {
      params: { ...paramsOf(place, artifact), addition: 'dependencies' },
    }),
  )
  if (error !== null) return <ErrorFace error={error} />
  if (data === undefined) return <LoadingFace />
  const columns: readonly Column<Dependency>[] = [
    { key: 'name', header: t('name'), width: 'minmax(8rem, 1fr)', cell: ({ name }) => name },
    { key: 'version', header: t('version'), width: '8rem', cell: ({ version }) => version },
    {
      key: 'repository',
      header: t('from'),
      width: 'minmax(0, 2fr)',
      from: 'sm',
      cell: ({ repository }) => <OutsideLink to={repository} />,
    },
  ]
  const rows = Array.isArray(data) ? (data as readonly Dependency[]) : []
  return (
    <Section flush>
      <DataList
        label={t('dependencies')}
        rows={wholeList(rows)}
        columns={columns}
        keyOf={({ name, version, repository }) => `${name} ${version} ${repository}`}
        empty={<EmptyFace icon={LayersIcon} title={t('noDependencies')} />}
      />
    </Section>
  )
}
