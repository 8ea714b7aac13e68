import { z } from 'zod'
import type { RepositoryName } from '#contract/repository-name.ts'
import { namesOfRepositories, pageArtifacts } from '../../../domain/artifacts/artifact-list.ts'
import { scansOf } from './shown-scans.ts'
import { immutabilityOf } from './shown-immutability.ts'
import { truthQuery } from '../frame/answers.ts'
import { artifactAnswer, presentArtifact } from './artifact-answer.ts'
import { partsOf, partsQuery } from './artifacts.ts'
import { harborError } from '../frame/harbor-error.ts'
import { scanConditions } from '../../../domain/scanning/artifact-conditions.ts'
import { listingOf } from '../frame/list-query.ts'
import { listQuery, pageAnswer } from '../frame/paging.ts'
import { route, type Route } from '../frame/route.ts'

export const projectArtifactRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/projects/{project_name_or_id}/artifacts',
    tag: 'project',
    operationId: 'listArtifactsOfProject',
    summary: 'Artifacts of all repositories of a project, or of each the one that was pushed last.',
    access: { kind: 'project', permission: 'artifact:list' },
    query: z.object({ ...listQuery, ...partsQuery, latest_in_repository: truthQuery.default(false) }),
    answers: { 200: z.array(artifactAnswer) },
    handle: async (call, services) => {
      const { query } = call
      const { read } = services.database
      const projectId = call.project!.project.id
      const listing = listingOf(query)
      const having = scanConditions(listing.conditions)
      const scope = { projectId, latestOnly: query.latest_in_repository, having }
      const { rows, total } = await pageArtifacts(services, scope, listing, partsOf(query))
      const ids = [...new Set(rows.map((row) => row.repositoryId))]
      const names = await namesOfRepositories(read, ids)
      const named = rows.flatMap((row) => {
        const name = names.get(row.repositoryId) as RepositoryName | undefined
        return name === undefined ? [] : [{ name, row }]
      })
      const shown = named.map(({ name, row }) => ({ repositoryName: name, tags: row.tags }))
      const immutability = await immutabilityOf(services, call, projectId, shown)
      const scanOf = await scansOf(services, call, rows)
      return pageAnswer(call, { rows: named, total }, ({ name, row }) => ({
        ...presentArtifact(projectId, name, row, immutability(name)),
        ...scanOf(row),
      }))
    },
  }),

  route({
    method: 'GET',
    path: '/icons/{digest}',
    tag: 'icon',
    operationId: 'getIcon',
    summary: 'The icon of an artifact; artifacts here name none.',
    access: { kind: 'signed-in' },
    params: z.object({ digest: z.string() }),
    answers: { 404: null },
    handle: async ({ params }) => harborError(404, 'NOT_FOUND', `the icon ${params.digest.slice(0, 200)} not found`),
  }),
]
