import { withoutTrailing } from '#contract/trailing.ts'
import type { Database } from '../../../database/database.ts'
import type { Actor } from '../../../domain/access/actor.ts'
import { canInSystem, permissionsIn } from '../../../domain/access/roles/authorise.ts'
import {
  grantablePermissions,
  type GrantablePermission,
  type SystemPermission,
} from '../../../domain/access/roles/grantable-permissions.ts'
import { findProjectAccessById } from '../../../domain/projects/project-access.ts'

/**
 * What the actor may do in the place that the scope lies in: `/system`, or a project (`/project/1`, and below it
 * `/project/1/repository`). Full names of all that is there or, `relative`, of what lies in the scope itself what comes
 * behind it; `.` is the scope itself.
 */
export async function currentPermissions(
  database: Pick<Database, 'read'>,
  actor: Actor,
  scope: string,
  relative: boolean,
): Promise<readonly GrantablePermission[]> {
  const path = withoutTrailing(scope, '/')
  const granted = await permissionsAround(database, actor, path)
  return relative ? granted.flatMap((permission) => relativeTo(path, permission)) : granted
}

/** With their full names. */
async function permissionsAround(
  database: Pick<Database, 'read'>,
  actor: Actor,
  path: string,
): Promise<readonly GrantablePermission[]> {
  if (/^\/system(\/|$)/.test(path)) {
    if (actor.kind === 'robot') return []
    return grantablePermissions.system
      .filter(({ resource, action }) => canInSystem(actor, `${resource}:${action}` as SystemPermission))
      .map(({ resource, action }) => ({ resource: `/system/${resource}`, action }))
  }
  const id = /^\/project\/(\d{1,15})(\/|$)/.exec(path)?.[1]
  const access = id === undefined ? undefined : await findProjectAccessById(database, actor, Number(id))
  if (access === undefined) return []
  return [...permissionsIn(actor, access)].map((permission) => {
    const [resource = '', action = ''] = permission.split(':')
    return { resource: resource === 'project' ? `/project/${id}` : `/project/${id}/${resource}`, action }
  })
}

function relativeTo(path: string, { resource, action }: GrantablePermission): readonly GrantablePermission[] {
  if (resource === path) return [{ resource: '.', action }]
  return resource.startsWith(`${path}/`) ? [{ resource: resource.slice(path.length + 1), action }] : []
}
