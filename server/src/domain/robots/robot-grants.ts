import type { Reader } from '../../database/database.ts'
import { DomainError } from '../errors.ts'
import type { RobotHome } from './robot-authorisation.ts'
import { isGrantable, type Grant, type RightsScope } from '../access/robots/robot-rights.ts'

/** A grant as Harbor's API writes it. */
export interface RobotPermission {
  readonly kind: string
  /** `/` for the registry, a project's name, or `*` for every project. */
  readonly namespace: string
  readonly access: readonly RobotAccess[]
}

export interface RobotAccess {
  readonly resource: string
  readonly action: string
  /** Of what is given; `allow` when left out, and nothing else can be: a robot has no list of what it may not. */
  readonly effect?: string | null | undefined
}

/** In every project. */
export const everyNamespace = '*'
/** The registry itself. */
export const systemNamespace = '/'

const maxPermissions = 1_000

/**
 * The grants that a robot in `home` may be given. A project's robot has one grant, in its own project.
 * @throws DomainError BAD_REQUEST, in Harbor's words; PROJECT_UNKNOWN
 */
export async function parseGrants(
  reader: Reader,
  home: RobotHome,
  permissions: readonly RobotPermission[],
): Promise<Grant[]> {
  if (permissions.length === 0) throw new DomainError('BAD_REQUEST', 'bad request empty permission')
  if (permissions.length > maxPermissions)
    throw new DomainError('BAD_REQUEST', `a robot has ${maxPermissions} permissions at the most`)
  if (home !== undefined && permissions.length > 1) throw new DomainError('BAD_REQUEST', 'bad request permission')
  for (const permission of permissions) assertPermission(permission, home)
  const names = permissions.filter(({ kind, namespace }) => kind === 'project' && namespace !== everyNamespace)
  const ids = await findProjectIds(
    reader,
    names.map(({ namespace }) => namespace),
  )
  return permissions.map(({ kind, namespace, access }) => {
    const scope: RightsScope | undefined =
      kind === 'system' ? 'system' : namespace === everyNamespace ? 'every-project' : ids.get(namespace)
    if (scope === undefined) throw new DomainError('PROJECT_UNKNOWN', `project ${namespace} not found`)
    const denied = access.find(({ effect }) => effect && effect !== 'allow')
    if (denied !== undefined) throw effectUnknown(denied)
    const given = access.map(({ resource, action }) => `${resource}:${action}`)
    const wrong = given.find((permission) => !isGrantable(scope, permission))
    if (wrong !== undefined) throw new DomainError('BAD_REQUEST', `bad request permission: ${wrong}`)
    return { scope, access: [...new Set(given)] }
  })
}

function assertPermission({ kind, namespace, access }: RobotPermission, home: RobotHome): void {
  if (access.length === 0) throw new DomainError('BAD_REQUEST', 'bad request empty access')
  if (kind !== 'system' && kind !== 'project')
    throw new DomainError('BAD_REQUEST', `bad request permission level: ${kind}`)
  if (kind === 'system' && namespace !== systemNamespace)
    throw new DomainError('BAD_REQUEST', `the namespace of a system permission is ${systemNamespace}`)
  if (home !== undefined && (kind !== 'project' || namespace !== home.project.name))
    throw new DomainError('BAD_REQUEST', 'a robot of a project has permissions in it alone')
}

function effectUnknown({ resource, action, effect }: RobotAccess): DomainError {
  const what = `${resource}:${action}`.slice(0, 100)
  const why = `bad request permission: the effect of ${what} is ${String(effect).slice(0, 100)}`
  return new DomainError('BAD_REQUEST', `${why}; it can only be allow: leave out what a robot may not do`)
}

async function findProjectIds(reader: Reader, names: readonly string[]): Promise<Map<string, number>> {
  if (names.length === 0) return new Map()
  const rows = await reader
    .selectFrom('project')
    .select(['id', 'name'])
    .where('name', 'in', [...new Set(names)])
    .execute()
  return new Map(rows.map(({ id, name }) => [name, id]))
}
