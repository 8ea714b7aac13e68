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
import type { Crumb } from '../../shell/crumbs.ts'
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
import { PolicyJudgement } from './policy-judgement.tsx'
import { Platforms } from './platforms.tsx'
import { isScannable } from './scan/scan-overview.ts'
import { Vulnerabilities } from './scan/vulnerabilities.tsx'
import { Sbom } from './sbom/sbom.tsx'
import { TagList } from './tag-list.tsx'
import { useArtifactKind, type FoundKind } from './use-artifact-kind.ts'

const route = getRouteApi('/shell/projects/$projectName/repositories/$repository/artifacts/$reference')

type TabName = keyof Messages['artifacts']['tabs']

interface ArtifactTab {
  readonly name: TabName
  readonly shownFor?: (artifact: ArtifactDetails, found: FoundKind) => boolean
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
  { name: 'sbom', shownFor: isScannable, draw: (props) => <Sbom {...props} /> },
  { name: 'tags', draw: (props) => <TagList {...props} /> },
  { name: 'accessories', draw: (props) => <Accessories {...props} /> },
  {
    name: 'build',
    shownFor: (artifact) => artifact.addition_links['build_history'] !== undefined,
    draw: (props) => <BuildHistory {...props} />,
  },
  {
    name: 'settings',
    shownFor: (artifact, { isDisguised }) =>
      artifact.type === 'IMAGE' && artifact.extra_attrs !== undefined && !isDisguised,
    draw: (props) => <ImageSettings {...props} />,
  },
  { name: 'graph', draw: (props) => <ArtifactGraph {...props} /> },
  { name: 'manifest', draw: (props) => <ArtifactText {...props} part="manifest" /> },
]

export function ArtifactPage() {
  const projects = useTranslations('projects')
  const { projectName, repository, reference } = route.useParams()
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
        with_sbom_overview: 'true',
      },
    }),
  )
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
  return <LoadedPage artifact={artifact} title={title} above={above} />
}

interface LoadedPageProps {
  readonly artifact: ArtifactDetails
  readonly title: string
  readonly above: readonly Crumb[]
}

function LoadedPage({ artifact, title, above }: LoadedPageProps) {
  const t = useTranslations('artifacts')
  const { projectName, repository, reference } = route.useParams()
  const navigate = useNavigate({ from: '/projects/$projectName/repositories/$repository/artifacts/$reference' })
  const place = { projectName, repository }
  const { data: project } = useProject(projectName)
  const can = useCan(project?.project_id)
  const found = useArtifactKind({ place, artifact })
  const backToRepository = () =>
    void navigate({ to: '/projects/$projectName/repositories/$repository', params: { projectName, repository } })
  return (
    <Page
      title={title}
      tabTitle={`${projectName}/${repository}${reference.includes(':') ? '@' : ':'}${title}`}
      above={above}
      description={t('explanation')}
      guide="artifact"
      mark={<KindMark type={artifact.type} found={found} />}
      actions={<ArtifactMenu {...place} artifact={artifact} can={can} onDeleted={backToRepository} />}
    >
      {!found.isDisguised && (
        <Section>
          <PullCommands {...{ place, artifact, reference }} isPublic={project?.metadata.public === 'true'} />
        </Section>
      )}
      <PolicyJudgement {...{ place, artifact, can }} />
      <Section>
        <ArtifactFacts artifact={artifact} />
        <Annotations artifact={artifact} />
      </Section>
      <Parts {...{ place, artifact, can, reference }} found={found} />
    </Page>
  )
}

interface PullCommandsProps extends Pick<ArtifactPartProps, 'place' | 'artifact' | 'reference'> {
  readonly isPublic: boolean
}

function PullCommands({ place, artifact, reference, isPublic }: PullCommandsProps) {
  const registry = useRegistry()
  const commands = pullCommands(registry, {
    type: artifact.type,
    repository: `${place.projectName}/${place.repository}`,
    reference: reference.includes(':') ? artifact.digest : reference,
    isPublic,
  })
  return <CommandTabs commands={commands} />
}

function Parts({ found, ...props }: ArtifactPartProps & { readonly found: FoundKind }) {
  const t = useTranslations('artifacts')
  const { tab: chosen } = route.useSearch()
  const navigate = useNavigate({ from: '/projects/$projectName/repositories/$repository/artifacts/$reference' })
  const shown = tabs.filter(({ shownFor }) => shownFor?.(props.artifact, found) ?? true)
  const current = shown.find(({ name }) => name === chosen) ?? shown[0]!
  return (
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
        {current.draw(props)}
      </Tabs.Panel>
    </Tabs>
  )
}
