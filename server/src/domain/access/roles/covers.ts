import { DomainError } from '../../errors.ts'
import { actorName, isSystemAdministrator, tokenAccessOf, type Actor } from '../actor.ts'
import { projectRightsOf, type RobotRights } from '../robots/robot-rights.ts'
import { permissionsIn, type ProjectStanding } from './authorise.ts'
import { dutyOf, isApart } from './duties.ts'
import { heldBackPull } from './grantable-permissions.ts'

/** Rights in one project, as a role gives them. */
export function rightsInProject(projectId: number, permissions: ReadonlySet<string>): RobotRights {
  return { system: new Set(), everyProject: new Set(), projects: new Map([[projectId, permissions]]) }
}

/**
 * Nobody gives what they do not have: asked by every verb that makes or widens a robot or a membership, in the
 * transaction that does it and with the actor as `currentActor` finds it there. `standings`: of the projects that the
 * rights name, as far as the actor knows them. `gift`: what is given, in the words of who asks for it.
 * @throws DomainError FORBIDDEN
 */
export function assertCovers(
  actor: Actor,
  rights: RobotRights,
  standings: readonly ProjectStanding[],
  gift: string,
): void {
  const missing = firstMissing(actor, rights, standings)
  if (missing === undefined) return
  throw refused(actor, `${gift} has ${missing}, which ${actorName(actor)} does not have here`, { permission: missing })
}

/**
 * Nobody rules over what has more than they: asked as `assertCovers` is, before a robot, its secret, its trust rules or
 * a membership change. `subject`: what would change, in the words of who asks; what it has is not told.
 * @throws DomainError FORBIDDEN
 */
export function assertOutranks(
  actor: Actor,
  rights: RobotRights,
  standings: readonly ProjectStanding[],
  subject: string,
): void {
  if (firstMissing(actor, rights, standings) === undefined) return
  throw refused(actor, `${subject} has rights that ${actorName(actor)} does not have here; ask somebody who has them`)
}

/** The first words are Harbor's, for what a robot asks. */
function refused(actor: Actor, why: string, detail?: Readonly<Record<string, unknown>>): DomainError {
  const scope = 'permission scope is invalid. It must be equal to or more restrictive than'
  const message = actor.kind === 'robot' ? `${scope} the creator robot's permissions: ${actor.username}: ${why}` : why
  return new DomainError('FORBIDDEN', message, detail === undefined ? {} : { detail: { ...detail } })
}

/** The first of the rights that the actor does not have; undefined when they have them all. */
export function firstMissing(
  actor: Actor,
  rights: RobotRights,
  standings: readonly ProjectStanding[],
): string | undefined {
  if (isSystemAdministrator(actor) && tokenAccessOf(actor) === undefined) return firstApart(actor, rights)
  const own = actor.kind === 'robot' ? actor.rights : undefined
  const beyondProjects = [
    ...[...rights.system].filter((permission) => own?.system.has(permission) !== true),
    ...[...rights.everyProject].filter((permission) => own?.everyProject.has(permission) !== true),
  ]
  if (beyondProjects[0] !== undefined) return beyondProjects[0]
  for (const [projectId, permissions] of rights.projects) {
    const held = heldIn(actor, projectId, standings)
    const missing = [...permissions].find((permission) => !holds(actor, held, permission))
    if (missing !== undefined) return missing
  }
  return undefined
}

/** Without what everybody may in a public project: that ends with the project's being public, a gift does not. */
function heldIn(actor: Actor, projectId: number, standings: readonly ProjectStanding[]): ReadonlySet<string> {
  if (actor.kind === 'robot') return projectRightsOf(actor.rights, projectId)
  const standing = standings.find(({ project }) => project.id === projectId)
  if (standing === undefined) return new Set()
  return permissionsIn(actor, { ...standing, project: { ...standing.project, public: false } })
}

/** What only robots can be given, and the permission of roles that is as much. */
const ofRobotsOnly: Readonly<Record<string, string>> = {
  'metadata:list': 'metadata:read',
  // They could switch the policies off.
  [heldBackPull]: 'project:update',
}

/** What only roles can have, and what of a robot's permissions together is as much. */
const ofRolesOnly: Readonly<Record<string, readonly string[]>> = {
  'repository:create': ['repository:push'],
  'configuration:read': ['project:read'],
  'configuration:update': ['project:update'],
  'tag-retention:operate': ['tag-retention:create', 'tag-retention:update'],
  'export-cve:list': ['export-cve:read'],
  // A robot that is deleted and made again has another secret and another end.
  'robot:update': ['robot:create', 'robot:delete'],
}

function holds(actor: Actor, held: ReadonlySet<string>, permission: string): boolean {
  if (held.has(permission)) return true
  if (actor.kind !== 'robot') return held.has(ofRobotsOnly[permission] ?? permission)
  return ofRolesOnly[permission]?.every((each) => held.has(each)) === true
}

/** What an administrator has not, because somebody else has the duty. */
function firstApart(actor: Actor, rights: RobotRights): string | undefined {
  const ofLogs = [rights.everyProject, ...rights.projects.values()].some((each) => each.has('log:list'))
  if (ofLogs && isApart(actor, 'audit')) return 'log:list'
  return [...rights.system].find((permission) => {
    const duty = dutyOf(permission)
    return duty !== undefined && isApart(actor, duty)
  })
}
