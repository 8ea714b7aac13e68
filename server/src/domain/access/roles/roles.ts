import type { Selectable } from 'kysely'
import type { Database } from '../../../database/database.ts'
import type { RoleTable } from '../../../database/schema/identities.ts'
import { isUniqueViolation } from '../../../database/violations.ts'
import type { Clock } from '../../clock.ts'
import { DomainError } from '../../errors.ts'
import type { Events } from '../../events/events.ts'
import type { Actor } from '../actor.ts'
import { currentActor } from '../current-actor.ts'
import { assertSecurityAdministrator } from './authorise.ts'
import { isPermission, isRoleName, roleIds, rolePermissions, type Permission, type RoleName } from './permissions.ts'

/** What a member may do in a project: one of Harbor's five roles, or one that an administrator composed. */
export interface Role {
  readonly id: number
  readonly name: string
  readonly description: string
  readonly permissions: readonly Permission[]
  /** Harbor's, which nobody changes. */
  readonly builtIn: boolean
}

export interface RoleFields {
  readonly name: string
  readonly description: string
  readonly permissions: readonly string[]
}

const maxNameLength = 64
const maxDescriptionLength = 1_024

/** The roles of projects. A change of one counts for its members from their next request on. */
export class Roles {
  readonly #database: Database
  readonly #clock: Clock
  readonly #events: Events

  constructor({ database, clock, events }: { database: Database; clock: Clock; events: Events }) {
    this.#database = database
    this.#clock = clock
    this.#events = events
  }

  /** Harbor's first. There are few: all at once. @throws DomainError UNAUTHENTICATED */
  async listRoles(actor: Actor): Promise<readonly Role[]> {
    if (actor.kind === 'anonymous') throw new DomainError('UNAUTHENTICATED', 'unauthorized')
    const rows = await this.#database.read.selectFrom('role').selectAll().orderBy('name').execute()
    return [...builtIn, ...rows.map(roleOf)]
  }

  /** @throws DomainError BAD_REQUEST, CONFLICT (the name is taken), UNAUTHENTICATED, FORBIDDEN */
  async createRole(actor: Actor, fields: RoleFields): Promise<number> {
    assertSecurityAdministrator(actor)
    const columns = columnsOf(fields)
    const now = this.#clock.now()
    return await unlessTaken(fields.name, () =>
      this.#database.write(async (tx) => {
        assertSecurityAdministrator(await currentActor(tx, actor, this.#clock.now()))
        const { id } = await tx
          .insertInto('role')
          .values({ ...columns, created_at: now, updated_at: now })
          .returning('id')
          .executeTakeFirstOrThrow()
        await this.#events.record(tx, actor, { type: 'create_role', roleId: id, role: fields.name })
        return id
      }),
    )
  }

  /** @throws DomainError BAD_REQUEST, CONFLICT, ROLE_UNKNOWN, UNAUTHENTICATED, FORBIDDEN */
  async updateRole(actor: Actor, id: number, fields: RoleFields): Promise<void> {
    assertSecurityAdministrator(actor)
    const columns = columnsOf(fields)
    await unlessTaken(fields.name, () =>
      this.#database.write(async (tx) => {
        assertSecurityAdministrator(await currentActor(tx, actor, this.#clock.now()))
        const updated = await tx
          .updateTable('role')
          .set({ ...columns, updated_at: this.#clock.now() })
          .where('id', '=', id)
          .executeTakeFirst()
        if (updated.numUpdatedRows === 0n) throw roleUnknown(id)
        await this.#events.record(tx, actor, { type: 'update_role', roleId: id, role: fields.name })
      }),
    )
  }

  /** @throws DomainError CONFLICT while members have it, ROLE_UNKNOWN, UNAUTHENTICATED, FORBIDDEN */
  async deleteRole(actor: Actor, id: number): Promise<void> {
    assertSecurityAdministrator(actor)
    await this.#database.write(async (tx) => {
      assertSecurityAdministrator(await currentActor(tx, actor, this.#clock.now()))
      const deleted = await tx.deleteFrom('role').where('id', '=', id).returning('name').executeTakeFirst()
      if (deleted === undefined) throw roleUnknown(id)
      const member = await tx
        .selectFrom('project_member')
        .innerJoin('project', 'project.id', 'project_member.project_id')
        .select('project.name')
        .where('role_id', '=', id)
        .limit(1)
        .executeTakeFirst()
      if (member !== undefined) {
        throw new DomainError('CONFLICT', `members of project ${member.name} have this role; give them another first`)
      }
      await this.#events.record(tx, actor, { type: 'delete_role', roleId: id, role: deleted.name })
    })
  }
}

const builtIn: readonly Role[] = (Object.entries(roleIds) as [RoleName, number][]).map(([name, id]) => ({
  id,
  name,
  description: '',
  permissions: [...rolePermissions[name]].toSorted(),
  builtIn: true,
}))

function columnsOf({ name, description, permissions }: RoleFields) {
  const refuse = (why: string): never => {
    throw new DomainError('BAD_REQUEST', why)
  }
  if (!/^[\p{L}\p{N}][\p{L}\p{N} ._-]*$/u.test(name) || name.length > maxNameLength)
    refuse(`the name of a role has 1 to ${maxNameLength} letters, digits, spaces and . _ -`)
  if (isRoleName(name)) refuse(`${name} is a role of Harbor's; choose another name`)
  if (description.length > maxDescriptionLength)
    refuse(`a description has ${maxDescriptionLength} characters at the most`)
  const unknown = permissions.find((permission) => !isPermission(permission))
  if (unknown !== undefined) refuse(`${unknown.slice(0, 100)} is no permission in a project`)
  if (permissions.length === 0) refuse('a role gives at least one permission')
  return { name, description, permissions: JSON.stringify([...new Set(permissions)].toSorted()) }
}

function roleOf(row: Selectable<RoleTable>): Role {
  const permissions = JSON.parse(row.permissions) as string[]
  return {
    id: row.id,
    name: row.name,
    description: row.description,
    permissions: permissions.filter(isPermission),
    builtIn: false,
  }
}

async function unlessTaken<T>(name: string, run: () => Promise<T>): Promise<T> {
  try {
    return await run()
  } catch (cause) {
    if (!isUniqueViolation(cause)) throw cause
    throw new DomainError('CONFLICT', `there is a role ${name} already`, { reason: 'NAME_TAKEN' })
  }
}

function roleUnknown(id: number): DomainError {
  return new DomainError('ROLE_UNKNOWN', `there is no composed role ${id}`)
}
