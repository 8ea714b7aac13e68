import { z } from 'zod'
import { isSystemAdministrator, type Actor } from '../../../domain/access/actor.ts'
import { assertCanInProject } from '../../../domain/access/roles/authorise.ts'
import { DomainError } from '../../../domain/errors.ts'
import { findProjectAccessById } from '../../../domain/projects/project-access.ts'
import { answerBatch, batchAnswer, batchBody } from '../frame/batch.ts'
import { route, type Route } from '../frame/route.ts'
import type { HarborServices } from '../frame/services.ts'

const id = z.number().int()
/** Each row has its own project, or none: the verb asks for the permission there. */
const byRow = { kind: 'signed-in' } as const

/** Beyond Harbor: projects, robots, labels, people and groups, many by one request. */
export const registryBatchRoutes: readonly Route[] = [
  route({
    method: 'POST',
    path: '/batch/delete-projects',
    tag: 'batch',
    operationId: 'deleteProjects',
    summary: 'Deletes projects without repositories.',
    access: byRow,
    body: batchBody(id),
    answers: { 200: batchAnswer },
    handle: async (call, services) =>
      await answerBatch(call, services, async (item) => {
        await services.projects.deleteProject(call.actor, await getProjectName(services, call.actor, item))
      }),
  }),

  route({
    method: 'POST',
    path: '/batch/delete-robots',
    tag: 'batch',
    operationId: 'deleteRobots',
    summary: 'Deletes robots; their secrets and tokens are void at once.',
    access: byRow,
    body: batchBody(id),
    answers: { 200: batchAnswer },
    handle: async (call, services) =>
      await answerBatch(call, services, async (item) => await services.robots.deleteRobot(call.actor, item)),
  }),

  route({
    method: 'POST',
    path: '/batch/set-robots-disabled',
    tag: 'batch',
    operationId: 'setRobotsDisabled',
    summary: 'Disables robots, or enables them again.',
    access: byRow,
    body: batchBody(id).extend({ disabled: z.boolean() }),
    answers: { 200: batchAnswer },
    handle: async (call, services) =>
      await answerBatch(call, services, async (item) => {
        await services.robots.updateRobot(call.actor, item, { disabled: call.body.disabled })
      }),
  }),

  route({
    method: 'POST',
    path: '/batch/delete-labels',
    tag: 'batch',
    operationId: 'deleteLabels',
    summary: 'Deletes labels and takes them from every artifact.',
    access: byRow,
    body: batchBody(id),
    answers: { 200: batchAnswer },
    handle: async (call, services) =>
      await answerBatch(call, services, async (item) => await services.labels.deleteLabel(call.actor, item)),
  }),

  route({
    method: 'POST',
    path: '/batch/delete-users',
    tag: 'batch',
    operationId: 'deleteUsers',
    summary: 'Deletes accounts and their memberships.',
    access: { kind: 'system', permission: 'user:delete' },
    body: batchBody(id),
    answers: { 200: batchAnswer },
    handle: async (call, services) =>
      await answerBatch(call, services, async (item) => {
        const { username } = await services.profiles.getUserById(call.actor, item, 'user:delete')
        await services.users.deleteUser(call.actor, username)
      }),
  }),

  route({
    method: 'POST',
    path: '/batch/set-users-sysadmin',
    tag: 'batch',
    operationId: 'setUsersSysAdmin',
    summary: 'Makes people system administrators or takes it back.',
    access: { kind: 'system-administrator' },
    body: batchBody(id).extend({ sysadmin_flag: z.boolean() }),
    answers: { 200: batchAnswer },
    handle: async (call, services) =>
      await answerBatch(call, services, async (item) => {
        const { username } = await services.profiles.getUserById(call.actor, item)
        await services.users.setAdmin(call.actor, username, call.body.sysadmin_flag)
      }),
  }),

  route({
    method: 'POST',
    path: '/batch/set-users-disabled',
    tag: 'batch',
    operationId: 'setUsersDisabled',
    summary: 'Disables accounts, with their sessions and tokens, or enables them again.',
    access: { kind: 'system-administrator' },
    body: batchBody(id).extend({ disabled: z.boolean() }),
    answers: { 200: batchAnswer },
    handle: async (call, { users, profiles, clock }) =>
      await answerBatch(call, { clock }, async (item) => {
        const { username } = await profiles.getUserById(call.actor, item)
        await (call.body.disabled ? users.disableUser(call.actor, username) : users.enableUser(call.actor, username))
      }),
  }),

  route({
    method: 'POST',
    path: '/batch/delete-usergroups',
    tag: 'batch',
    operationId: 'deleteUserGroups',
    summary: 'Deletes user groups with their memberships.',
    access: { kind: 'system', permission: 'user-group:delete' },
    body: batchBody(id),
    answers: { 200: batchAnswer },
    handle: async (call, services) =>
      await answerBatch(call, services, async (item) => await services.userGroups.deleteGroup(call.actor, item)),
  }),
]

/** The name of a project that the actor may delete; others learn the same of every id. @throws DomainError */
async function getProjectName({ database }: HarborServices, actor: Actor, projectId: number): Promise<string> {
  const access = await findProjectAccessById(database, actor, projectId)
  if (access === undefined && isSystemAdministrator(actor))
    throw new DomainError('PROJECT_UNKNOWN', `project ${projectId} not found`)
  assertCanInProject(actor, 'project:delete', access, String(projectId))
  return access!.project.name
}
