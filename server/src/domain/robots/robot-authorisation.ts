import type { Reader } from '../../database/database.ts'
import { DomainError } from '../errors.ts'
import { findProjectAccessById, getProjectByIdFor, type ProjectAccess } from '../projects/project-access.ts'
import { isSystemAdministrator, limitsOf, type Actor } from '../access/actor.ts'
import { grantOf } from '../access/robots/robot-accounts.ts'
import { rightsOf, type RobotRights } from '../access/robots/robot-rights.ts'
import {
  assertCanInSystem,
  assertSystemAdministrator,
  can,
  canEverywhere,
  canInSystem,
  refusedOn,
} from '../access/roles/authorise.ts'
import { assertCovers, assertOutranks } from '../access/roles/covers.ts'

/** The project a robot belongs to, with what the actor is in it; undefined for a robot of the registry itself. */
export type RobotHome = ProjectAccess | undefined

/**
 * Robots themselves are never given `robot:update`, so none can prolong or widen itself.
 * @throws DomainError PROJECT_UNKNOWN (to who may see all), UNAUTHENTICATED, FORBIDDEN
 */
export async function assertMayActOnRobots(
  reader: Reader,
  actor: Actor,
  projectId: number | undefined,
  action: 'create' | 'read' | 'update' | 'delete' | 'list',
): Promise<RobotHome> {
  if (projectId === undefined) {
    if (action === 'update') assertSystemAdministrator(actor)
    else assertCanInSystem(actor, `robot:${action}`)
    return undefined
  }
  return await getProjectByIdFor(reader, actor, `robot:${action}`, projectId)
}

/**
 * For a robot that the caller names by its id. The refusal is the same for one of the registry, one of any project, and an
 * id that no robot has.
 * @throws DomainError ROBOT_UNKNOWN (to who may see all), UNAUTHENTICATED, FORBIDDEN
 */
export async function assertMayActOnRobot(
  reader: Reader,
  actor: Actor,
  { id, found }: { readonly id: number; readonly found: { readonly projectId: number | undefined } | undefined },
  action: 'read' | 'update' | 'delete',
): Promise<RobotHome> {
  const home =
    found?.projectId === undefined ? undefined : await findProjectAccessById({ read: reader }, actor, found.projectId)
  if (!mayActOnRobot(actor, found, home, action)) throw refusedOn(actor, `robot ${id}`, `robot:${action}`)
  if (found === undefined) throw robotUnknown(id)
  return home
}

function mayActOnRobot(
  actor: Actor,
  found: { readonly projectId: number | undefined } | undefined,
  home: RobotHome,
  action: 'read' | 'update' | 'delete',
): boolean {
  if (found?.projectId !== undefined) return can(actor, `robot:${action}`, home)
  if (action === 'update') return isSystemAdministrator(actor)
  return found === undefined ? canEverywhere(actor, `robot:${action}`) : canInSystem(actor, `robot:${action}`)
}

export const robotUnknown = (id: number) => new DomainError('ROBOT_UNKNOWN', `robot ${id} not found`)

/**
 * A robot may have at most the rights of the actor who makes it. `robot`: as the caller named it.
 * @throws DomainError FORBIDDEN
 */
export function assertMayGrant(actor: Actor, home: RobotHome, rights: RobotRights, robot: string): void {
  assertCovers(actor, rights, home === undefined ? [] : [home], robot)
}

/**
 * An actor cannot take over a robot with more rights than its own, by its secret, its trust rules, its end or its being
 * enabled.
 * @throws DomainError FORBIDDEN
 */
export async function assertMayRule(reader: Reader, actor: Actor, home: RobotHome, id: number): Promise<void> {
  assertOutranks(actor, await readRobotRights(reader, id), home === undefined ? [] : [home], `robot ${id}`)
}

/**
 * A robot made with a personal token ends with the token. `expiresAt` in milliseconds since the epoch; undefined:
 * never.
 * @throws DomainError FORBIDDEN
 */
export function assertEndsWith(actor: Actor, expiresAt: number | undefined, robot: string): void {
  const end = limitsOf(actor)?.expiresAt
  if (end === undefined || (expiresAt !== undefined && expiresAt <= end)) return
  const date = new Date(end).toISOString()
  const why = `${robot} would outlive the personal token that asks for it, which ends at ${date}`
  throw new DomainError('FORBIDDEN', `${why}; give the robot a shorter duration`)
}

/** The rights of the robot at this moment, whether or not it is enabled. */
async function readRobotRights(reader: Reader, robotId: number): Promise<RobotRights> {
  const rows = await reader
    .selectFrom('robot_permission')
    .select(['scope', 'project_id as granted_in', 'access'])
    .where('robot_id', '=', robotId)
    .execute()
  return rightsOf(rows.flatMap(grantOf))
}
