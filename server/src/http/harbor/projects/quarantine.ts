import { z } from 'zod'
import { causes } from '../../../domain/pull-policies/verdict.ts'
import { getHeldRepository, pageHeld, type HeldArtifact } from '../../../domain/quarantine/held-artifacts.ts'
import { rejectHeld } from '../../../domain/quarantine/reject-held.ts'
import { releaseHeld } from '../../../domain/quarantine/release-held.ts'
import { idParam, timeAnswer, timeOf } from '../frame/answers.ts'
import { pageAnswer, pageOf, pageQuery } from '../frame/paging.ts'
import { route, type Route } from '../frame/route.ts'

export const heldAnswer = z.object({
  id: z.number().int(),
  repository: z.string(),
  digest: z.string(),
  tags: z.array(z.string()),
  pushed_by: z.string(),
  push_time: timeAnswer,
  expires_at: timeAnswer.optional().describe('Not there: it may stay without a limit.'),
  awaits: z.array(
    z.object({
      policy: z.string(),
      cause: z.enum(causes),
      message: z.string(),
      detail: z.record(z.string(), z.unknown()),
    }),
  ),
})

const project = '/projects/{project_name_or_id}'
const tag = 'policy'
const reasonField = z.string().trim().min(1).max(1_024)

/** Beyond Harbor: what is held back since its push, until policies let it pass. */
export const quarantineRoutes: readonly Route[] = [
  route({
    ...{ method: 'GET', path: `${project}/quarantine`, tag, operationId: 'listQuarantineOfProject' },
    summary: 'What is held back since its push, the oldest first, and what each waits for.',
    access: { kind: 'project', permission: 'quarantine:list' },
    query: z.object(pageQuery),
    answers: { 200: z.array(heldAnswer) },
    handle: async (call, { database }) => {
      const page = await pageHeld(database.read, call.project!.project.id, pageOf(call.query))
      return pageAnswer(call, page, presentHeld)
    },
  }),
  route({
    ...{
      method: 'POST',
      path: `${project}/quarantine/{artifact_id}/release`,
      tag,
      operationId: 'releaseFromQuarantine',
    },
    summary: 'Releases an artifact by hand: exempts it until a time from the policies that hold it, with a reason.',
    access: { kind: 'project', permission: 'configuration:update' },
    params: z.object({ artifact_id: idParam }),
    body: z.strictObject({
      reason: reasonField,
      expires_at: z.iso.datetime({ offset: true }).describe('From then on the policies hold it back again.'),
    }),
    answers: { 200: null },
    handle: async (call, services) => {
      const { reason, expires_at: end } = call.body
      const place = { projectId: call.project!.project.id, artifactId: call.params.artifact_id }
      await releaseHeld(services, call.actor, place, { reason, expiresAt: Date.parse(end) })
      return {}
    },
  }),
  route({
    ...{ method: 'POST', path: `${project}/quarantine/{artifact_id}/reject`, tag, operationId: 'rejectFromQuarantine' },
    summary: 'Rejects an artifact: deletes it with its tags, into the trash if there is one, with a reason.',
    access: { kind: 'project', permission: 'artifact:delete' },
    params: z.object({ artifact_id: idParam }),
    body: z.strictObject({ reason: reasonField }),
    answers: { 200: null },
    handle: async (call, { database, content }) => {
      const { artifact_id: artifactId } = call.params
      const repository = await getHeldRepository(database.read, call.project!.project.id, artifactId)
      const admission = await content.admit(call.actor, 'delete', repository)
      await rejectHeld(content, admission, { artifactId, reason: call.body.reason })
      return {}
    },
  }),
  route({
    ...{ method: 'GET', path: '/system/quarantine', tag, operationId: 'listQuarantine' },
    summary: 'What is held back since its push in all projects, the oldest first.',
    access: { kind: 'system-administrator' },
    query: z.object(pageQuery),
    answers: { 200: z.array(heldAnswer) },
    handle: async (call, { database }) => {
      const page = await pageHeld(database.read, undefined, pageOf(call.query))
      return pageAnswer(call, page, presentHeld)
    },
  }),
]

export function presentHeld(held: HeldArtifact): z.output<typeof heldAnswer> {
  const { artifactId, repository, digest, tags, username, enteredAt, expiresAt, awaits } = held
  return {
    ...{ id: artifactId, repository, digest, tags: [...tags], pushed_by: username, push_time: timeOf(enteredAt) },
    ...(expiresAt === undefined ? {} : { expires_at: timeOf(expiresAt) }),
    awaits: awaits.map(({ policy, cause, message, detail }) => ({ policy, cause, message, detail })),
  }
}
