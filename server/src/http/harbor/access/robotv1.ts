import { z } from 'zod'
import { DomainError } from '../../../domain/errors.ts'
import type { RobotPermission } from '../../../domain/robots/robot-grants.ts'
import type { Robot } from '../../../domain/robots/robot-list.ts'
import { createdAt, idParam } from '../frame/answers.ts'
import { listingOf } from '../frame/list-query.ts'
import { listQuery, pageAnswer } from '../frame/paging.ts'
import { accessBody, permissionsOf, robotBody } from './robot-body.ts'
import { assertNoOtherEnd, presentCreated, presentRobot, robotAnswer, robotCreated } from './robots.ts'
import { route, type Call, type Route } from '../frame/route.ts'
import type { HarborServices } from '../frame/services.ts'

const collection = '/projects/{project_name_or_id}/robots'
const item = '/projects/{project_name_or_id}/robots/{robot_id}'
const oneRobot = z.object({ robot_id: idParam })

const createBody = z.strictObject({
  name: z.string().default(''),
  description: z.string().nullish(),
  expires_at: z.number().int().nullish().describe('Seconds since the epoch; -1: never.'),
  access: z.array(accessBody).default([]),
})

/** Also a whole robot, as newer clients send it back; it may be changed here as there. */
const updateBody = z.strictObject({
  ...robotBody.partial().shape,
  disabled: z.boolean().nullish(),
})

/** The robots of a project as Harbor's older versions (1.8 to 2.1) had them; scripts of that time still ask here. */
export const robotV1Routes: readonly Route[] = [
  route({
    method: 'GET',
    path: collection,
    tag: 'robotv1',
    operationId: 'ListRobotV1',
    summary: 'The robots of a project.',
    access: { kind: 'project', permission: 'robot:list' },
    query: z.object(listQuery),
    answers: { 200: z.array(robotAnswer) },
    handle: async (call, { robots }) => {
      const { rows, total } = await robots.pageRobots(call.actor, call.project!.project.id, listingOf(call.query))
      return pageAnswer(call, { rows, total }, presentRobot)
    },
  }),

  route({
    method: 'POST',
    path: collection,
    tag: 'robotv1',
    operationId: 'CreateRobotV1',
    summary: 'Creates a robot of a project. Its secret is shown this once.',
    access: { kind: 'project', permission: 'robot:create' },
    body: createBody,
    answers: { 201: robotCreated },
    handle: async (call, { robots }) => {
      const { actor, body, path, project } = call
      const { id, name } = project!.project
      const until = body.expires_at ?? 0
      const { robot, secret } = await robots.createRobot(actor, {
        name: body.name,
        description: body.description ?? '',
        projectId: id,
        durationDays: until === -1 ? -1 : 0,
        expiresAt: until > 0 ? until * 1_000 : undefined,
        permissions: [permissionOf(id, name, body.access)],
      })
      return { ...createdAt(path, robot.id), body: presentCreated(robot, secret) }
    },
  }),

  route({
    method: 'GET',
    path: item,
    tag: 'robotv1',
    operationId: 'GetRobotByIDV1',
    summary: 'One robot of a project.',
    access: { kind: 'project', permission: 'robot:read' },
    params: oneRobot,
    answers: { 200: robotAnswer },
    handle: async (call, services) => ({ body: presentRobot(await ofProject(call, services)) }),
  }),

  route({
    method: 'PUT',
    path: item,
    tag: 'robotv1',
    operationId: 'UpdateRobotV1',
    summary: 'Disables a robot of a project or enables it again.',
    access: { kind: 'project', permission: 'robot:update' },
    params: oneRobot,
    body: updateBody,
    answers: { 200: null },
    handle: async (call, services) => {
      const robot = await ofProject(call, services)
      assertNoOtherEnd(call.body, robot)
      const { disable, disabled, description, duration } = call.body
      await services.robots.updateRobot(call.actor, robot.id, {
        disabled: disable ?? disabled ?? undefined,
        description: description ?? undefined,
        durationDays: duration ?? undefined,
        permissions: permissionsOf(call.body),
      })
      return {}
    },
  }),

  route({
    method: 'DELETE',
    path: item,
    tag: 'robotv1',
    operationId: 'DeleteRobotV1',
    summary: 'Deletes a robot of a project.',
    access: { kind: 'project', permission: 'robot:delete' },
    params: oneRobot,
    answers: { 200: null },
    handle: async (call, services) => {
      // Who may delete robots of the project may ask which of them are its own, whether or not they may read them.
      await services.robots.deleteRobot(call.actor, call.params.robot_id, call.project!.project.id)
      return {}
    },
  }),
]

/** A robot of another project is not there, whatever the actor may do elsewhere. */
async function ofProject(
  { actor, params, project }: Call<z.output<typeof oneRobot>, unknown, unknown>,
  { robots }: HarborServices,
): Promise<Robot> {
  return await robots.getRobot(actor, params.robot_id, project!.project.id)
}

/** Resources were written with their project before them: `/project/1/repository`. */
function permissionOf(
  projectId: number,
  namespace: string,
  access: z.output<typeof createBody>['access'],
): RobotPermission {
  const prefix = `/project/${projectId}/`
  return {
    kind: 'project',
    namespace,
    access: access.map(({ resource, action, effect }) => {
      if (resource.startsWith('/') && !resource.startsWith(prefix))
        throw new DomainError('BAD_REQUEST', `bad request permission: ${resource.slice(0, 100)} is not in the project`)
      return { resource: resource.startsWith(prefix) ? resource.slice(prefix.length) : resource, action, effect }
    }),
  }
}
