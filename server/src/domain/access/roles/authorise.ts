import { DomainError } from '../../errors.ts'
import { isSystemAdministrator, limitsOf, tokenAccessOf, type Actor, type ActorLimits } from '../actor.ts'
import { dutyOf, hasDuty, isApart } from './duties.ts'
import type { SystemPermission } from './grantable-permissions.ts'
import { allPermissions, publicProjectPermissions, type Permission } from './permissions.ts'
import { projectRightsOf, robotMayInProject } from '../robots/robot-rights.ts'

/** Where an actor stands towards one project at this moment. */
export interface ProjectStanding {
  readonly project: { readonly id: number; readonly public: boolean; readonly createdAt: number }
  /** Their roles as a member, their own and those of their groups; none for everyone else. */
  readonly roleIds: readonly number[]
  /** What those roles give, added up. */
  readonly granted: ReadonlySet<Permission>
}

/** What a permission is called in the scope of an access token; what has no name there, no token gives. */
const tokenActions: Readonly<Partial<Record<Permission, string>>> = {
  'repository:pull': 'pull',
  'repository:push': 'push',
  'artifact:delete': 'delete',
}

/** What the account behind the actor may do in the project; an access token's restrictions come on top (`can`). */
export function permissionsIn(actor: Actor, standing: ProjectStanding): ReadonlySet<Permission> {
  const limits = limitsOf(actor)
  if (limits !== undefined)
    return new Set(
      [...permissionsWithoutLimits(actor, standing)].filter((permission) => limitsAllow(limits, permission, standing)),
    )
  return permissionsWithoutLimits(actor, standing)
}

/** The audit log of a project, too, is that of audit administrators. */
const withoutLogs: ReadonlySet<Permission> = new Set(
  [...allPermissions].filter((permission) => permission !== 'log:list'),
)

function permissionsWithoutLimits(actor: Actor, standing: ProjectStanding): ReadonlySet<Permission> {
  if (isAdministrator(actor)) return isApart(actor, 'audit') ? withoutLogs : allPermissions
  const own = actor.kind === 'robot' ? projectRightsOf(actor.rights, standing.project.id) : standing.granted
  if (!standing.project.public) return own
  return own.size === 0 ? publicProjectPermissions : own.union(publicProjectPermissions)
}

/**
 * May the actor do this? With an access token: only what the token says for this repository *and* what its
 * account may do now. `standing` is undefined when there is no such project.
 */
export function can(
  actor: Actor,
  permission: Permission,
  standing: ProjectStanding | undefined,
  repositoryName?: string,
): boolean {
  return accountMay(actor, permission, standing) && tokenMay(actor, permission, standing, repositoryName)
}

/** Also with a personal token, which gives of their rights in projects what it names. */
export const isAdministrator = (actor: Actor): boolean =>
  isSystemAdministrator(actor) || (actor.kind === 'user' && actor.admin)

function limitsAllow(limits: ActorLimits, permission: Permission, standing: ProjectStanding): boolean {
  const { projectIds, permissions } = limits
  return permissions.has(permission) && (projectIds === undefined || projectIds.has(standing.project.id))
}

function accountMay(actor: Actor, permission: Permission, standing: ProjectStanding | undefined): boolean {
  const limits = limitsOf(actor)
  if (limits !== undefined && (standing === undefined || !limitsAllow(limits, permission, standing))) return false
  if (isAdministrator(actor)) return permission !== 'log:list' || !isApart(actor, 'audit')
  if (standing === undefined) return false
  if (actor.kind === 'robot') {
    if (robotMayInProject(actor.rights, standing.project.id, permission)) return true
  } else if (standing.granted.has(permission)) return true
  return standing.project.public && publicProjectPermissions.has(permission)
}

function tokenMay(
  actor: Actor,
  permission: Permission,
  standing: ProjectStanding | undefined,
  repositoryName: string | undefined,
): boolean {
  const access = tokenAccessOf(actor)
  if (access === undefined) return true
  const action = tokenActions[permission]
  if (action === undefined || repositoryName === undefined) return false
  // A token from before the project was made was meant for an earlier project of that name.
  const fromAccount = actor.kind === 'user' || actor.kind === 'robot'
  if (fromAccount && standing !== undefined && (actor.tokenIssuedAt ?? 0) < standing.project.createdAt) return false
  return access.some(
    ({ type, name, actions }) => type === 'repository' && name === repositoryName && actions.includes(action),
  )
}

