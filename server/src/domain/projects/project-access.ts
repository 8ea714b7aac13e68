import type { RepositoryName } from '#contract/repository-name.ts'
import type { Database, Reader } from '../../database/database.ts'
import { preparedQuery } from '../../database/prepared.ts'
import type { Flag } from '../../database/schema/columns.ts'
import { isSystemAdministrator, type Actor } from '../access/actor.ts'
import { assertCan, assertCanInProject, type ProjectStanding } from '../access/roles/authorise.ts'
import { DomainError } from '../errors.ts'
import { noPermissions, permissionsOfRole, type Permission } from '../access/roles/permissions.ts'

/** A project and what the actor is in it. */
export interface ProjectAccess extends ProjectStanding {
  readonly project: ProjectStanding['project'] & {
    readonly name: string
    /** The remote registry that it is a cache of; undefined for ordinary projects. */
    readonly registryId: number | undefined
  }
}

interface AccessRow {
  readonly id: number
  readonly name: string
  readonly public: Flag
  readonly created_at: number
  readonly registry_id: number | null
  readonly role_id: number | null
  /** Of a composed role. */
  readonly permissions: string | null
}

const columns = [
  'project.id',
  'project.name',
  'project.public',
  'project.created_at',
  'project.registry_id',
  'project_member.role_id',
  'role.permissions',
] as const

/** A row for every project with the account's own role in it, or none. */
const selectOwn = (db: Reader, userId: number) =>
  db
    .selectFrom('project')
    .leftJoin('project_member', (join) =>
      join
        .onRef('project_member.project_id', '=', 'project.id')
        .on('project_member.entity_type', '=', 'user')
        .on('project_member.entity_id', '=', userId),
    )
    .leftJoin('role', 'role.id', 'project_member.role_id')
    .select(columns)

/** A row for every role that a group of the account has. */
const selectOfGroups = (db: Reader, userId: number) =>
  db
    .selectFrom('user_group_member')
    .innerJoin('project_member', (join) =>
      join
        .onRef('project_member.entity_id', '=', 'user_group_member.group_id')
        .on('project_member.entity_type', '=', 'group'),
    )
    .innerJoin('project', 'project.id', 'project_member.project_id')
    .leftJoin('role', 'role.id', 'project_member.role_id')
    .where('user_group_member.user_id', '=', userId)
    .select(columns)

const findAccessByName = preparedQuery<{ name: string; userId: number }, AccessRow>((db, param) =>
  selectOwn(db, param('userId'))
    .where('project.name', '=', param('name'))
    .unionAll(selectOfGroups(db, param('userId')).where('project.name', '=', param('name'))),
)

const findAccessById = preparedQuery<{ id: number; userId: number }, AccessRow>((db, param) =>
  selectOwn(db, param('userId'))
    .where('project.id', '=', param('id'))
    .unionAll(selectOfGroups(db, param('userId')).where('project.id', '=', param('id'))),
)

/** No account has this id: an actor without an account has no membership. */
const nobody = 0

const userIdOf = (actor: Actor): number => (actor.kind === 'user' ? actor.id : nobody)

/** One query for everything that decides about a request, as it is at this moment. */
export async function findProjectAccess(
  database: Pick<Database, 'read'>,
  actor: Actor,
  projectName: string,
): Promise<ProjectAccess | undefined> {
  return accessOf(await findAccessByName.all(database.read, { name: projectName, userId: userIdOf(actor) }))
}

/** The same for many projects in one query, by name; those that do not exist are left out. */
export async function findProjectAccesses(
  database: Pick<Database, 'read'>,
  actor: Actor,
  projectNames: readonly string[],
): Promise<ReadonlyMap<string, ProjectAccess>> {
  if (projectNames.length === 0) return new Map()
  const names = [...new Set(projectNames)]
  const userId = userIdOf(actor)
  const { read } = database
  const rows = await selectOwn(read, userId)
    .where('project.name', 'in', names)
    .unionAll(selectOfGroups(read, userId).where('project.name', 'in', names))
    .execute()
  return new Map([...Map.groupBy(rows, (row) => row.name)].map(([name, ofProject]) => [name, accessOf(ofProject)!]))
}

/** The same for a project that is named by its id. */
export async function findProjectAccessById(
  database: Pick<Database, 'read'>,
  actor: Actor,
  projectId: number,
): Promise<ProjectAccess | undefined> {
  return accessOf(await findAccessById.all(database.read, { id: projectId, userId: userIdOf(actor) }))
}

/**
 * The project that the caller names by its id, when they have the permission. A refusal says the id.
 * @throws DomainError PROJECT_UNKNOWN (to who may see all projects), UNAUTHENTICATED, FORBIDDEN
 */
export async function getProjectByIdFor(
  reader: Reader,
  actor: Actor,
  permission: Permission,
  projectId: number,
): Promise<ProjectAccess> {
  const access = await findProjectAccessById({ read: reader }, actor, projectId)
  if (access !== undefined || !isSystemAdministrator(actor))
    assertCanInProject(actor, permission, access, String(projectId))
  if (access === undefined) throw new DomainError('PROJECT_UNKNOWN', `project ${projectId} not found`)
  return access
}

/** Every project in which the account is a member, by itself or in a group, and what that gives. */
export async function findMemberships(
  reader: Reader,
  userId: number,
): Promise<readonly { readonly projectId: number; readonly granted: ReadonlySet<Permission> }[]> {
  const rows = await selectOwn(reader, userId)
    .where('project_member.role_id', 'is not', null)
    .unionAll(selectOfGroups(reader, userId))
    .execute()
  return [...Map.groupBy(rows, (row) => row.id)].map(([projectId, ofProject]) => ({
    projectId,
    granted: grantedBy(ofProject.filter(isRole)),
  }))
}

/** All rows are of one project; undefined when there is none. */
function accessOf(rows: readonly AccessRow[]): ProjectAccess | undefined {
  const [first] = rows
  if (first === undefined) return undefined
  const roles = rows.filter(isRole)
  return {
    project: {
      id: first.id,
      name: first.name,
      public: first.public === 1,
      createdAt: first.created_at,
      registryId: first.registry_id ?? undefined,
    },
    roleIds: [...new Set(roles.map((role) => role.role_id))],
    granted: grantedBy(roles),
  }
}

const isRole = <Row extends { role_id: number | null }>(row: Row): row is Row & { role_id: number } =>
  row.role_id !== null

function grantedBy(
  roles: readonly { readonly role_id: number; readonly permissions: string | null }[],
): ReadonlySet<Permission> {
  const sets = roles.map(({ role_id: id, permissions }) =>
    permissionsOfRole(id, permissions === null ? undefined : (JSON.parse(permissions) as string[])),
  )
  return sets.length < 2 ? (sets[0] ?? noPermissions) : new Set(sets.flatMap((set) => [...set]))
}

/**
 * The gate of every operation on a repository.
 * @throws DomainError UNAUTHENTICATED, FORBIDDEN
 */
export function assertActorCan(
  actor: Actor,
  permission: Permission,
  repositoryName: RepositoryName,
  access: ProjectAccess | undefined,
): void {
  assertCan(actor, permission, access, repositoryName)
}
