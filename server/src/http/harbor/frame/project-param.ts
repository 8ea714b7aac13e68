import type { Database } from '../../../database/database.ts'
import type { Actor } from '../../../domain/access/actor.ts'
import {
  findProjectAccess,
  findProjectAccessById,
  type ProjectAccess,
} from '../../../domain/projects/project-access.ts'

type PathParams = Readonly<Record<string, string>>

/** The project of a path: how the client named it, and what was found under that. */
export interface PathProject {
  readonly said: string
  readonly found: ProjectAccess | undefined
}

/**
 * The project that a path names. `{project_name}` is always a name; `{project_name_or_id}` is an id when it is an integer
 * and a project has it, unless `X-Is-Resource-Name: true` says that it is a name (Harbor's rules).
 */
export async function findPathProject(
  database: Database,
  actor: Actor,
  request: Request,
  { project_name: name, project_name_or_id: nameOrId }: PathParams,
): Promise<PathProject> {
  if (name !== undefined) return { said: name, found: await findProjectAccess(database, actor, name) }
  const said = nameOrId ?? ''
  const mustBeName = request.headers.get('x-is-resource-name') === 'true'
  const byId =
    !mustBeName && /^[0-9]{1,15}$/.test(said) ? await findProjectAccessById(database, actor, Number(said)) : undefined
  return { said, found: byId ?? (await findProjectAccess(database, actor, said)) }
}

/**
 * The parameters that handlers see. The text that names the project is not among them: two projects can be meant by it,
 * and the permission was asked in the one that `call.project` holds.
 */
export function withoutProject(params: PathParams): PathParams {
  const { project_name: _name, project_name_or_id: _nameOrId, ...rest } = params
  return rest
}
