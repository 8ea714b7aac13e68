import { sql, type RawBuilder, type SqlBool } from 'kysely'
import type { Reader } from '../../database/database.ts'
import { limitsOf, type Actor } from '../access/actor.ts'
import { isAdministrator } from '../access/roles/authorise.ts'
import { permissionsOfRole, publicProjectPermissions, roleIds, type Permission } from '../access/roles/permissions.ts'

/** A condition on `project`. */
export type ProjectCondition = RawBuilder<SqlBool>

const every: ProjectCondition = sql<SqlBool>`1 = 1`
const none: ProjectCondition = sql<SqlBool>`1 = 0`

/**
 * The projects in which the actor has the permission: what `can` says of one project, as a condition for lists. Being a
 * member is not enough, since a composed role, a robot's grant or a personal token may leave the permission out. What an
 * access token takes away is not looked at: lists below /v2 ask the gates about each of their rows.
 */
export function visibleTo(actor: Actor, permission: Permission): ProjectCondition {
  const limits = limitsOf(actor)
  if (limits === undefined) return grantedTo(actor, permission)
  const { permissions, projectIds } = limits
  if (!permissions.has(permission) || projectIds?.size === 0) return none
  const granted = grantedTo(actor, permission)
  if (projectIds === undefined) return granted
  return sql<SqlBool>`(${granted} and project.id in (${sql.join([...projectIds])}))`
}

/** Whether there is any project in which the actor has the permission. */
export async function hasProjectWith(reader: Reader, actor: Actor, permission: Permission): Promise<boolean> {
  const query = reader.selectFrom('project').select('id').where(visibleTo(actor, permission)).limit(1)
  return (await query.executeTakeFirst()) !== undefined
}

/** The projects in a list of projects; one that Harbor gave robots (`project:list` in the registry) shows all of them. */
export function listedTo(actor: Actor): ProjectCondition {
  if (actor.kind === 'robot' && actor.rights.system.has('project:list')) return every
  return visibleTo(actor, 'project:read')
}

function grantedTo(actor: Actor, permission: Permission): ProjectCondition {
  if (isAdministrator(actor)) return every
  const own = ownTo(actor, permission)
  return publicProjectPermissions.has(permission) ? sql<SqlBool>`(project.public = 1 or ${own})` : own
}

function ownTo(actor: Actor, permission: Permission): ProjectCondition {
  if (actor.kind === 'user') return memberWith(actor.id, permission)
  if (actor.kind !== 'robot') return none
  const { everyProject, projects } = actor.rights
  if (everyProject.has(permission)) return every
  const ids = [...projects].filter(([, access]) => access.has(permission)).map(([id]) => id)
  return ids.length === 0 ? none : sql<SqlBool>`project.id in (${sql.join(ids)})`
}

/** By a role of the account's own or of one of its groups. */
function memberWith(userId: number, permission: Permission): ProjectCondition {
  const roles = rolesWith(permission)
  return sql<SqlBool>`project.id in (
    select project_member.project_id from project_member
      where project_member.entity_type = 'user' and project_member.entity_id = ${userId} and ${roles}
    union all select project_member.project_id from project_member
      join user_group_member on user_group_member.group_id = project_member.entity_id
      where project_member.entity_type = 'group' and user_group_member.user_id = ${userId} and ${roles})`
}

/** Harbor's roles by what the program knows of them; composed ones by the JSON list of names in their row. */
function rolesWith(permission: Permission): RawBuilder<SqlBool> {
  const fixed = Object.values(roleIds).filter((id) => permissionsOfRole(id).has(permission))
  return sql<SqlBool>`(project_member.role_id in (${sql.join(fixed)}) or project_member.role_id in (
    select role.id from role where role.permissions like ${`%"${permission}"%`}))`
}
