import { z } from 'zod'
import { DomainError } from '../../../domain/errors.ts'
import { isMetadataKey, type MetadataKey } from '../../../domain/projects/project-metadata.ts'
import { presentMetadata } from './project-answer.ts'
import { getDetails } from './projects.ts'
import { route, type Call, type Route } from '../frame/route.ts'
import type { HarborServices } from '../frame/services.ts'

const texts = z.record(z.string(), z.string())
const oneKey = z.object({ meta_name: z.string() })
const collection = '/projects/{project_name_or_id}/metadatas/'
const item = '/projects/{project_name_or_id}/metadatas/{meta_name}'

export const projectMetadataRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: collection,
    tag: 'projectMetadata',
    operationId: 'listProjectMetadatas',
    summary: 'Everything that was said about a project.',
    access: { kind: 'project', permission: 'metadata:read' },
    answers: { 200: texts },
    handle: async (call, services) => ({ body: presentMetadata(await getDetails(call, services)) }),
  }),

  route({
    method: 'POST',
    path: collection,
    tag: 'projectMetadata',
    operationId: 'addProjectMetadatas',
    summary: 'Says one thing about a project that was not said before.',
    access: { kind: 'project', permission: 'metadata:create' },
    body: texts,
    answers: { 200: null },
    handle: async ({ actor, project, body }, { projects }) => {
      await projects.setMetadata(actor, project!.project.name, onlyEntry(Object.entries(body)), false)
      return {}
    },
  }),

  route({
    method: 'GET',
    path: item,
    tag: 'projectMetadata',
    operationId: 'getProjectMetadata',
    summary: 'One thing that was said about a project; nothing when it was not.',
    access: { kind: 'project', permission: 'metadata:read' },
    params: oneKey,
    answers: { 200: texts },
    handle: async (call, services) => {
      const value = presentMetadata(await getDetails(call, services))[call.params.meta_name]
      return { body: value === undefined ? {} : { [call.params.meta_name]: value } }
    },
  }),

  route({
    method: 'PUT',
    path: item,
    tag: 'projectMetadata',
    operationId: 'updateProjectMetadata',
    summary: 'Says one thing about a project anew.',
    access: { kind: 'project', permission: 'metadata:update' },
    params: oneKey,
    body: texts,
    answers: { 200: null },
    handle: async ({ actor, project, params, body }, { projects }) => {
      const entry = onlyEntry([[params.meta_name, body[params.meta_name] ?? '']])
      await projects.setMetadata(actor, project!.project.name, entry, true)
      return {}
    },
  }),

  route({
    method: 'DELETE',
    path: item,
    tag: 'projectMetadata',
    operationId: 'deleteProjectMetadata',
    summary: 'Takes back what was said; without its `public` a project is private.',
    access: { kind: 'project', permission: 'metadata:delete' },
    params: oneKey,
    answers: { 200: null },
    handle: async (call, services) => {
      const { actor, project, params } = call
      const { projects } = services
      if (params.meta_name === 'retention_id') await deleteRetention(call, services)
      else if (isMetadataKey(params.meta_name))
        await projects.deleteMetadata(actor, project!.project.name, params.meta_name)
      return {}
    },
  }),
]

/** The id is said by the policy and goes with it: the project can be given another one, as in Harbor. */
async function deleteRetention(
  call: Pick<Call<unknown, unknown, unknown>, 'actor' | 'project'>,
  services: HarborServices,
): Promise<void> {
  const { retention_id: id } = (await getDetails(call, services)).metadata
  if (id === undefined) return
  await services.retention.executions.stopAll(call.actor, Number(id))
  await services.retention.policies.deletePolicy(call.actor, Number(id))
}

function onlyEntry(entries: readonly [string, string][]): [MetadataKey, string] {
  const [entry] = entries
  if (entry === undefined || entries.length > 1) throw new DomainError('BAD_REQUEST', 'only allow one key/value pair')
  const [key, value] = entry
  if (!isMetadataKey(key) || key === 'retention_id')
    throw new DomainError('BAD_REQUEST', `invalid key: ${key.slice(0, 100)}`)
  return [key, value]
}
