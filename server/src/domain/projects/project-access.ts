import type { RepositoryName } from '#contract/repository-name.ts'
import type { Database, Reader } from '../../database/database.ts'
import { preparedQuery } from '../../database/prepared.ts'
import type { Flag } from '../../database/schema.ts'
import type { Actor } from '../access/actor.ts'
import { assertCan, type ProjectStanding } from '../access/authorise.ts'
import type { Permission } from '../access/permissions.ts'

/** A project and what the actor is in it. */
export interface ProjectAccess extends ProjectStanding {
  readonly project: ProjectStanding['project'] & { readonly name: string }
}

interface AccessRow {
  readonly id: number
  readonly name: string
  readonly public: Flag
  readonly created_at: number
  readonly role_id: number | null
}

const selectAccess = (db: Reader, userId: number) =>
  db
    .selectFrom('project')
    .leftJoin('project_member', (join) =>
      join
        .onRef('project_member.project_id', '=', 'project.id')
        .on('project_member.entity_type', '=', 'user')
        .on('project_member.entity_id', '=', userId),
    )
    .select(['project.id', 'project.name', 'project.public', 'project.created_at', 'project_member.role_id'])

const findAccessByName = preparedQuery<{ name: string; userId: number }, AccessRow>((db, param) =>
  selectAccess(db, param('userId')).where('project.name', '=', param('name')),
)

const findAccessById = preparedQuery<{ id: number; userId: number }, AccessRow>((db, param) =>
  selectAccess(db, param('userId')).where('project.id', '=', param('id')),
)

/** No account has it: who comes without one is a member of nothing. */
const nobody = 0

const userIdOf = (actor: Actor): number => (actor.kind === 'user' ? actor.id : nobody)

/** One query for everything that decides about a request, as it is at this moment. */
export async function findProjectAccess(
  database: Pick<Database, 'read'>,
  actor: Actor,
  projectName: string,
): Promise<ProjectAccess | undefined> {
  const row = await findAccessByName.first(database.read, { name: projectName, userId: userIdOf(actor) })
  return row === undefined ? undefined : accessOf(row)
}

/** The same for many projects in one query, by name; those that do not exist are left out. */
export async function findProjectAccesses(
  database: Pick<Database, 'read'>,
  actor: Actor,
  projectNames: readonly string[],
): Promise<ReadonlyMap<string, ProjectAccess>> {
  if (projectNames.length === 0) return new Map()
  const rows = await selectAccess(database.read, userIdOf(actor))
    .where('project.name', 'in', [...new Set(projectNames)])
    .execute()
  return new Map(rows.map((row) => [row.name, accessOf(row)]))
}

/** The same for a project that is named by its id. */
export async function findProjectAccessById(
  database: Pick<Database, 'read'>,
  actor: Actor,
  projectId: number,
): Promise<ProjectAccess | undefined> {
  const row = await findAccessById.first(database.read, { id: projectId, userId: userIdOf(actor) })
  return row === undefined ? undefined : accessOf(row)
}

function accessOf(row: AccessRow): ProjectAccess {
  return {
    project: { id: row.id, name: row.name, public: row.public === 1, createdAt: row.created_at },
    roleId: row.role_id ?? undefined,
  }
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
