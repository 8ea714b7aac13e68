import { z } from 'zod'
import type { Actor } from '../../../domain/access/actor.ts'
import { can, canInSystem } from '../../../domain/access/roles/authorise.ts'
import { roleIds } from '../../../domain/access/roles/permissions.ts'
import { DomainError } from '../../../domain/errors.ts'
import { listProjectDetails, readProjectDetails, type ProjectDetails } from '../../../domain/projects/project-list.ts'
import { isMetadataKey, parseMetadataValue, type ProjectMetadata } from '../../../domain/projects/project-metadata.ts'
import type { ProjectChange } from '../../../domain/projects/projects.ts'
import type { RetentionFields } from '../../../domain/retention/policies.ts'
import { assertHardBytes } from '../../../domain/quotas/quotas.ts'
import { createdAt, truthQuery } from '../frame/answers.ts'
import { listingOf } from '../frame/list-query.ts'
import { presentPublicly, registryAnswer } from '../operations/registries.ts'
import { listQuery, pageAnswer } from '../frame/paging.ts'
import { presentProject, projectAnswer, projectBody } from './project-answer.ts'
import { route, type Call, type Route } from '../frame/route.ts'
import type { HarborServices } from '../frame/services.ts'

const projectQuery = z.object({
  ...listQuery,
  name: z.string().optional(),
  owner: z.string().optional(),
  public: truthQuery.optional(),
  with_detail: truthQuery.default(true),
})

const resourceCounts = z.record(z.string(), z.number().int())

export const projectRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/projects',
    tag: 'project',
    operationId: 'listProjects',
    summary: 'The projects that may be seen.',
    access: {
      kind: 'own-rule',
      why: 'public projects for everyone, their own for members, all for system administrators',
    },
    query: projectQuery,
    answers: { 200: z.array(projectAnswer) },
    handle: async (call, { database }) => {
      const { name, owner, public: isPublic } = call.query
      const filter = { name: name || undefined, owner: owner || undefined, public: isPublic }
      const { rows, total } = await listProjectDetails(database, call.actor, filter, listingOf(call.query))
      return pageAnswer(call, { rows, total }, presentProject)
    },
  }),

  route({
    method: 'HEAD',
    path: '/projects',
    tag: 'project',
    operationId: 'headProject',
    summary: 'Whether there is a project of that name, for who wants to create one.',
    access: { kind: 'signed-in' },
    query: z.object({ project_name: z.string() }),
    answers: { 200: null, 404: null },
    handle: async ({ actor, query }, { projects }) => {
      const taken = await projects.isNameTakenFor(actor, query.project_name)
      return new Response(null, { status: taken ? 200 : 404 })
    },
  }),

  route({
    method: 'POST',
    path: '/projects',
    tag: 'project',
    operationId: 'createProject',
    summary: 'Creates a project; who creates it becomes its admin.',
    access: { kind: 'signed-in' },
    body: projectBody,
    answers: { 201: null },
    handle: async (call, { projects, retention }) => {
      const { body, actor, request } = call
      const registryId = registryIdOf(body)
      const { public: visible, ...metadata } = metadataOf(body)
      if ((metadata.retention_id ?? '') !== '') {
        throw new DomainError(
          'BAD_REQUEST',
          "the retention_id in the request's payload when creating a project should be omitted, alternatively passing an empty string",
        )
      }
      delete metadata.retention_id
      const isPublic = visible === undefined ? body.public === true : parseMetadataValue('public', visible) === 'true'
      const created = await projects.createProject(actor, {
        name: body.project_name ?? '',
        public: isPublic,
        metadata,
        registryId,
        ...storageLimitOf(actor, body),
      })
      if (registryId !== undefined) await retention.policies.createPolicy(actor, created.id, retentionOfCache)
      const byName = request.headers.get('x-resource-name-in-location') === 'true'
      return createdAt(call.path, byName ? created.name : created.id)
    },
  }),

  route({
    method: 'GET',
    path: '/projects/{project_name_or_id}',
    tag: 'project',
    operationId: 'getProject',
    summary: 'One project.',
    access: { kind: 'project', permission: 'project:read' },
    answers: { 200: projectAnswer },
    handle: async (call, services) => ({ body: presentProject(await getDetails(call, services)) }),
  }),

  route({
    method: 'PUT',
    path: '/projects/{project_name_or_id}',
    tag: 'project',
    operationId: 'updateProject',
    summary: 'Changes what the body names of a project and leaves the rest. The name stays.',
    access: { kind: 'project', permission: 'project:update' },
    body: projectBody,
    answers: { 200: null },
    handle: async (call, services) => {
      const change = await changeOf(call, services)
      await services.projects.updateProject(call.actor, call.project!.project.name, change)
      return {}
    },
  }),

  route({
    method: 'DELETE',
    path: '/projects/{project_name_or_id}',
    tag: 'project',
    operationId: 'deleteProject',
    summary: 'Deletes a project without repositories.',
    access: { kind: 'project', permission: 'project:delete' },
    answers: { 200: null },
    handle: async ({ actor, project }, { projects }) => {
      await projects.deleteProject(actor, project!.project.name)
      return {}
    },
  }),

  route({
    method: 'GET',
    path: '/projects/{project_name_or_id}/_deletable',
    tag: 'project',
    operationId: 'getProjectDeletable',
    summary: 'Whether the project can be deleted, and why not.',
    access: { kind: 'project', permission: 'project:delete' },
    answers: { 200: z.object({ deletable: z.boolean().optional(), message: z.string().optional() }) },
    handle: async (call, services) => {
      const { repositoryCount } = await getDetails(call, services)
      if (repositoryCount === 0) return { body: { deletable: true } }
      // `deletable` is left out where it is false, as Harbor's generated code does.
      return { body: { message: 'the project contains repositories, can not be deleted' } }
    },
  }),

  route({
    method: 'GET',
    path: '/projects/{project_name_or_id}/summary',
    tag: 'project',
    operationId: 'getProjectSummary',
    summary: 'Numbers about a project: repositories, members by role, storage.',
    access: { kind: 'project', permission: 'project:read' },
    answers: {
      200: z.object({
        repo_count: z.number().int(),
        project_admin_count: z.number().int().optional(),
        maintainer_count: z.number().int().optional(),
        developer_count: z.number().int().optional(),
        guest_count: z.number().int().optional(),
        limited_guest_count: z.number().int().optional(),
        quota: z
          .object({
            hard: resourceCounts,
            used: resourceCounts,
            logical: resourceCounts.describe('Beyond Harbor: sizes of the artifacts, whatever they share.'),
          })
          .optional(),
        registry: registryAnswer.optional().describe('The remote registry that the project is a cache of.'),
      }),
    },
    handle: async (call, services) => {
      const details = await getDetails(call, services)
      const { actor, project } = call
      const members = can(actor, 'member:list', project)
        ? await services.members.countByRole(details.id)
        : new Map<number, number>()
      const quota = can(actor, 'quota:read', project) ? await services.quotas.findQuota(details.id) : undefined
      const { registryId } = details
      const registry = registryId === undefined ? undefined : await services.registries.findCached(registryId)
      return {
        body: {
          repo_count: details.repositoryCount,
          project_admin_count: members.get(roleIds.projectAdmin),
          maintainer_count: members.get(roleIds.maintainer),
          developer_count: members.get(roleIds.developer),
          guest_count: members.get(roleIds.guest),
          limited_guest_count: members.get(roleIds.limitedGuest),
          quota:
            quota === undefined
              ? undefined
              : {
                  hard: { storage: quota.hardBytes },
                  used: { storage: quota.usedBytes },
                  logical: { storage: quota.logicalBytes },
                },
          registry: registry === undefined ? undefined : presentPublicly(registry),
        },
      }
    },
  }),
]

