import { z } from 'zod'
import { search } from '../../../domain/artifacts/search.ts'
import { presentProject, projectAnswer } from '../projects/project-answer.ts'
import { route, type Route } from '../frame/route.ts'

const repository = z.object({
  project_id: z.number().int(),
  project_name: z.string(),
  project_public: z.boolean().optional(),
  repository_name: z.string(),
  pull_count: z.number().int().optional(),
  artifact_count: z.number().int().optional(),
})

export const searchRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/search',
    tag: 'search',
    operationId: 'search',
    summary: 'Projects and repositories with the text in their name, of those that may be seen.',
    access: { kind: 'anyone' },
    query: z.object({ q: z.string().max(1_024) }),
    answers: { 200: z.object({ project: z.array(projectAnswer), repository: z.array(repository) }) },
    handle: async ({ actor, query }, services) => {
      const { projects, repositories } = await search(services, actor, query.q)
      return {
        body: {
          project: projects.map(presentProject),
          repository: repositories.map((found) => ({
            project_id: found.projectId,
            project_name: found.projectName,
            project_public: found.projectPublic || undefined,
            repository_name: found.name,
            pull_count: found.pullCount || undefined,
            artifact_count: found.artifactCount || undefined,
          })),
        },
      }
    },
  }),
]
