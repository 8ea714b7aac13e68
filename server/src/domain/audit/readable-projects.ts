import type { Reader } from '../../database/database.ts'
import type { Actor } from '../access/actor.ts'
import { canInSystem } from '../access/roles/authorise.ts'
import { findMemberships } from '../projects/project-access.ts'
import type { AuditQuery } from './audit-log.ts'

/** The projects whose log the actor may read; undefined: the whole log, events outside of projects too. */
export async function readableProjects(reader: Reader, actor: Actor): Promise<AuditQuery['projects']> {
  if (canInSystem(actor, 'audit-log:list')) return undefined
  if (actor.kind === 'robot' && actor.access === undefined) {
    const { everyProject, projects } = actor.rights
    if (everyProject.has('log:list')) return 'every'
    return [...projects].filter(([, access]) => access.has('log:list')).map(([id]) => id)
  }
  if (actor.kind !== 'user' || actor.access !== undefined) return []
  const { limits } = actor
  if (limits !== undefined && !limits.permissions.has('log:list')) return []
  const memberships = await findMemberships(reader, actor.id)
  return memberships
    .filter(({ granted, projectId }) => granted.has('log:list') && limits?.projectIds?.has(projectId) !== false)
    .map(({ projectId }) => projectId)
}
