import { isSystemAdministrator, limitsOf, type Actor } from '../access/actor.ts'
import type { ProjectStanding } from '../access/roles/authorise.ts'
import { assertCovers, assertOutranks, rightsInProject } from '../access/roles/covers.ts'
import type { Permission } from '../access/roles/permissions.ts'
import { DomainError } from '../errors.ts'

export type MemberKind = 'user' | 'group'

/** The person or group of the membership. */
export interface MemberEntity {
  readonly kind: MemberKind
  readonly id: number
  readonly name: string
}

/** A role with what it gives at this moment. */
export interface GivenRole {
  readonly id: number
  readonly name: string
  readonly permissions: ReadonlySet<Permission>
}

const isOwnMembership = (actor: Actor, { kind, id }: MemberEntity): boolean =>
  kind === 'user' && actor.kind === 'user' && actor.id === id

/** Somebody gives up what they have; a personal token does not do that in their name. */
export const isLeaving = (actor: Actor, entity: MemberEntity): boolean =>
  isOwnMembership(actor, entity) && limitsOf(actor) === undefined

/** @throws DomainError FORBIDDEN when the role gives more in the project than the actor has there */
export function assertMayGiveRole(actor: Actor, standing: ProjectStanding, { name, permissions }: GivenRole): void {
  assertCovers(actor, rightsInProject(standing.project.id, permissions), [standing], `the role ${name}`)
}

/**
 * `member`: as the caller named them.
 * @throws DomainError FORBIDDEN when the membership gives more than the actor has
 */
export function assertMayRuleMember(
  actor: Actor,
  standing: ProjectStanding,
  member: string,
  granted: ReadonlySet<Permission>,
): void {
  assertOutranks(actor, rightsInProject(standing.project.id, granted), [standing], member)
}

/**
 * A right that comes from a group ends with the group, so a person cannot make it their own. System administrators have
 * every right in any case.
 * @throws DomainError FORBIDDEN
 */
export function assertNotRaisingSelf(
  actor: Actor,
  entity: MemberEntity,
  { from, to }: { readonly from: ReadonlySet<Permission>; readonly to: ReadonlySet<Permission> },
): void {
  if (isSystemAdministrator(actor) || !isOwnMembership(actor, entity) || to.isSubsetOf(from)) return
  throw new DomainError(
    'FORBIDDEN',
    `the own membership of ${entity.name} cannot be raised; ask another administrator of the project`,
  )
}
