import { z } from 'zod'
import { parseReference, parseTagName } from '#contract/reference.ts'
import { parseRepositoryName, type RepositoryName } from '#contract/repository-name.ts'
import { copyArtifact } from '../../../domain/artifacts/copy.ts'
import { deleteManifest, deleteRepository, untag } from '../../../domain/artifacts/delete.ts'
import { getArtifact } from '../../../domain/artifacts/artifact-list.ts'
import { repositoryUnknown } from '../../../domain/projects/repositories.ts'
import { getRepositoryId } from '../content/artifacts.ts'
import { repositoryNameOf, repositoryParams, type RepositoryCall } from '../content/repositories.ts'
import { answerBatch, batchAnswer, batchBody } from '../frame/batch.ts'
import { route, type Route } from '../frame/route.ts'
import type { HarborServices } from '../frame/services.ts'

const inProject = '/projects/{project_name}/batch'
export const inRepository = '/projects/{project_name}/repositories/{repository_name}/batch'
export const reference = z.string().min(1).max(256).describe('A digest, or a tag.')
const labelled = { label_id: z.number().int() }
const noParts = { tags: false, accessories: false, labels: false }

/** Beyond Harbor: what is done to an artifact, a tag or a repository, done to many by one request. */
export const contentBatchRoutes: readonly Route[] = [
  route({
    method: 'POST',
    path: `${inRepository}/delete-artifacts`,
    tag: 'batch',
    operationId: 'deleteArtifacts',
    summary: 'Deletes artifacts of a repository with every tag that names them.',
    access: { kind: 'project', permission: 'artifact:delete' },
    params: repositoryParams,
    body: batchBody(reference),
    answers: { 200: batchAnswer },
    handle: async (call, services) => {
      const { find, name } = await openRepository(services, call)
      return await answerBatch(call, services, async (item) => {
        const { digest } = await find(item)
        await deleteManifest(services.content, await services.content.admit(call.actor, 'delete', name), digest)
      })
    },
  }),

  route({
    method: 'POST',
    path: `${inRepository}/label-artifacts`,
    tag: 'batch',
    operationId: 'labelArtifacts',
    summary: 'Puts a label on artifacts of a repository; one that has it already keeps it.',
    access: { kind: 'project', permission: 'artifact-label:create' },
    params: repositoryParams,
    body: batchBody(reference).extend(labelled),
    answers: { 200: batchAnswer },
    handle: async (call, services) => {
      const { placed } = await openRepository(services, call)
      return await answerBatch(call, services, async (item) => {
        const artifact = await placed(item)
        await services.labels.ensureOnArtifact(call.actor, artifact, call.body.label_id)
      })
    },
  }),

  route({
    method: 'POST',
    path: `${inRepository}/unlabel-artifacts`,
    tag: 'batch',
    operationId: 'unlabelArtifacts',
    summary: 'Takes a label from artifacts of a repository.',
    access: { kind: 'project', permission: 'artifact-label:delete' },
    params: repositoryParams,
    body: batchBody(reference).extend(labelled),
    answers: { 200: batchAnswer },
    handle: async (call, services) => {
      const { placed } = await openRepository(services, call)
      return await answerBatch(call, services, async (item) => {
        const artifact = await placed(item)
        await services.labels.ensureNotOnArtifact(call.actor, artifact, call.body.label_id)
      })
    },
  }),

  route({
    method: 'POST',
    path: `${inRepository}/copy-artifacts`,
    tag: 'batch',
    operationId: 'copyArtifacts',
    summary: 'Puts artifacts of another repository here, with everything that belongs to them.',
    access: { kind: 'project', permission: 'artifact:create' },
    params: repositoryParams,
    body: batchBody(reference).extend({ from: z.string().min(3).max(512).describe('`project/repository`.') }),
    answers: { 200: batchAnswer },
    handle: async (call, { content, ...services }) => {
      const from = parseRepositoryName(call.body.from)
      const source = await content.admit(call.actor, 'copy-from', from)
      if (source.repositoryId === undefined) throw repositoryUnknown(from)
      return await answerBatch(call, services, async (item) => {
        // Anew for each: the rights in the source may end between two of them.
        const reading = await content.admit(call.actor, 'copy-from', from)
        const target = await content.admit(call.actor, 'copy', repositoryNameOf(call))
        await copyArtifact({ ...services, ...content }, reading, target, parseReference(item))
      })
    },
  }),

  route({
    method: 'POST',
    path: `${inRepository}/delete-tags`,
    tag: 'batch',
    operationId: 'deleteTags',
    summary: 'Takes tags away; the artifacts stay.',
    access: { kind: 'project', permission: 'tag:delete' },
    params: repositoryParams,
    body: batchBody(z.string().min(1).max(128)),
    answers: { 200: batchAnswer },
    handle: async (call, services) => {
      const { name } = await openRepository(services, call)
      return await answerBatch(call, services, async (item) => {
        await untag(services.content, await services.content.admit(call.actor, 'untag', name), parseTagName(item))
      })
    },
  }),

  route({
    method: 'POST',
    path: `${inProject}/delete-repositories`,
    tag: 'batch',
    operationId: 'deleteRepositories',
    summary: 'Deletes repositories of a project with all their artifacts.',
    access: { kind: 'project', permission: 'repository:delete' },
    body: batchBody(z.string().min(1).max(255).describe('The name without the project.')),
    answers: { 200: batchAnswer },
    handle: async (call, services) =>
      await answerBatch(call, services, async (item) => {
        const name = parseRepositoryName(`${call.project!.project.name}/${item}`)
        await deleteRepository(services.content, await services.content.admit(call.actor, 'delete-repository', name))
      }),
  }),
]

/** The repository of the path, and how its artifacts are found. @throws DomainError REPOSITORY_UNKNOWN */
export async function openRepository(services: HarborServices, call: RepositoryCall) {
  const name: RepositoryName = repositoryNameOf(call)
  const projectId = call.project!.project.id
  await getRepositoryId(services, call)
  const find = async (item: string) => {
    // Anew for each: the repository may be deleted between two of them.
    const repositoryId = await getRepositoryId(services, call)
    const { id, digest, mediaType } = await getArtifact(services.database, repositoryId, parseReference(item), noParts)
    return { id, digest, mediaType }
  }
  return { name, find, placed: async (item: string) => ({ ...(await find(item)), projectId, repository: name }) }
}