/** Harbor's for a cache: what nobody pulled for a week goes, every night. */
const retentionOfCache: RetentionFields = {
  mode: 'artifact',
  cron: '0 0 0 * * *',
  rules: [
    {
      id: 0,
      priority: 0,
      disabled: false,
      template: 'nDaysSinceLastPull',
      value: 7,
      tags: [{ excludes: false, pattern: '**', untagged: true }],
      repositories: [{ excludes: false, pattern: '**' }],
    },
  ],
}

type ProjectBody = z.output<typeof projectBody>

export async function getDetails(
  { actor, project }: Pick<Call<unknown, unknown, unknown>, 'actor' | 'project'>,
  { database }: HarborServices,
): Promise<ProjectDetails> {
  const [details] = await readProjectDetails(database.read, actor, [project!.project.id])
  if (details === undefined) throw new DomainError('PROJECT_UNKNOWN', `project ${project!.project.name} not found`)
  return details
}

/** What is there and not null, `public` still among it. */
function metadataOf({ metadata }: ProjectBody): { -readonly [Key in keyof ProjectMetadata]: string } {
  const given = Object.entries(metadata ?? {}).filter(
    (entry): entry is [string, string] => isMetadataKey(entry[0]) && typeof entry[1] === 'string' && entry[1] !== '',
  )
  return Object.fromEntries(given)
}

async function changeOf(call: Call<unknown, unknown, ProjectBody>, services: HarborServices): Promise<ProjectChange> {
  const { body, project } = call
  const { public: visible, retention_id: retention, ...metadata } = metadataOf(body)
  if (retention !== undefined) {
    const { metadata: known } = await getDetails(call, services)
    if (known.retention_id !== retention) {
      throw new DomainError(
        'BAD_REQUEST',
        "the retention_id in the request's payload when updating a project should be omitted, alternatively passing the one that has already been associated to this project",
      )
    }
  }
  const list = body.cve_allowlist
  if (list?.project_id && list.project_id !== project!.project.id) {
    throw new DomainError(
      'BAD_REQUEST',
      `project_id in cve_allowlist must be ${project!.project.id} but it's ${list.project_id}`,
    )
  }
  return {
    metadata,
    ...(visible === undefined ? {} : { public: parseMetadataValue('public', visible) === 'true' }),
    ...(list === undefined || list === null ? {} : { cveAllowlist: allowlistOf(list) }),
  }
}

function allowlistOf(list: NonNullable<ProjectBody['cve_allowlist']>): NonNullable<ProjectChange['cveAllowlist']> {
  const { items, expires_at: seconds } = list
  return {
    cveIds: (items ?? []).map((item) => item.cve_id),
    expiresAt: seconds === undefined || seconds === null ? undefined : seconds * 1_000,
  }
}

/** Undefined for an ordinary project. @throws DomainError BAD_REQUEST, in Harbor's words and spelling */
function registryIdOf({ registry_id: id }: ProjectBody): number | undefined {
  if (id === undefined || id === null) return undefined
  if (id > 0) return id
  throw new DomainError('BAD_REQUEST', `${id} is invalid value of registry_id, it should be geater than 0`)
}

/** Harbor: who may not set limits gets the standard, whatever they ask for. */
function storageLimitOf(actor: Actor, { storage_limit: limit }: ProjectBody): { storageLimit?: number } {
  if (limit === undefined || limit === null || limit === 0 || !canInSystem(actor, 'quota:update')) return {}
  assertHardBytes(limit)
  return { storageLimit: limit }
}
