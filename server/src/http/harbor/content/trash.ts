import { z } from 'zod'
import { parseRepositoryName, type RepositoryName } from '#contract/repository-name.ts'
import { restoreEntry, restoreRepository } from '../../../domain/artifacts/restore.ts'
import { can, refusedOn } from '../../../domain/access/roles/authorise.ts'
import { DomainError } from '../../../domain/errors.ts'
import { assertRemovalsPossible } from '../../../domain/policies/gates.ts'
import { emptyAllTrash, emptyTrash, getTrashEntry, listTrash, type TrashEntry } from '../../../domain/trash/trash.ts'
import { idParam, timeAnswer, timeOf } from '../frame/answers.ts'
import { cursorLink } from '../frame/paging.ts'
import { route, type Call, type Route } from '../frame/route.ts'

const entryAnswer = z.object({
  id: z.number().int(),
  kind: z.enum(['artifact', 'tag']),
  repository_name: z.string(),
  digest: z.string(),
  media_type: z.string(),
  artifact_type: z.string(),
  size: z.number().int(),
  tags: z.array(z.object({ name: z.string(), push_time: timeAnswer })),
  push_time: timeAnswer,
  deleted_by: z.string(),
  deletion_time: timeAnswer,
  run_id: z.number().int().optional().describe('The run of a retention policy that deleted it.'),
  expiration_time: timeAnswer,
})

const entryParams = z.object({ entry_id: idParam })
const restoreBody = z.object({
  overwrite: z.boolean().default(false).describe('Take tags back that name something else now.'),
})
const collection = '/projects/{project_name_or_id}/trash'

/** Entries of a repository restored by one request; asked again, it goes on. */
const maxRestored = 1_000

