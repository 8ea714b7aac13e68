import { z } from 'zod'
import type { ProtectedTagRule } from '../../../domain/policies/protected-tags.ts'
import { createdAt, idParam, timeAnswer, timeOf } from '../frame/answers.ts'
import { route, type Route } from '../frame/route.ts'

const names = z.array(z.string().min(1).max(255)).max(100)

const ruleBody = z.strictObject({
  repositories: z.string().max(255).default('**').describe('Behind the name of the project.'),
  tags: z.string().max(255),
  users: names.default([]),
  robots: names.default([]).describe('With their prefix. Without users and robots: those with protected-tag:move.'),
})

const ruleAnswer = z.object({
  id: z.number().int(),
  repositories: z.string(),
  tags: z.string(),
  users: z.array(z.string()),
  robots: z.array(z.string()),
  username: z.string().describe('Who changed it last.'),
  update_time: timeAnswer,
})

const collection = '/projects/{project_name_or_id}/protected-tags'
const item = `${collection}/{protection_id}`
const oneRule = z.object({ protection_id: idParam })
const tag = 'protected-tag'
const update = { kind: 'project', permission: 'configuration:update' } as const

/** Beyond Harbor, where whoever may push moves every tag that is not immutable. */
export const protectedTagRoutes: readonly Route[] = [
  route({
    ...{ method: 'GET', path: collection, tag, operationId: 'listProtectedTags' },
    summary: 'Which tags of a project only some may set, move and delete.',
    access: { kind: 'project', permission: 'configuration:read' },
    answers: { 200: z.array(ruleAnswer) },
    handle: async ({ project }, { protectedTags }) => ({
      body: (await protectedTags.listRules(project!.project.id)).map(presentRule),
    }),
  }),
  route({
    ...{ method: 'POST', path: collection, tag, operationId: 'createProtectedTag' },
    summary: 'Protects tags.',
    access: update,
    body: ruleBody,
    answers: { 201: null },
    handle: async ({ actor, project, body, path }, { protectedTags }) =>
      createdAt(path, await protectedTags.createRule(actor, project!.project.id, body)),
  }),
  route({
    ...{ method: 'PUT', path: item, tag, operationId: 'updateProtectedTag' },
    summary: 'Changes a rule of protected tags.',
    access: update,
    params: oneRule,
    body: ruleBody,
    answers: { 200: null },
    handle: async ({ actor, project, params, body }, { protectedTags }) => {
      await protectedTags.updateRule(actor, project!.project.id, params.protection_id, body)
      return {}
    },
  }),
  route({
    ...{ method: 'DELETE', path: item, tag, operationId: 'deleteProtectedTag' },
    summary: 'Ends the protection of the tags of a rule.',
    access: update,
    params: oneRule,
    answers: { 200: null },
    handle: async ({ actor, project, params }, { protectedTags }) => {
      await protectedTags.deleteRule(actor, project!.project.id, params.protection_id)
      return {}
    },
  }),
]

function presentRule(rule: ProtectedTagRule): z.output<typeof ruleAnswer> {
  const { id, repositories, tags, movers, username, updatedAt } = rule
  const namesOf = (wanted: 'user' | 'robot') => movers.filter(({ kind }) => kind === wanted).map(({ name }) => name)
  return {
    ...{ id, repositories, tags, users: namesOf('user'), robots: namesOf('robot') },
    ...{ username, update_time: timeOf(updatedAt) },
  }
}