/**
 * Refuses what `can` denies. A missing project and one the actor may not see give the same answer.
 * @throws DomainError UNAUTHENTICATED when credentials, or a token with another scope, could help; else FORBIDDEN
 */
export function assertCan(
  actor: Actor,
  permission: Permission,
  standing: ProjectStanding | undefined,
  repositoryName: string,
): void {
  if (can(actor, permission, standing, repositoryName)) return
  const renewable = actor.kind === 'anonymous' || accountMay(actor, permission, standing)
  const action = tokenActions[permission] ?? permission
  const why = `unauthorized to access repository: ${repositoryName}, action: ${action}`
  // Twice, because Harbor says it twice and its users' scripts match "action: push: unauthorized to access repository".
  throw new DomainError(renewable ? 'UNAUTHENTICATED' : 'FORBIDDEN', `${why}: ${why}`, {
    detail: { repository: repositoryName, action },
  })
}

/**
 * For what is done to a project itself or its members. `said` is how the caller named the project, never how it was found:
 * by counting ids nobody learns names.
 * @throws DomainError UNAUTHENTICATED, FORBIDDEN
 */
export function assertCanInProject(
  actor: Actor,
  permission: Permission,
  standing: ProjectStanding | undefined,
  said: string,
): void {
  if (can(actor, permission, standing)) return
  throw new DomainError(refusalCode(actor), `not allowed in project ${said}: ${permission}`, {
    detail: { project: said, permission },
  })
}

/** An object as the caller named it: the kind and the id of the request. */
export type SaidObject = `${'label' | 'robot' | 'retention policy' | 'trash entry'} ${number}` | 'the trash'

/**
 * The refusal for an object that was asked for by its id. It repeats the id and says nothing of what was found, so that it
 * is the same for an id that nothing has.
 */
export function refusedOn(actor: Actor, said: SaidObject, permission: string): DomainError {
  return new DomainError(refusalCode(actor), `not allowed on ${said}: ${permission}`)
}

/** Credentials could help whoever came without any. */
const refusalCode = (actor: Actor) => (actor.kind === 'anonymous' ? 'UNAUTHENTICATED' : 'FORBIDDEN')

/**
 * May the actor do this wherever an object may lie: in every project and, when it asks for more than reading, in the
 * registry itself? Only they may hear that an id is nobody's.
 */
export function canEverywhere(actor: Actor, permission: Permission & SystemPermission): boolean {
  if (isSystemAdministrator(actor)) return true
  return actor.kind === 'robot' && actor.rights.everyProject.has(permission) && actor.rights.system.has(permission)
}

/**
 * For what concerns the whole registry. An access token is for repositories and never enough.
 * @throws DomainError UNAUTHENTICATED, FORBIDDEN
 */
export function assertSystemAdministrator(actor: Actor): void {
  if (isSystemAdministrator(actor) && tokenAccessOf(actor) === undefined) return
  throw refusedInSystem(actor, 'only a system administrator may do this')
}

/**
 * For the rules of security that hold for the whole registry: security administrators, and system administrators as long as there are
 * none.
 * @throws DomainError UNAUTHENTICATED, FORBIDDEN
 */
export function assertSecurityAdministrator(actor: Actor): void {
  if (hasDuty(actor, 'security')) return
  if (isApart(actor, 'security')) throw refusedInSystem(actor, 'only a security administrator may do this')
  assertSystemAdministrator(actor)
}

/** System administrators, and robots to whom the permission was given. An access token is never enough. */
export function canInSystem(actor: Actor, permission: SystemPermission): boolean {
  if (tokenAccessOf(actor) !== undefined) return false
  const duty = dutyOf(permission)
  if (duty !== undefined && hasDuty(actor, duty)) return true
  if (isSystemAdministrator(actor)) return duty === undefined || !isApart(actor, duty)
  return actor.kind === 'robot' && actor.rights.system.has(permission)
}

/** @throws DomainError UNAUTHENTICATED, FORBIDDEN */
export function assertCanInSystem(actor: Actor, permission: SystemPermission): void {
  if (canInSystem(actor, permission)) return
  const duty = dutyOf(permission)
  const who =
    duty !== undefined && isApart(actor, duty)
      ? `${duty === 'audit' ? 'an audit' : 'a security'} administrator`
      : 'a system administrator'
  throw refusedInSystem(actor, `only ${who}, or a robot with ${permission}, may do this`)
}

function refusedInSystem(actor: Actor, message: string): DomainError {
  return new DomainError(refusalCode(actor), message)
}
