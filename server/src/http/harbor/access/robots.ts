import { z } from 'zod'
import { isSystemAdministrator } from '../../../domain/access/actor.ts'
import { assertCanInProject } from '../../../domain/access/roles/authorise.ts'
import { DomainError } from '../../../domain/errors.ts'
import { findProjectAccess } from '../../../domain/projects/project-access.ts'
import type { Condition, Listing } from '../../../domain/lists/listing.ts'
import { everyNamespace } from '../../../domain/robots/robot-grants.ts'
import type { Robot } from '../../../domain/robots/robot-list.ts'
import { assertRobotName } from '../../../domain/robots/robots.ts'
import { createdAt, idParam, timeAnswer, timeOf } from '../frame/answers.ts'
import { listingOf } from '../frame/list-query.ts'
import { listQuery, pageAnswer } from '../frame/paging.ts'
import { route, type Route } from '../frame/route.ts'
import { permissionsOf, robotBody } from './robot-body.ts'

export const robotAnswer = z.object({
  id: z.number().int(),
  name: z.string(),
  description: z.string().optional(),
  level: z.enum(['system', 'project']),
  duration: z.number().int(),
  editable: z.boolean(),
  disable: z.boolean(),
  expires_at: z.number().int().describe('Seconds since the epoch; -1: never.'),
  permissions: z.array(
    z.object({
      kind: z.string(),
      namespace: z.string(),
      access: z.array(z.object({ resource: z.string(), action: z.string() })),
    }),
  ),
  creator_type: z.enum(['local', 'robot']),
  creator_ref: z.number().int().optional(),
  creation_time: timeAnswer,
  update_time: timeAnswer,
})

export const robotCreated = z.object({
  id: z.number().int(),
  name: z.string(),
  secret: z.string(),
  creation_time: timeAnswer,
  expires_at: z.number().int(),
})

const oneRobot = z.object({ robot_id: idParam })
/** Then the permission of the resource `robot`, in the registry or in the project that the robot belongs to. */
const byLevel = { kind: 'signed-in' } as const

export const robotRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/robots',
    tag: 'robot',
    operationId: 'ListRobot',
    summary: 'The robots of the registry, or of a project with q=Level=project,ProjectID=1.',
    access: byLevel,
    query: z.object(listQuery),
    answers: { 200: z.array(robotAnswer) },
    handle: async (call, { robots }) => {
      const { projectId, listing } = whose(listingOf(call.query))
      const { rows, total } = await robots.pageRobots(call.actor, projectId, listing)
      return pageAnswer(call, { rows, total }, presentRobot)
    },
  }),

  route({
    method: 'POST',
    path: '/robots',
    tag: 'robot',
    operationId: 'CreateRobot',
    summary: 'Creates a robot. Its secret is shown this once.',
    access: byLevel,
    body: robotBody,
    answers: { 201: robotCreated },
    handle: async (call, { robots, database }) => {
      const { body, actor } = call
      assertRobotName(body.name)
      assertLevel(body.level)
      const permissions = permissionsOf(body)
      const [first] = permissions
      if (first === undefined) throw new DomainError('BAD_REQUEST', 'bad request empty permission')
      let projectId: number | undefined
      if (body.level === 'project') {
        if (first.namespace === everyNamespace)
          throw new DomainError('BAD_REQUEST', 'a robot of a project has permissions in it alone')
        // As in Harbor, a namespace is a name, also one of digits.
        const project = await findProjectAccess(database, actor, first.namespace)
        if (project === undefined && isSystemAdministrator(actor))
          throw new DomainError('PROJECT_UNKNOWN', `project ${first.namespace} not found`)
        assertCanInProject(actor, 'robot:create', project, first.namespace)
        projectId = project?.project.id
      }
      const { robot, secret } = await robots.createRobot(actor, {
        name: body.name,
        description: body.description ?? '',
        projectId,
        durationDays: body.duration ?? 0,
        expiresAt: expiryIn(body),
        disabled: body.disable === true,
        permissions,
      })
      return { ...createdAt(call.path, robot.id), body: presentCreated(robot, secret) }
    },
  }),

  route({
    method: 'GET',
    path: '/robots/{robot_id}',
    tag: 'robot',
    operationId: 'GetRobotByID',
    summary: 'One robot.',
    access: byLevel,
    params: oneRobot,
    answers: { 200: robotAnswer },
    handle: async ({ actor, params }, { robots }) => ({
      body: presentRobot(await robots.getRobot(actor, params.robot_id)),
    }),
  }),

  route({
    method: 'PUT',
    path: '/robots/{robot_id}',
    tag: 'robot',
    operationId: 'UpdateRobot',
    summary: 'Changes a robot; its name and level stay.',
    access: byLevel,
    params: oneRobot,
    body: robotBody,
    answers: { 200: null },
    handle: async ({ actor, params, body }, { robots }) => {
      const robot = await robots.getRobot(actor, params.robot_id)
      if (body.name !== robot.username || body.level !== levelOf(robot))
        throw new DomainError('BAD_REQUEST', 'cannot update the level or name of robot')
      assertNoOtherEnd(body, robot)
      await robots.updateRobot(actor, params.robot_id, {
        description: body.description ?? '',
        disabled: body.disable === true,
        durationDays: body.duration ?? undefined,
        permissions: permissionsOf(body),
      })
      return {}
    },
  }),

  route({
    method: 'PATCH',
    path: '/robots/{robot_id}',
    tag: 'robot',
    operationId: 'RefreshSec',
    summary: 'Gives a robot the secret of the body, or a new one, which is shown this once.',
    access: byLevel,
    params: oneRobot,
    body: z.strictObject({ secret: z.string().nullish() }),
    answers: { 200: z.object({ secret: z.string().optional() }) },
    handle: async ({ actor, params, body }, { robots }) => ({
      body: { secret: await robots.refreshSecret(actor, params.robot_id, body.secret || undefined) },
    }),
  }),

  route({
    method: 'DELETE',
    path: '/robots/{robot_id}',
    tag: 'robot',
    operationId: 'DeleteRobot',
    summary: 'Deletes a robot; its secret and tokens are void at once.',
    access: byLevel,
    params: oneRobot,
    answers: { 200: null },
    handle: async ({ actor, params }, { robots }) => {
      await robots.deleteRobot(actor, params.robot_id)
      return {}
    },
  }),
]

