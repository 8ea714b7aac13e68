import { Tabs } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { getRouteApi, useNavigate } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import { useTranslations } from 'use-intl'
import { query } from '../../api/queries.ts'
import { CommandTabs } from '../../clients/command-tabs.tsx'
import { pullCommands } from '../../clients/commands.ts'
import { useRegistry } from '../../clients/use-registry.ts'
import { Page, Section } from '../../components/page.tsx'
import { ErrorFace, LoadingFace } from '../../components/states.tsx'
import type { Messages } from '../../i18n/languages.ts'
import { useCan, useProject } from '../project/use-project.ts'
import type { ArtifactDetails, ArtifactPartProps } from './artifact-part.ts'
import { Accessories } from './accessories.tsx'
import { Annotations } from './annotations.tsx'
import { ArtifactFacts } from './artifact-facts.tsx'
import { ArtifactGraph } from './artifact-graph.tsx'
import { ArtifactMenu } from './artifact-menu.tsx'
import { ChartDependencies } from './chart-dependencies.tsx'
import { ChartOverview } from './chart-overview.tsx'
import { BuildHistory } from './build-history.tsx'
import { ArtifactText } from './artifact-text.tsx'
import { ImageSettings } from './image-settings.tsx'
import { KindMark } from './kind-mark.tsx'
import { LayerPicture } from './layer-picture.tsx'
import { Platforms } from './platforms.tsx'
import { isScannable } from './scan/scan-overview.ts'
import { Vulnerabilities } from './scan/vulnerabilities.tsx'
import { TagList } from './tag-list.tsx'

const route = getRouteApi('/shell/projects/$projectName/repositories/$repository/artifacts/$reference')

type TabName = keyof Messages['artifacts']['tabs']

interface ArtifactTab {
  readonly name: TabName
  readonly shownFor?: (artifact: ArtifactDetails) => boolean
  draw(props: ArtifactPartProps): ReactNode
}

const isIndex = (artifact: ArtifactDetails) => artifact.references !== null
const isChart = (artifact: ArtifactDetails) => artifact.type === 'CHART'

const tabs: readonly ArtifactTab[] = [
  { name: 'platforms', shownFor: isIndex, draw: (props) => <Platforms {...props} /> },
  {
    name: 'chart',
    shownFor: (artifact) => isChart(artifact) && artifact.extra_attrs !== undefined,
    draw: (props) => <ChartOverview {...props} />,
  },
  { name: 'readme', shownFor: isChart, draw: (props) => <ArtifactText {...props} part="readme.md" /> },
  { name: 'values', shownFor: isChart, draw: (props) => <ArtifactText {...props} part="values.yaml" /> },
  { name: 'dependencies', shownFor: isChart, draw: (props) => <ChartDependencies {...props} /> },
  { name: 'layers', shownFor: (artifact) => !isIndex(artifact), draw: (props) => <LayerPicture {...props} /> },
  { name: 'vulnerabilities', shownFor: isScannable, draw: (props) => <Vulnerabilities {...props} /> },
  { name: 'tags', draw: (props) => <TagList {...props} /> },
  { name: 'accessories', draw: (props) => <Accessories {...props} /> },
  {
    name: 'build',
    shownFor: (artifact) => artifact.addition_links['build_history'] !== undefined,
    draw: (props) => <BuildHistory {...props} />,
  },
  {
    name: 'settings',
    shownFor: (artifact) => artifact.type === 'IMAGE' && artifact.extra_attrs !== undefined,
    draw: (props) => <ImageSettings {...props} />,
  },
  { name: 'graph', draw: (props) => <ArtifactGraph {...props} /> },
  { name: 'manifest', draw: (props) => <ArtifactText {...props} part="manifest" /> },
]

export function ArtifactPage() {
  const t = useTranslations('artifacts')
  const projects = useTranslations('projects')
  const { projectName, repository, reference } = route.useParams()
  const { tab: chosen } = route.useSearch()
  const navigate = useNavigate({ from: '/projects/$projectName/repositories/$repository/artifacts/$reference' })
  const place = { projectName, repository }
  const {
    data: artifact,
    error,
    refetch,
  } = useQuery(
    query('GET /projects/{project_name}/repositories/{repository_name}/artifacts/{reference}', {
      params: { project_name: projectName, repository_name: repository, reference },
      query: {
        with_tag: 'true',
        with_label: 'true',
        with_accessory: 'true',
        with_immutable_status: 'true',
        with_scan_overview: 'true',
      },
    }),
  )
  const registry = useRegistry()
  const { data: projectData } = useProject(projectName)
  const can = useCan(projectData?.project_id)
  const project = `/projects/${encodeURIComponent(projectName)}`
  const above = [
    { label: projects('title'), to: '/projects' },
    { label: projectName, to: project },
    { label: repository, to: `${project}/repositories/${encodeURIComponent(repository)}` },
  ]
  const title = reference.includes(':') ? (artifact?.tags?.[0]?.name ?? reference.slice(0, 19)) : reference
  if (error !== null || artifact === undefined)
    return (
      <Page title={title} above={above}>
        {error === null ? <LoadingFace /> : <ErrorFace error={error} onRetry={() => void refetch()} />}
      </Page>
    )
  const shown = tabs.filter(({ shownFor }) => shownFor?.(artifact) ?? true)
  const current = shown.find(({ name }) => name === chosen) ?? shown[0]!
  const backToRepository = () =>
    void navigate({ to: '/projects/$projectName/repositories/$repository', params: { projectName, repository } })
  return (
    <Page
      title={title}
      tabTitle={`${projectName}/${repository}${reference.includes(':') ? '@' : ':'}${title}`}
      above={above}
      description={t('explanation')}
      guide="artifact"
      mark={<KindMark place={place} artifact={artifact} />}
      actions={<ArtifactMenu {...place} artifact={artifact} can={can} onDeleted={backToRepository} />}
    >
      <Section>
        <CommandTabs
          commands={pullCommands(registry, {
            type: artifact.type,
            repository: `${projectName}/${repository}`,
            reference: reference.includes(':') ? artifact.digest : reference,
            isPublic: projectData?.metadata.public === 'true',
          })}
        />
      </Section>
      <Section>
        <ArtifactFacts artifact={artifact} />
        <Annotations artifact={artifact} />
      </Section>
      <Tabs
        value={current.name}
        onChange={(name) => void navigate({ search: name === null ? {} : { tab: name }, replace: true })}
        keepMounted={false}
      >
        <Tabs.List aria-label={t('parts')}>
          {shown.map(({ name }) => (
            <Tabs.Tab key={name} value={name}>
              {t(`tabs.${name}`)}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        <Tabs.Panel value={current.name} pt="md">
          {current.draw({ place, artifact, can, reference })}
        </Tabs.Panel>
      </Tabs>
    </Page>
  )
}
