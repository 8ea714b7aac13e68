import { z } from 'zod'
import { restoreEntry } from '../../../domain/artifacts/restore.ts'
import { findArtifactId } from '../../../domain/artifacts/find-artifact.ts'
import { DomainError } from '../../../domain/errors.ts'
import { findRepositoryId } from '../../../domain/projects/repositories.ts'
import {
  emptyTrash,
  getTrashEntry,
  listMatchingEntries,
  readTrashEntries,
  type TrashEntry,
} from '../../../domain/trash/trash.ts'
import { assertCanOnEntry } from '../content/trash.ts'
import { answerBatch, batchAnswer, batchBody, maxBatchRows } from '../frame/batch.ts'
import { route, type Call, type Route } from '../frame/route.ts'
import type { HarborServices } from '../frame/services.ts'

const inProject = '/projects/{project_name_or_id}/batch'
const id = z.number().int()

/** Entries one by one, or all that have something in common, a hundred at a time. */
const entriesBody = batchBody(id)
  .partial()
  .extend({
    match: z
      .strictObject({
        repository: z.string().max(512).optional().describe('Full name, with the project.'),
        deleted_by: z.string().max(255).optional(),
        run_id: id.optional().describe('The run of a retention policy.'),
      })
      .optional()
      .describe('In place of items: the entries that have all of it; `{}` for all of the project.'),
    after: id.optional().describe('With match: entries behind that one, as `next` of the last answer said.'),
  })
const entriesAnswer = batchAnswer.extend({
  next: id.optional().describe('With match: there may be more; ask again with this as `after`.'),
})

/** Beyond Harbor: members and the trash of a project, many by one request. */
export const projectBatchRoutes: readonly Route[] = [
  route({
    method: 'POST',
    path: `${inProject}/set-member-roles`,
    tag: 'batch',
    operationId: 'setMemberRoles',
    summary: 'Gives members of a project another role.',
    access: { kind: 'project', permission: 'member:update' },
    body: batchBody(id.describe('Of the membership.')).extend({ role_id: z.number().int().min(1) }),
    answers: { 200: batchAnswer },
    handle: async (call, services) =>
      await answerBatch(call, services, async (item) => {
        await services.members.setMemberRole(call.actor, call.project!.project.name, { id: item }, call.body.role_id)
      }),
  }),

  route({
    method: 'POST',
    path: `${inProject}/delete-members`,
    tag: 'batch',
    operationId: 'deleteMembers',
    summary: 'Takes members out of a project.',
    access: { kind: 'project', permission: 'member:delete' },
    body: batchBody(id.describe('Of the membership.')),
    answers: { 200: batchAnswer },
    handle: async (call, services) =>
      await answerBatch(call, services, async (item) => {
        await services.members.removeMember(call.actor, call.project!.project.name, { id: item })
      }),
  }),

  route({
    method: 'POST',
    path: `${inProject}/restore-trash`,
    tag: 'batch',
    operationId: 'restoreTrashEntries',
    summary: 'Restores entries of the trash, each with its tags, labels, children and referrers.',
    access: { kind: 'project', permission: 'trash:restore' },
    body: entriesBody.extend({
      overwrite: z.boolean().default(false).describe('Take tags back that name something else now.'),
    }),
    answers: { 200: entriesAnswer },
    handle: async (call, services) => {
      const { actor, body } = call
      const { content } = services
      return await answerEntries(call, services, async (entry) => {
        assertCanOnEntry(call, entry.id, 'repository:push')
        const { id, repository } = await entry.get()
        await restoreEntry(content, await content.admit(actor, 'push', repository), id, { overwrite: body.overwrite })
      })
    },
  }),

  route({
    method: 'POST',
    path: `${inProject}/delete-trash`,
    tag: 'batch',
    operationId: 'deleteTrashEntries',
    summary: 'Forgets entries of the trash, each with what went along with it.',
    access: { kind: 'project', permission: 'trash:delete' },
    body: entriesBody,
    answers: { 200: entriesAnswer },
    handle: async (call, services) => {
      const { actor } = call
      const { content } = services
      return await answerEntries(call, services, async (entry) => {
        assertCanOnEntry(call, entry.id, 'artifact:delete')
        const { id, repository } = await entry.get()
        await emptyTrash(content, await content.admit(actor, 'delete', repository), id)
      })
    },
  }),
]

type EntriesCall = Call<unknown, unknown, z.output<typeof entriesBody>>

/** Entries by their ids, or the next that match. One that came back with an index of the same batch is done. */
async function answerEntries(
  call: EntriesCall,
  services: HarborServices,
  each: (entry: { readonly id: number; get(): Promise<TrashEntry> }) => Promise<void>,
) {
  const { content } = services
  const projectId = call.project!.project.id
  const items = await entriesOf(call, services)
  const known = new Map((await readTrashEntries(content, projectId, items)).map((entry) => [entry.id, entry]))
  const { body } = await answerBatch({ ...call, body: { items } }, services, async (id) => {
    try {
      await each({ id, get: async () => await getTrashEntry(content, projectId, id) })
    } catch (error) {
      const entry = known.get(id)
      const isGone = error instanceof DomainError && error.code === 'TRASH_ENTRY_UNKNOWN'
      if (!isGone || entry === undefined || !(await isHere(services, entry))) throw error
    }
  })
  const last = body.results.at(-1)?.item
  const isCut = body.left > 0 || items.length === maxBatchRows
  return { body: { ...body, ...(call.body.match !== undefined && isCut ? { next: Number(last) } : {}) } }
}

async function entriesOf({ body, project }: EntriesCall, { content }: HarborServices): Promise<readonly number[]> {
  const { items, match, after } = body
  if ((items === undefined) === (match === undefined))
    throw new DomainError('BAD_REQUEST', 'give items, or match for all entries that have something in common')
  if (items !== undefined) return items
  const { repository, deleted_by: deletedBy, run_id: runId } = match!
  const of = { repository, deletedBy, runId, after: after ?? 0, limit: maxBatchRows }
  return await listMatchingEntries(content, project!.project.id, of)
}

/** Whether the artifact of the entry is in its repository. */
async function isHere({ database }: HarborServices, { projectId, repository, kind, digest }: TrashEntry) {
  if (kind !== 'artifact') return false
  const repositoryId = await findRepositoryId(database.read, { projectId, name: repository })
  return repositoryId !== undefined && (await findArtifactId(database.read, repositoryId, digest)) !== undefined
}
