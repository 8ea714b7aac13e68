import type { Reader } from '../../database/database.ts'
import type { Actor } from '../access/actor.ts'
import { canInSystem } from '../access/authorise.ts'
import { findRoleName, roleIds, rolePermissions } from '../access/permissions.ts'
import type { AuditQuery } from './audit-log.ts'

const readingRoles = Object.values(roleIds).filter((id) => rolePermissions[findRoleName(id)!].has('log:list'))

/** Of which projects the actor may read the log; undefined: all of it, also what happened in none. */
export async function readableProjects(reader: Reader, actor: Actor): Promise<AuditQuery['projects']> {
  if (canInSystem(actor, 'audit-log:list')) return undefined
  if (actor.kind === 'robot' && actor.access === undefined) {
    const { everyProject, projects } = actor.rights
    if (everyProject.has('log:list')) return 'every'
    return [...projects].filter(([, access]) => access.has('log:list')).map(([id]) => id)
  }
  if (actor.kind !== 'user' || actor.access !== undefined) return []
  const rows = await reader
    .selectFrom('project_member')
    .select('project_id')
    .where('entity_type', '=', 'user')
    .where('entity_id', '=', actor.id)
    .where('role_id', 'in', readingRoles)
    .execute()
  return rows.map((row) => row.project_id)
}
