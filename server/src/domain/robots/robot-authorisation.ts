import type { Reader } from '../../database/database.ts'
import { DomainError } from '../errors.ts'
import { findProjectAccessById, getProjectByIdFor, type ProjectAccess } from '../projects/project-access.ts'
import { isSystemAdministrator, type Actor } from '../access/actor.ts'
import {
  assertCanInSystem,
  assertSystemAdministrator,
  can,
  canEverywhere,
  canInSystem,
  permissionsIn,
  refusedOn,
} from '../access/roles/authorise.ts'
import { roleIds } from '../access/roles/permissions.ts'
import { covers, rightsOf, type Grant } from '../access/robots/robot-rights.ts'

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
 * Nobody makes a robot that may do more than they may themselves.
 * @throws DomainError FORBIDDEN
 */
export function assertMayGrant(actor: Actor, home: RobotHome, grants: readonly Grant[]): void {
  if (isSystemAdministrator(actor)) return
  if (actor.kind === 'robot') {
    if (covers(actor.rights, rightsOf(grants))) return
    throw new DomainError(
      'FORBIDDEN',
      `permission scope is invalid. It must be equal to or more restrictive than the creator robot's permissions: ${actor.username}`,
    )
  }
  const missing = home === undefined ? grants[0]?.access[0] : firstMissing(actor, home, grants)
  if (missing === undefined) return
  throw new DomainError('FORBIDDEN', `you may not give what you do not have: ${missing}`)
}

function firstMissing(actor: Actor, home: ProjectAccess, grants: readonly Grant[]): string | undefined {
  // Of all roles the widest; what Harbor's table of robots has beside it (metadata:list) is no more than reading.
  const owns = home.roleIds.includes(roleIds.projectAdmin)
  const own: ReadonlySet<string> = permissionsIn(actor, home)
  const given = grants.filter(({ scope }) => scope !== home.project.id)
  if (given.length > 0) return given[0]!.access[0]
  return owns ? undefined : grants.flatMap(({ access }) => access).find((permission) => !own.has(permission))
}
