import type { AnswerOf } from '../../api/registry-api.ts'
import type { Project } from '#server/domain/projects/projects.ts'

export function presentProject(project: Project): Record<string, unknown> {
  return { name: project.name, public: project.public, createdAt: new Date(project.createdAt).toISOString() }
}

/** The same, of what the API answers. */
export function presentRemoteProject(project: AnswerOf<'GET /projects/{project_name_or_id}'>): Record<string, unknown> {
  const { name, metadata, creation_time: created } = project
  return { name, public: metadata.public === 'true', createdAt: new Date(created).toISOString() }
}
