import type { Database, Reader, Writer } from '../../database/database.ts'
import { lockRows } from '../../database/locking.ts'
import type { Actor } from '../access/actor.ts'
import { currentActor } from '../access/current-actor.ts'
import { ensureGroup, type GroupIdentity } from '../access/accounts/user-groups.ts'
import {
  findRoleName,
  noPermissions,
  permissionsOfRole,
  roleIds,
  rolePermissions,
  type Permission,
  type RoleName,
} from '../access/roles/permissions.ts'
import type { Clock } from '../clock.ts'
import { DomainError } from '../errors.ts'
import type { Events } from '../events/events.ts'
import { containing, type Listed } from '../lists/listing.ts'
import {
  assertMayGiveRole,
  assertMayRuleMember,
  assertNotRaisingSelf,
  isLeaving,
  type GivenRole,
  type MemberEntity,
  type MemberKind,
} from './member-rules.ts'
import { getProjectFor } from './projects.ts'

export interface Member {
  readonly id: number
  readonly kind: MemberKind
  /** Of the user or the group. */
  readonly entityId: number
  readonly name: string
  readonly roleId: number
  /** Of a composed role its name; undefined for a role that is there no more; it gives nothing. */
  readonly roleName: string | undefined
  readonly createdAt: number
}

/** The new member: a user by name, a user or a group by id, or a group that becomes known by this. */
export type NewMember =
  | string
  | { readonly userId: number; readonly username?: string | undefined }
  | { readonly groupId: number }
  | { readonly group: GroupIdentity }

/** A membership by its own id, or by the name of its user. */
export type MemberReference = { readonly id: number } | string

/** One of Harbor's roles by name, or any role by id. */
export type RoleReference = RoleName | number

export interface MembersOptions {
  readonly database: Database
  readonly clock: Clock
  readonly events: Events
}

/** The members of a project and their roles. A change counts from the next request on, for tokens in use too. */
export class Members {
  readonly #database: Database
  readonly #clock: Clock
  readonly #events: Events

  constructor({ database, clock, events }: MembersOptions) {
    this.#database = database
    this.#clock = clock
    this.#events = events
  }

  /**
   * Returns the id of the membership.
   * @throws DomainError CONFLICT when they are a member already, USER_UNKNOWN, GROUP_UNKNOWN, BAD_REQUEST (no such
   *   role), PROJECT_UNKNOWN, FORBIDDEN (also for a role that gives more than the actor has)
   */
  async addMember(actor: Actor, project: string, member: NewMember, role: RoleReference): Promise<number> {
    return await this.#database.write(async (tx) => {
      const { asker, access } = await this.#accessFor(tx, actor, 'member:create', project)
      const given = await this.#lockRole(tx, role)
      assertMayGiveRole(asker, access, given)
      const reference =
        typeof member === 'object' && 'group' in member
          ? { groupId: (await ensureGroup(tx, { clock: this.#clock, events: this.#events }, actor, member.group)).id }
          : member
      const entity = await this.#lockEntity(tx, reference)
      assertNotRaisingSelf(asker, entity, { from: noPermissions, to: given.permissions })
      const added = await tx
        .insertInto('project_member')
        .values({
          project_id: access.project.id,
          entity_type: entity.kind,
          entity_id: entity.id,
          role_id: given.id,
          created_at: this.#clock.now(),
        })
        .onConflict((conflict) => conflict.columns(['project_id', 'entity_type', 'entity_id']).doNothing())
        .returning('id')
        .executeTakeFirst()
      if (added === undefined) {
        throw new DomainError(
          'CONFLICT',
          `The project member specified already exist: ${saidOf(member)}; set another role instead`,
          { reason: 'MEMBER_ALREADY' },
        )
      }
      await this.#record(tx, actor, 'create_member', access.project, entity, given.name)
      return added.id
    })
  }

  /**
   * Changes a role. An actor cannot raise its own membership, or change that of a member with more rights.
   * @throws DomainError MEMBER_UNKNOWN, USER_UNKNOWN, BAD_REQUEST (no such role), PROJECT_UNKNOWN, FORBIDDEN
   */
  async setMemberRole(actor: Actor, project: string, member: MemberReference, role: RoleReference): Promise<void> {
    await this.#database.write(async (tx) => {
      const { asker, access } = await this.#accessFor(tx, actor, 'member:update', project)
      const given = await this.#lockRole(tx, role)
      assertMayGiveRole(asker, access, given)
      const { id, entity, granted } = await this.#lockMember(tx, access.project, member)
      assertMayRuleMember(asker, access, saidOfMember(member), granted)
      assertNotRaisingSelf(asker, entity, { from: granted, to: given.permissions })
      await tx.updateTable('project_member').set({ role_id: given.id }).where('id', '=', id).execute()
      await this.#record(tx, actor, 'update_member', access.project, entity, given.name)
    })
  }

