import type { Writer } from '../../database/database.ts'
import { isSystemAdministrator, type Actor } from '../access/actor.ts'
import { assertCanInSystem } from '../access/roles/authorise.ts'
import { DomainError } from '../errors.ts'

/** @throws DomainError UNAUTHENTICATED, FORBIDDEN */
export function assertMayCreateProject(
  actor: Actor,
  project: { readonly owner?: string; readonly registryId?: number | undefined },
): void {
  if (actor.kind === 'anonymous') throw new DomainError('UNAUTHENTICATED', 'log in to create a project')
  if (project.registryId !== undefined && !isSystemAdministrator(actor))
    throw new DomainError('FORBIDDEN', 'Only system admin can create proxy cache project')
  if (actor.kind === 'robot') return assertCanInSystem(actor, 'project:create')
  if (actor.kind !== 'user') return
  if (actor.access !== undefined || actor.limits !== undefined)
    throw new DomainError('FORBIDDEN', 'a token cannot create projects')
  if (project.owner !== undefined && project.owner !== actor.username && !actor.admin) {
    throw new DomainError('FORBIDDEN', 'only a system administrator may create a project for another user')
  }
}

/** The id of the first project admin; undefined when no user is named. @throws DomainError USER_UNKNOWN */
export async function ownerOf(tx: Writer, actor: Actor, owner: string | undefined): Promise<number | undefined> {
  if (owner === undefined) return actor.kind === 'user' ? actor.id : undefined
  const row = await tx.selectFrom('user_account').select('id').where('username', '=', owner).executeTakeFirst()
  if (row === undefined) throw new DomainError('USER_UNKNOWN', `there is no user ${owner}`)
  return row.id
}
