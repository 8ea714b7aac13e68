import { z } from 'zod'
import { parseRepositoryName, type RepositoryName } from '#contract/repository-name.ts'
import { deleteRepository } from '../../../domain/artifacts/delete.ts'
import {
  describeRepository,
  getRepository,
  pageRepositories,
  type RepositoryDetails,
} from '../../../domain/artifacts/repository-list.ts'
import { orAbsent, timeAnswer, timeOf } from '../frame/answers.ts'
import { listingOf } from '../frame/list-query.ts'
import { listQuery, pageAnswer } from '../frame/paging.ts'
import { route, type Call, type Route } from '../frame/route.ts'

const repositoryAnswer = z.object({
  id: z.number().int(),
  project_id: z.number().int(),
  name: z.string(),
  description: z.string().optional(),
  artifact_count: z.number().int(),
  pull_count: z.number().int(),
  creation_time: timeAnswer,
  update_time: timeAnswer,
})

export const repositoryParams = z.object({ repository_name: z.string() })

/** A call whose path names a repository of a project. */
export type RepositoryCall<Params = z.output<typeof repositoryParams>> = Pick<
  Call<Params, unknown, unknown>,
  'project' | 'params'
>

/**
 * The full name, from the project that was found: the text of the path could mean another one.
 * @throws ContractError when it is no name
 */
export const repositoryNameOf = ({ project, params }: RepositoryCall): RepositoryName =>
  parseRepositoryName(`${project!.project.name}/${params.repository_name}`)

const collection = '/projects/{project_name}/repositories'
const item = '/projects/{project_name}/repositories/{repository_name}'

export const repositoryRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/repositories',
    tag: 'repository',
    operationId: 'listAllRepositories',
    summary: 'Repositories of every project that one may see.',
    access: { kind: 'own-rule', why: 'the list has only what one may see' },
    query: z.object(listQuery),
    answers: { 200: z.array(repositoryAnswer) },
    handle: async (call, services) => {
      const { rows, total } = await pageRepositories(services, { visibleTo: call.actor }, listingOf(call.query))
      return pageAnswer(call, { rows, total }, presentRepository)
    },
  }),

  route({
    method: 'GET',
    path: collection,
    tag: 'repository',
    operationId: 'listRepositories',
    summary: 'Repositories of a project.',
    access: { kind: 'project', permission: 'repository:list' },
    query: z.object(listQuery),
    answers: { 200: z.array(repositoryAnswer) },
    handle: async (call, services) => {
      const of = { projectId: call.project!.project.id }
      const { rows, total } = await pageRepositories(services, of, listingOf(call.query))
      return pageAnswer(call, { rows, total }, presentRepository)
    },
  }),

  route({
    method: 'GET',
    path: item,
    tag: 'repository',
    operationId: 'getRepository',
    summary: 'One repository.',
    access: { kind: 'project', permission: 'repository:read' },
    params: repositoryParams,
    answers: { 200: repositoryAnswer },
    handle: async (call, services) => {
      const details = await getRepository(services, call.project!.project.id, repositoryNameOf(call))
      return { body: presentRepository(details) }
    },
  }),

  route({
    method: 'PUT',
    path: item,
    tag: 'repository',
    operationId: 'updateRepository',
    summary: 'Changes the description, which is all that can be changed.',
    access: { kind: 'project', permission: 'repository:update' },
    params: repositoryParams,
    body: z.object({ description: z.string().max(65_536).nullish() }),
    answers: { 200: null },
    handle: async (call, services) => {
      const repository = { projectId: call.project!.project.id, name: repositoryNameOf(call) }
      await describeRepository(services, repository, call.body.description ?? '')
      return {}
    },
  }),

  route({
    method: 'DELETE',
    path: item,
    tag: 'repository',
    operationId: 'deleteRepository',
    summary: 'Deletes a repository with all its artifacts.',
    access: { kind: 'project', permission: 'repository:delete' },
    params: repositoryParams,
    answers: { 200: null },
    handle: async (call, services) => {
      const admission = await services.content.admit(call.actor, 'delete-repository', repositoryNameOf(call))
      await deleteRepository(services.content, admission)
      return {}
    },
  }),
]

function presentRepository(repository: RepositoryDetails): z.output<typeof repositoryAnswer> {
  return {
    id: repository.id,
    project_id: repository.projectId,
    name: repository.name,
    description: orAbsent(repository.description),
    artifact_count: repository.artifactCount,
    pull_count: repository.pullCount,
    creation_time: timeOf(repository.createdAt),
    update_time: timeOf(repository.updatedAt),
  }
}
