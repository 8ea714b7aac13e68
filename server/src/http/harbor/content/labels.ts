import { z } from 'zod'
import { DomainError } from '../../../domain/errors.ts'
import { createdAt, idParam } from '../frame/answers.ts'
import { artifactParams, findArtifact, type ArtifactCall } from './artifacts.ts'
import { labelAnswer, presentLabel } from './label-answer.ts'
import { listingOf } from '../frame/list-query.ts'
import { listQuery, pageAnswer } from '../frame/paging.ts'
import { repositoryNameOf } from './repositories.ts'
import { route, type Route } from '../frame/route.ts'
import type { HarborServices } from '../frame/services.ts'

const labelBody = z.object({
  id: z.number().int().nullish(),
  name: z.string().default(''),
  description: z.string().nullish(),
  color: z.string().nullish(),
  scope: z.string().nullish(),
  project_id: z.number().int().nullish(),
  creation_time: z.string().nullish(),
  update_time: z.string().nullish(),
})

const why = 'global labels: everyone who signed in reads, administrators write; those of a project: the matrix'
const oneLabel = z.object({ label_id: idParam })
const item = '/labels/{label_id}'
const ofArtifact = '/projects/{project_name}/repositories/{repository_name}/artifacts/{reference}/labels'

export const labelRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/labels',
    tag: 'label',
    operationId: 'ListLabels',
    summary: 'Labels of the registry, or of a project.',
    access: { kind: 'own-rule', why },
    query: z.object({
      ...listQuery,
      name: z.string().optional(),
      scope: z.string().optional(),
      project_id: z.coerce.number().int().optional(),
    }),
    answers: { 200: z.array(labelAnswer) },
    handle: async (call, { labels }) => {
      const { scope, project_id: projectId, name } = call.query
      const of = { projectId: projectOf(scope, projectId), name: name || undefined }
      const { rows, total } = await labels.pageLabels(call.actor, of, listingOf(call.query))
      return pageAnswer(call, { rows, total }, presentLabel)
    },
  }),

  route({
    method: 'POST',
    path: '/labels',
    tag: 'label',
    operationId: 'CreateLabel',
    summary: 'Makes a label, of the registry or of a project.',
    access: { kind: 'own-rule', why },
    body: labelBody,
    answers: { 201: null },
    handle: async ({ actor, body, path }, { labels }) => {
      const projectId = projectOf(body.scope ?? undefined, body.project_id ?? undefined)
      return createdAt(path, await labels.createLabel(actor, projectId, fieldsOf(body)))
    },
  }),

  route({
    method: 'GET',
    path: item,
    tag: 'label',
    operationId: 'GetLabelByID',
    summary: 'One label.',
    access: { kind: 'own-rule', why },
    params: oneLabel,
    answers: { 200: labelAnswer },
    handle: async ({ actor, params }, { labels }) => ({
      body: presentLabel(await labels.getLabel(actor, params.label_id)),
    }),
  }),

  route({
    method: 'PUT',
    path: item,
    tag: 'label',
    operationId: 'UpdateLabel',
    summary: 'Changes name, description and color.',
    access: { kind: 'own-rule', why },
    params: oneLabel,
    body: labelBody,
    answers: { 200: null },
    handle: async ({ actor, params, body }, { labels }) => {
      await labels.updateLabel(actor, params.label_id, fieldsOf(body))
      return {}
    },
  }),

  route({
    method: 'DELETE',
    path: item,
    tag: 'label',
    operationId: 'DeleteLabel',
    summary: 'Deletes a label and takes it from every artifact.',
    access: { kind: 'own-rule', why },
    params: oneLabel,
    answers: { 200: null },
    handle: async ({ actor, params }, { labels }) => {
      await labels.deleteLabel(actor, params.label_id)
      return {}
    },
  }),

  route({
    method: 'POST',
    path: ofArtifact,
    tag: 'artifact',
    operationId: 'addLabel',
    summary: 'Puts a label on an artifact.',
    access: { kind: 'project', permission: 'artifact-label:create' },
    params: artifactParams,
    body: labelBody,
    answers: { 200: null },
    handle: async (call, services) => {
      if (typeof call.body.id !== 'number') throw new DomainError('BAD_REQUEST', 'id says which label it is')
      await services.labels.addToArtifact(call.actor, await labelled(call, services), call.body.id)
      return {}
    },
  }),

  route({
    method: 'DELETE',
    path: `${ofArtifact}/{label_id}`,
    tag: 'artifact',
    operationId: 'removeLabel',
    summary: 'Takes a label from an artifact.',
    access: { kind: 'project', permission: 'artifact-label:delete' },
    params: artifactParams.extend({ label_id: idParam }),
    answers: { 200: null },
    handle: async (call, services) => {
      await services.labels.removeFromArtifact(call.actor, await labelled(call, services), call.params.label_id)
      return {}
    },
  }),
]

async function labelled(call: ArtifactCall, services: HarborServices) {
  const { id, digest } = await findArtifact(services, call)
  return { id, digest, repository: repositoryNameOf(call), projectId: call.project!.project.id }
}

/** `g`: the registry's own; `p`: of the project that is named. @throws DomainError BAD_REQUEST */
function projectOf(scope: string | undefined, projectId: number | undefined): number | undefined {
  if (scope === 'g') return undefined
  if (scope !== 'p')
    throw new DomainError(
      'BAD_REQUEST',
      `invalid scope: ${(scope ?? '').slice(0, 100)}; unsupported label scope, it is g (global) or p (project)`,
    )
  if (projectId === undefined || projectId <= 0)
    throw new DomainError('BAD_REQUEST', 'must with project ID when to query project labels: project_id')
  return projectId
}

function fieldsOf({ name, description, color }: z.output<typeof labelBody>) {
  return { name, description: description ?? '', color: color ?? '' }
}
