import type { Reader } from '../../database/database.ts'
import { DomainError } from '../errors.ts'
import { findProjectAccessById, type ProjectAccess } from '../projects/project-access.ts'
import { isSystemAdministrator, type Actor } from '../access/actor.ts'
import {
  assertCanInProject,
  assertCanInSystem,
  assertSystemAdministrator,
  permissionsIn,
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
  const home = await findProjectAccessById({ read: reader }, actor, projectId)
  if (home === undefined && isSystemAdministrator(actor))
    throw new DomainError('PROJECT_UNKNOWN', `project ${projectId} not found`)
  assertCanInProject(actor, `robot:${action}`, home, home?.project.name ?? String(projectId))
  return home
}

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
