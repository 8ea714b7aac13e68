import type { Project } from '#server/domain/projects/projects.ts'

export function presentProject(project: Project): Record<string, unknown> {
  return { name: project.name, public: project.public, createdAt: new Date(project.createdAt).toISOString() }
}
