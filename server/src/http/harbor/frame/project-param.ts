import type { Database } from '../../../database/database.ts'
import type { Actor } from '../../../domain/access/actor.ts'
import {
  findProjectAccess,
  findProjectAccessById,
  type ProjectAccess,
} from '../../../domain/projects/project-access.ts'

/**
 * The project that a path names. An integer is an id first, unless `X-Is-Resource-Name: true` says that it is
 * a name (Harbor's rule).
 */
export async function findNamedProject(
  database: Database,
  actor: Actor,
  request: Request,
  nameOrId: string,
): Promise<ProjectAccess | undefined> {
  const mustBeName = request.headers.get('x-is-resource-name') === 'true'
  if (!mustBeName && /^[0-9]{1,15}$/.test(nameOrId)) {
    const project = await findProjectAccessById(database, actor, Number(nameOrId))
    if (project !== undefined) return project
  }
  return await findProjectAccess(database, actor, nameOrId)
}