  /**
   * Removes a member with at most the actor's rights. Every member with the permission may leave.
   * @throws DomainError MEMBER_UNKNOWN, USER_UNKNOWN, PROJECT_UNKNOWN, FORBIDDEN
   */
  async removeMember(actor: Actor, project: string, member: MemberReference): Promise<void> {
    await this.#database.write(async (tx) => {
      const { asker, access } = await this.#accessFor(tx, actor, 'member:delete', project)
      const { id, entity, granted } = await this.#lockMember(tx, access.project, member)
      if (!isLeaving(asker, entity)) assertMayRuleMember(asker, access, saidOfMember(member), granted)
      await tx.deleteFrom('project_member').where('id', '=', id).execute()
      await this.#record(tx, actor, 'delete_member', access.project, entity)
    })
  }

  /**
   * One page by name, from the membership behind `after`; `next` when there are more.
   * @throws DomainError PROJECT_UNKNOWN, UNAUTHENTICATED, FORBIDDEN
   */
  async listMembers(
    actor: Actor,
    project: string,
    { after, limit }: { after?: string | undefined; limit: number },
  ): Promise<{ members: Member[]; next?: string }> {
    const access = await getProjectFor(this.#database.read, actor, 'member:list', project)
    const position = parsePosition(after)
    let query = this.#membersOf(access.project.id).selectAll().orderBy('name').orderBy('id')
    if (position !== undefined) {
      query = query.where((eb) =>
        eb.or([eb('name', '>', position.name), eb.and([eb('name', '=', position.name), eb('id', '>', position.id)])]),
      )
    }
    const rows = await query.limit(limit + 1).execute()
    const members = rows.slice(0, limit).map(memberOf)
    const last = members.at(-1)
    return rows.length > limit && last !== undefined ? { members, next: `${last.id} ${last.name}` } : { members }
  }

  /**
   * One page by name, counted, of those whose name contains `name`.
   * @throws DomainError PROJECT_UNKNOWN, UNAUTHENTICATED, FORBIDDEN
   */
  async pageMembers(
    actor: Actor,
    project: string,
    { name, limit, offset }: { name?: string | undefined; limit: number; offset: number },
  ): Promise<Listed<Member>> {
    const access = await getProjectFor(this.#database.read, actor, 'member:list', project)
    let matched = this.#membersOf(access.project.id)
    if (name !== undefined) matched = matched.where(containing('name', name))
    const { total } = await matched
      .select((eb) => eb.fn.countAll<number | string>().as('total'))
      .executeTakeFirstOrThrow()
    const rows = await matched.selectAll().orderBy('name').orderBy('id').limit(limit).offset(offset).execute()
    return { rows: rows.map(memberOf), total: Number(total) }
  }

  /** @throws DomainError MEMBER_UNKNOWN, PROJECT_UNKNOWN, UNAUTHENTICATED, FORBIDDEN */
  async getMember(actor: Actor, project: string, id: number): Promise<Member> {
    const access = await getProjectFor(this.#database.read, actor, 'member:read', project)
    const row = await this.#membersOf(access.project.id).selectAll().where('id', '=', id).executeTakeFirst()
    if (row === undefined) throw memberUnknown(project, { id })
    return memberOf(row)
  }

  /** How many members there are of each role. */
  async countByRole(projectId: number): Promise<ReadonlyMap<number, number>> {
    const rows = await this.#database.read
      .selectFrom('project_member')
      .select((eb) => ['role_id', eb.fn.countAll<number | string>().as('count')])
      .where('project_id', '=', projectId)
      .groupBy('role_id')
      .execute()
    return new Map(rows.map((row) => [row.role_id, Number(row.count)]))
  }

  #membersOf(projectId: number) {
    const users = this.#database.read
      .selectFrom('project_member')
      .innerJoin('user_account', 'user_account.id', 'project_member.entity_id')
      .leftJoin('role', 'role.id', 'project_member.role_id')
      .select(memberColumns)
      .select('user_account.username as name')
      .where('project_member.project_id', '=', projectId)
      .where('project_member.entity_type', '=', 'user')
    const groups = this.#database.read
      .selectFrom('project_member')
      .innerJoin('user_group', 'user_group.id', 'project_member.entity_id')
      .leftJoin('role', 'role.id', 'project_member.role_id')
      .select(memberColumns)
      .select('user_group.name as name')
      .where('project_member.project_id', '=', projectId)
      .where('project_member.entity_type', '=', 'group')
    return this.#database.read.selectFrom(users.unionAll(groups).as('member'))
  }

  async #record(
    tx: Writer,
    actor: Actor,
    type: 'create_member' | 'update_member' | 'delete_member',
    project: { readonly id: number; readonly name: string },
    { kind, id, name }: MemberEntity,
    role?: string,
  ): Promise<void> {
    const member =
      kind === 'user' ? ({ kind, userId: id, username: name } as const) : ({ kind, groupId: id, group: name } as const)
    const onProject = { projectId: project.id, project: project.name }
    if (type === 'delete_member') await this.#events.record(tx, actor, { type, ...onProject, ...member })
    else await this.#events.record(tx, actor, { type, ...onProject, ...member, role: role! })
  }

  /** The actor as they are now, and what they are in the project. */
  async #accessFor(tx: Writer, actor: Actor, permission: Permission, project: string) {
    const asker = await currentActor(tx, actor, this.#clock.now())
    return { asker, access: await getProjectFor(tx, asker, permission, project) }
  }

  /**
   * The person or group of the membership, and its rights. The entity is locked before the membership, as a deletion
   * does.
   */
  async #lockMember(
    tx: Writer,
    project: { readonly id: number; readonly name: string },
    member: MemberReference,
  ): Promise<{ id: number; entity: MemberEntity; granted: ReadonlySet<Permission> }> {
    const memberships = tx.selectFrom('project_member').where('project_id', '=', project.id)
    let reference: NewMember | undefined = typeof member === 'string' ? member : undefined
    if (typeof member !== 'string') {
      const row = await memberships.select(['entity_id', 'entity_type']).where('id', '=', member.id).executeTakeFirst()
      if (row === undefined) throw memberUnknown(project.name, member)
      reference = row.entity_type === 'user' ? { userId: row.entity_id } : { groupId: row.entity_id }
    }
    const entity = await this.#lockEntity(tx, reference!)
    const query = memberships
      .select(['id', 'role_id'])
      .where('entity_type', '=', entity.kind)
      .where('entity_id', '=', entity.id)
    const row = await lockRows(this.#database, query).executeTakeFirst()
    if (row === undefined) throw memberUnknown(project.name, member)
    return { id: row.id, entity, granted: await readRolePermissions(tx, row.role_id) }
  }

  /** Locked, so that who is deleted at this moment leaves no membership behind. */
  async #lockEntity(tx: Writer, member: Exclude<NewMember, { readonly group: GroupIdentity }>): Promise<MemberEntity> {
    if (typeof member === 'object' && 'groupId' in member) {
      const groups = tx.selectFrom('user_group').select(['id', 'name']).where('id', '=', member.groupId)
      const group = await lockRows(this.#database, groups).executeTakeFirst()
      if (group === undefined)
        throw new DomainError('BAD_REQUEST', `Failed to get group ${member.groupId}: there is none`)
      return { kind: 'group', ...group }
    }
    const users = tx.selectFrom('user_account').select(['id', 'username as name'])
    const query =
      typeof member === 'string' ? users.where('username', '=', member) : users.where('id', '=', member.userId)
    const user = await lockRows(this.#database, query).executeTakeFirst()
    // As in Harbor: a name is looked for, an id is said wrongly.
    if (user === undefined && typeof member === 'string')
      throw new DomainError('USER_UNKNOWN', `user ${member} is not found`)
    if (user === undefined)
      throw new DomainError('BAD_REQUEST', `Failed to get user ${(member as { userId: number }).userId}: there is none`)
    if (typeof member === 'object' && (member.username ?? user.name) !== user.name)
      throw new DomainError('BAD_REQUEST', `user ${member.userId} is not called ${member.username}: give one of them`)
    return { kind: 'user', ...user }
  }

  /** Locked, so that a composed role is not widened or deleted between the look at it and the gift of it. */
  async #lockRole(tx: Writer, role: RoleReference): Promise<GivenRole> {
    const builtIn = typeof role === 'string' ? role : findRoleName(role)
    if (builtIn !== undefined) return { id: roleIds[builtIn], name: builtIn, permissions: rolePermissions[builtIn] }
    const composed = tx.selectFrom('role').select(['id', 'name', 'permissions']).where('id', '=', Number(role))
    const row = await lockRows(this.#database, composed).executeTakeFirst()
    if (row === undefined) {
      const why = `invalid role ${role}: it is one of Harbor's (1 to 5) or a composed one`
      throw new DomainError('BAD_REQUEST', why)
    }
    return { ...row, permissions: permissionsOfRole(row.id, JSON.parse(row.permissions) as string[]) }
  }
}

async function readRolePermissions(reader: Reader, roleId: number): Promise<ReadonlySet<Permission>> {
  const row = await reader.selectFrom('role').select('permissions').where('id', '=', roleId).executeTakeFirst()
  return permissionsOfRole(roleId, row === undefined ? undefined : (JSON.parse(row.permissions) as string[]))
}

const memberColumns = [
  'project_member.id',
  'project_member.entity_type',
  'project_member.entity_id',
  'project_member.role_id',
  'project_member.created_at',
  'role.name as role_name',
] as const

interface MemberRow {
  readonly id: number
  readonly entity_type: MemberKind
  readonly entity_id: number
  readonly role_id: number
  readonly created_at: number
  readonly role_name: string | null
  readonly name: string
}

function memberOf(row: MemberRow): Member {
  return {
    id: row.id,
    kind: row.entity_type,
    entityId: row.entity_id,
    name: row.name,
    roleId: row.role_id,
    roleName: findRoleName(row.role_id) ?? row.role_name ?? undefined,
    createdAt: row.created_at,
  }
}

/** Where a page ended: `3 ada`. */
function parsePosition(after: string | undefined): { id: number; name: string } | undefined {
  const match = /^(\d{1,15}) (.*)$/s.exec(after ?? '')
  return match === null ? undefined : { id: Number(match[1]), name: match[2]! }
}

/** As the caller named them: a name is not told for an id. */
function saidOf(member: NewMember): string {
  if (typeof member === 'string') return member
  if ('group' in member) return `user group ${member.group.name}`
  return 'userId' in member ? `user ${member.userId}` : `user group ${member.groupId}`
}

const saidOfMember = (member: MemberReference) => (typeof member === 'string' ? member : `member ${member.id}`)

function memberUnknown(project: string, member: MemberReference): DomainError {
  return new DomainError(
    'MEMBER_UNKNOWN',
    `the project member is not found: ${saidOfMember(member)} of project ${project}`,
  )
}
