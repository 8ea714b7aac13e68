import { grantablePermissions, type heldBackPull } from '../roles/grantable-permissions.ts'
import { noPermissions, type Permission } from '../roles/permissions.ts'

/** What a robot was given; each of the sets holds `resource:action`. */
export interface RobotRights {
  readonly system: ReadonlySet<string>
  /** In every project, also in those that come later. */
  readonly everyProject: ReadonlySet<string>
  /** By project id. */
  readonly projects: ReadonlyMap<number, ReadonlySet<string>>
}

export const noRights: RobotRights = { system: new Set(), everyProject: new Set(), projects: new Map() }

/** Where a grant counts: in the registry itself, in every project, or in one (by id). */
export type RightsScope = 'system' | 'every-project' | number

export interface Grant {
  readonly scope: RightsScope
  readonly access: readonly string[]
}

const grantable = {
  system: namesOf(grantablePermissions.system),
  project: namesOf(grantablePermissions.project),
}

function namesOf(table: (typeof grantablePermissions)['system']): ReadonlySet<string> {
  return new Set(table.map(({ resource, action }) => `${resource}:${action}`))
}

/** Whether a robot may have it in such a scope at all. */
export function isGrantable(scope: RightsScope, permission: string): boolean {
  return grantable[scope === 'system' ? 'system' : 'project'].has(permission)
}

/** Several grants of one scope add up. What a robot may not have is not given, whatever a row says. */
export function rightsOf(grants: readonly Grant[]): RobotRights {
  const system = new Set<string>()
  const everyProject = new Set<string>()
  const projects = new Map<number, Set<string>>()
  for (const { scope, access } of grants) {
    let into = scope === 'system' ? system : everyProject
    if (typeof scope === 'number') {
      into = projects.get(scope) ?? new Set()
      projects.set(scope, into)
    }
    for (const permission of access) if (isGrantable(scope, permission)) into.add(permission)
  }
  return { system, everyProject, projects }
}

export function robotMayInProject(
  rights: RobotRights,
  projectId: number,
  permission: Permission | typeof heldBackPull,
): boolean {
  return rights.everyProject.has(permission) || rights.projects.get(projectId)?.has(permission) === true
}

/** What the robot may do in the project. */
export function projectRightsOf(rights: RobotRights, projectId: number): ReadonlySet<Permission> {
  const own = rights.projects.get(projectId)
  const all = own === undefined ? rights.everyProject : rights.everyProject.union(own)
  return all.size === 0 ? noPermissions : (all as ReadonlySet<Permission>)
}
