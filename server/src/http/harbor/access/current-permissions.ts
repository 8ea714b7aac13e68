import { withoutTrailing } from '#contract/trailing.ts'
import type { Database } from '../../../database/database.ts'
import { isSystemAdministrator, type Actor } from '../../../domain/access/actor.ts'
import { permissionsIn } from '../../../domain/access/roles/authorise.ts'
import { grantablePermissions, type GrantablePermission } from '../../../domain/access/roles/grantable-permissions.ts'
import { findProjectAccessById } from '../../../domain/projects/project-access.ts'

/**
 * What the actor may do in the scope, which is `/` or empty for the registry and `/project/1` for a project. Full names
 * (`/project/1/repository`) or, `relative`, what comes behind the scope; `.` is the project itself.
 */
export async function currentPermissions(
  database: Pick<Database, 'read'>,
  actor: Actor,
  scope: string,
  relative: boolean,
): Promise<readonly GrantablePermission[]> {
  const path = withoutTrailing(scope, '/')
  if (path === '/system' || path === '') {
    if (path === '' || !isSystemAdministrator(actor)) return []
    const name = (resource: string) => (relative ? resource : `${path}/${resource}`)
    return grantablePermissions.system.map(({ resource, action }) => ({ resource: name(resource), action }))
  }
  const id = /^\/project\/(\d{1,15})$/.exec(path)?.[1]
  const access = id === undefined ? undefined : await findProjectAccessById(database, actor, Number(id))
  if (access === undefined) return []
  return [...permissionsIn(actor, access)].map((permission) => {
    const [resource = '', action = ''] = permission.split(':')
    if (resource === 'project') return { resource: relative ? '.' : path, action }
    return { resource: relative ? resource : `${path}/${resource}`, action }
  })
}
