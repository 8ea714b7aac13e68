import type { ReactNode } from 'react'
import { useTranslations } from 'use-intl'
import type { AnswerOf } from '../../api/client.ts'
import { Page } from '../../components/page.tsx'
import { ErrorFace, LoadingFace } from '../../components/states.tsx'
import { TabLinks } from '../../components/tab-links.tsx'
import { Visibility } from '../projects/visibility.tsx'
import { projectTabs, type ProjectTab } from './project-tabs.ts'
import { useCan, useProject } from './use-project.ts'

export type Project = AnswerOf<'GET /projects/{project_name_or_id}'>

export interface ProjectPageProps {
  readonly project: Project
  can(resource: string, action: string): boolean
}

interface ProjectFrameProps {
  readonly projectName: string
  readonly tab: ProjectTab['label']
  /** Buttons beside the project's name. */
  actions?(props: ProjectPageProps): ReactNode
  children(props: ProjectPageProps): ReactNode
}

/** The frame of every page of a project: its name, who may see it, and the other pages. */
export function ProjectFrame({ projectName, tab, actions, children }: ProjectFrameProps) {
  const t = useTranslations('project')
  const projects = useTranslations('projects')
  const { data: project, error, refetch } = useProject(projectName)
  const can = useCan(project?.project_id)
  return (
    <Page
      title={projectName}
      tabTitle={`${t(`tabs.${tab}`)} · ${projectName}`}
      above={[{ label: projects('title'), to: '/projects' }]}
      description={t(`explanations.${tab}`)}
      guide={`project.${tab}`}
      mark={project && <Visibility project={project} />}
      actions={project && actions?.({ project, can })}
    >
      <TabLinks
        label={t('tabsLabel', { name: projectName })}
        here={tab}
        tabs={projectTabs
          .filter(({ needs, label }) => needs === undefined || label === tab || can(...needs))
          .map(({ label, path, icon }) => ({
            key: label,
            label: t(`tabs.${label}`),
            to: `/projects/${encodeURIComponent(projectName)}${path}`,
            icon,
          }))}
      />
      {error !== null ? (
        <ErrorFace error={error} onRetry={() => void refetch()} />
      ) : project === undefined ? (
        <LoadingFace />
      ) : (
        children({ project, can })
      )}
    </Page>
  )
}