/** `Level` and `ProjectID` of `q` say whose robots are meant; without them it is the registry's own. */
function whose(listing: Listing): { projectId: number | undefined; listing: Listing } {
  const keyOf = ({ key }: Condition) => key.replaceAll('_', '').toLowerCase()
  const { conditions = [] } = listing
  const valueOf = (key: string) => {
    const found = conditions.find((condition) => keyOf(condition) === key)
    return found?.kind === 'exact' ? found.value : undefined
  }
  const rest = {
    ...listing,
    conditions: conditions.filter((condition) => !['level', 'projectid'].includes(keyOf(condition))),
  }
  const level = valueOf('level') ?? 'system'
  assertLevel(level)
  if (level === 'system') return { projectId: undefined, listing: rest }
  const projectId = valueOf('projectid')
  if (projectId === undefined) throw new DomainError('BAD_REQUEST', 'must with project ID when to query project robots')
  if (!/^[1-9]\d{0,14}$/.test(projectId)) throw new DomainError('BAD_REQUEST', 'ProjectID must be a positive integer')
  return { projectId: Number(projectId), listing: rest }
}

function assertLevel(level: string): void {
  if (level !== 'system' && level !== 'project')
    throw new DomainError('BAD_REQUEST', `bad request error level input: ${level.slice(0, 100)}`)
}

const levelOf = ({ projectId }: Pick<Robot, 'projectId'>) => (projectId === undefined ? 'system' : 'project')

/** @throws DomainError BAD_REQUEST */
export function assertNoOtherEnd(
  { expires_at: expiresAt }: { readonly expires_at?: number | null | undefined },
  robot: Robot,
): void {
  if (!expiresAt || expiresAt === expiryOf(robot)) return
  throw new DomainError('BAD_REQUEST', 'expires_at follows from duration, which counts from the creation: set that')
}

/** @throws DomainError BAD_REQUEST for two ends that may not be one */
function expiryIn({ duration, expires_at: expiresAt }: z.output<typeof robotBody>): number | undefined {
  if (!expiresAt || expiresAt === -1) return undefined
  if (duration) throw new DomainError('BAD_REQUEST', 'duration and expires_at both say when the robot ends: give one')
  return expiresAt * 1_000
}

const expiryOf = ({ expiresAt }: Robot) => (expiresAt === undefined ? -1 : Math.floor(expiresAt / 1_000))

export function presentRobot(robot: Robot): z.output<typeof robotAnswer> {
  return {
    id: robot.id,
    name: robot.username,
    description: robot.description || undefined,
    level: levelOf(robot),
    duration: robot.durationDays,
    editable: true,
    disable: robot.disabled,
    expires_at: expiryOf(robot),
    permissions: robot.permissions.map(({ kind, namespace, access: given }) => ({
      kind,
      namespace,
      access: [...given],
    })),
    creator_type: robot.creatorType,
    creator_ref: robot.creatorId,
    creation_time: timeOf(robot.createdAt),
    update_time: timeOf(robot.updatedAt),
  }
}

export function presentCreated(robot: Robot, secret: string): z.output<typeof robotCreated> {
  return {
    id: robot.id,
    name: robot.username,
    secret,
    creation_time: timeOf(robot.createdAt),
    expires_at: expiryOf(robot),
  }
}
