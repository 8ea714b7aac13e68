import type { ReactNode } from 'react'
import { useTranslations } from 'use-intl'
import type { AnswerOf } from '../../api/client.ts'
import { LinkAnchor } from '../../components/links.tsx'
import { Page } from '../../components/page.tsx'
import { ErrorFace, LoadingFace } from '../../components/states.tsx'
import { Visibility } from '../projects/visibility.tsx'
import styles from './project-frame.module.css'
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
      above={[{ label: projects('title'), to: '/projects' }]}
      mark={project && <Visibility project={project} />}
      actions={project && actions?.({ project, can })}
    >
      <nav aria-label={t('tabsLabel', { name: projectName })} className={styles.tabs}>
        {projectTabs
          .filter(({ needs, label }) => needs === undefined || label === tab || can(...needs))
          .map(({ label, path, icon: TabIcon }) => (
            <LinkAnchor
              key={label}
              to={`/projects/${encodeURIComponent(projectName)}${path}` as string}
              underline="never"
              className={styles.tab ?? ''}
              activeOptions={{ exact: true, includeSearch: false }}
              aria-current={label === tab ? 'page' : undefined}
            >
              <TabIcon size={15} strokeWidth={1.75} aria-hidden />
              {t(`tabs.${label}`)}
            </LinkAnchor>
          ))}
      </nav>
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