/** Beyond Harbor: what was deleted and can be had back. */
export const trashRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: collection,
    tag: 'trash',
    operationId: 'listTrash',
    summary: 'What was deleted and can be restored, the newest first. The Link header leads to the next page.',
    access: { kind: 'project', permission: 'trash:list' },
    query: z.object({
      page_size: z.coerce.number().int().min(1).max(100).default(10),
      before: z.coerce.number().int().min(1).optional().describe('Entries older than this one.'),
      repository: z.string().max(512).optional().describe('Full name, with the project.'),
      deleted_by: z.string().max(255).optional(),
      run_id: z.coerce.number().int().optional().describe('The run of a retention policy.'),
    }),
    answers: { 200: z.array(entryAnswer) },
    handle: async ({ project, query, path, search }, { content }) => {
      const { page_size: size, before, repository, deleted_by: deletedBy, run_id: runId } = query
      const match = { repository, deletedBy, runId }
      const { entries, next } = await listTrash(content, project!.project.id, { size, before, ...match })
      const link = cursorLink(path, search, next, 'before')
      return { body: entries.map(presentEntry), headers: { link } }
    },
  }),

  route({
    method: 'DELETE',
    path: collection,
    tag: 'trash',
    operationId: 'emptyTrash',
    summary: 'Empties the trash of a project: nothing in it can be restored any more.',
    access: { kind: 'project', permission: 'trash:delete' },
    answers: { 200: z.object({ entries: z.number().int() }) },
    handle: async ({ actor, project }, { content }) => {
      if (!can(actor, 'artifact:delete', project)) throw refusedOn(actor, 'the trash', 'artifact:delete')
      const inProject = parseRepositoryName(`${project!.project.name}/trash`)
      const admission = await content.admit(actor, 'delete', inProject)
      return { body: { entries: await emptyTrash(content, admission) } }
    },
  }),

  route({
    method: 'POST',
    path: `${collection}/restore`,
    tag: 'trash',
    operationId: 'restoreRepositoryFromTrash',
    summary: 'Restores what was deleted from a repository, as far as one request goes; `left` says that there is more.',
    access: { kind: 'project', permission: 'trash:restore' },
    body: restoreBody.extend({ repository: z.string().max(512).describe('Full name, with the project.') }),
    answers: { 200: z.object({ entries: z.number().int(), left: z.boolean() }) },
    handle: async ({ actor, project, body }, { content }) => {
      const repository = parseRepositoryName(body.repository)
      assertInProject(project!.project.name, repository)
      const admission = await content.admit(actor, 'push', repository)
      const options = { overwrite: body.overwrite, max: maxRestored }
      const entries = await restoreRepository(content, admission, options)
      return { body: { entries, left: entries === maxRestored } }
    },
  }),

  route({
    method: 'GET',
    path: `${collection}/{entry_id}`,
    tag: 'trash',
    operationId: 'getTrashEntry',
    summary: 'One thing that was deleted.',
    access: { kind: 'project', permission: 'trash:list' },
    params: entryParams,
    answers: { 200: entryAnswer },
    handle: async ({ project, params }, { content }) => ({
      body: presentEntry(await getTrashEntry(content, project!.project.id, params.entry_id)),
    }),
  }),

  route({
    method: 'DELETE',
    path: `${collection}/{entry_id}`,
    tag: 'trash',
    operationId: 'deleteTrashEntry',
    summary: 'Forgets one thing that was deleted, with what went along with it.',
    access: { kind: 'project', permission: 'trash:delete' },
    params: entryParams,
    answers: { 200: z.object({ entries: z.number().int() }) },
    handle: async ({ actor, project, params }, { content }) => {
      assertCanOnEntry({ actor, project }, params.entry_id, 'artifact:delete')
      const { id, repository } = await getTrashEntry(content, project!.project.id, params.entry_id)
      const admission = await content.admit(actor, 'delete', repository)
      return { body: { entries: await emptyTrash(content, admission, id) } }
    },
  }),

  route({
    method: 'POST',
    path: `${collection}/{entry_id}/restore`,
    tag: 'trash',
    operationId: 'restoreTrashEntry',
    summary: 'Restores an artifact with its tags, labels, children and referrers, or a tag to where it pointed.',
    access: { kind: 'project', permission: 'trash:restore' },
    params: entryParams,
    body: restoreBody,
    answers: {
      200: z.object({ digest: z.string(), tags: z.array(z.string()), artifacts: z.number().int() }),
    },
    handle: async ({ actor, project, params, body }, { content }) => {
      assertCanOnEntry({ actor, project }, params.entry_id, 'repository:push')
      const entry = await getTrashEntry(content, project!.project.id, params.entry_id)
      const admission = await content.admit(actor, 'push', entry.repository)
      return { body: await restoreEntry(content, admission, entry.id, body) }
    },
  }),

  route({
    method: 'DELETE',
    path: '/system/trash',
    tag: 'trash',
    operationId: 'emptyAllTrash',
    summary: 'Empties the trash of every project.',
    access: { kind: 'system-administrator' },
    answers: { 200: z.object({ entries: z.number().int() }) },
    handle: async ({ actor }, { content, database, system }) => {
      await assertRemovalsPossible(database.read, system)
      return { body: { entries: await emptyAllTrash(content, actor) } }
    },
  }),
]

/**
 * Before the entry is looked at: a refusal by its repository's gates would say what that is called.
 * @throws DomainError UNAUTHENTICATED, FORBIDDEN
 */
export function assertCanOnEntry(
  { actor, project }: Pick<Call<unknown, unknown, unknown>, 'actor' | 'project'>,
  entryId: number,
  permission: 'repository:push' | 'artifact:delete',
): void {
  if (!can(actor, permission, project)) throw refusedOn(actor, `trash entry ${entryId}`, permission)
}

function assertInProject(project: string, repository: RepositoryName): void {
  if (repository.startsWith(`${project}/`)) return
  throw new DomainError('BAD_REQUEST', `${repository} is not a repository of this project`)
}

function presentEntry(entry: TrashEntry): z.output<typeof entryAnswer> {
  return {
    id: entry.id,
    kind: entry.kind,
    repository_name: entry.repository,
    digest: entry.digest,
    media_type: entry.mediaType,
    artifact_type: entry.artifactType,
    size: entry.size,
    tags: entry.tags.map(({ name, pushedAt }) => ({ name, push_time: timeOf(pushedAt) })),
    push_time: timeOf(entry.pushedAt),
    deleted_by: entry.deletedBy,
    deletion_time: timeOf(entry.deletedAt),
    run_id: entry.runId,
    expiration_time: timeOf(entry.expiresAt),
  }
}
