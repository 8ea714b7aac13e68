import type { Database, Writer } from '../../database/database.ts'
import { lockRows } from '../../database/locking.ts'
import type { Actor } from '../access/actor.ts'
import { findRoleName, roleIds, type RoleName } from '../access/permissions.ts'
import type { Clock } from '../clock.ts'
import { DomainError } from '../errors.ts'
import { recordEvent } from '../events.ts'
import { containing, type Listed } from '../listing.ts'
import { getProjectFor } from './projects.ts'

export interface Member {
  readonly id: number
  readonly userId: number
  readonly username: string
  /** Undefined for a role that this version does not know; it gives nothing. */
  readonly role: RoleName | undefined
  readonly createdAt: number
}

/** A membership by its own id, or by the name of its user. */
export type MemberReference = { readonly id: number } | string

export interface MembersOptions {
  readonly database: Database
  readonly clock: Clock
}

/** Who has which role in a project. A change counts from the next request on, for tokens in use too. */
export class Members {
  readonly #database: Database
  readonly #clock: Clock

  constructor({ database, clock }: MembersOptions) {
    this.#database = database
    this.#clock = clock
  }

  /**
   * Returns the id of the membership.
   * @throws DomainError CONFLICT when they are a member already, USER_UNKNOWN, PROJECT_UNKNOWN, FORBIDDEN
   */
  async addMember(
    actor: Actor,
    project: string,
    user: string | { readonly userId: number },
    role: RoleName,
  ): Promise<number> {
    return await this.#database.write(async (tx) => {
      const access = await getProjectFor(tx, actor, 'member:create', project)
      const { id: userId, username } = await this.#lockUser(tx, user)
      const added = await tx
        .insertInto('project_member')
        .values({
          project_id: access.project.id,
          entity_type: 'user',
          entity_id: userId,
          role_id: roleIds[role],
          created_at: this.#clock.now(),
        })
        .onConflict((conflict) => conflict.columns(['project_id', 'entity_type', 'entity_id']).doNothing())
        .returning('id')
        .executeTakeFirst()
      if (added === undefined) {
        throw new DomainError(
          'CONFLICT',
          `${username} is a member of project ${project} already; set another role instead`,
        )
      }
      await recordEvent(tx, this.#clock, actor, {
        type: 'create_member',
        projectId: access.project.id,
        project,
        userId,
        username,
        role,
      })
      return added.id
    })
  }

  /** @throws DomainError MEMBER_UNKNOWN, USER_UNKNOWN, PROJECT_UNKNOWN, FORBIDDEN */
  async setMemberRole(actor: Actor, project: string, member: MemberReference, role: RoleName): Promise<void> {
    await this.#database.write(async (tx) => {
      const access = await getProjectFor(tx, actor, 'member:update', project)
      const { id: userId, username } = await this.#lockMember(tx, access.project, member)
      const updated = await tx
        .updateTable('project_member')
        .set({ role_id: roleIds[role] })
        .where('project_id', '=', access.project.id)
        .where('entity_type', '=', 'user')
        .where('entity_id', '=', userId)
        .executeTakeFirst()
      if (updated.numUpdatedRows === 0n) throw memberUnknown(project, member)
      await recordEvent(tx, this.#clock, actor, {
        type: 'update_member',
        projectId: access.project.id,
        project,
        userId,
        username,
        role,
      })
    })
  }

  /** @throws DomainError MEMBER_UNKNOWN, USER_UNKNOWN, PROJECT_UNKNOWN, FORBIDDEN */
  async removeMember(actor: Actor, project: string, member: MemberReference): Promise<void> {
    await this.#database.write(async (tx) => {
      const access = await getProjectFor(tx, actor, 'member:delete', project)
      const { id: userId, username } = await this.#lockMember(tx, access.project, member)
      const removed = await tx
        .deleteFrom('project_member')
        .where('project_id', '=', access.project.id)
        .where('entity_type', '=', 'user')
        .where('entity_id', '=', userId)
        .executeTakeFirst()
      if (removed.numDeletedRows === 0n) throw memberUnknown(project, member)
      await recordEvent(tx, this.#clock, actor, {
        type: 'delete_member',
        projectId: access.project.id,
        project,
        userId,
        username,
      })
    })
  }

  /**
   * One page by username, from the name behind `after`; `next` when there are more.
   * @throws DomainError PROJECT_UNKNOWN, UNAUTHENTICATED, FORBIDDEN
   */
  async listMembers(
    actor: Actor,
    project: string,
    { after, limit }: { after?: string | undefined; limit: number },
  ): Promise<{ members: Member[]; next?: string }> {
    const access = await getProjectFor(this.#database.read, actor, 'member:list', project)
    const rows = await this.#membersOf(access.project.id)
      .select(memberColumns)
      .where('user_account.username', '>', after ?? '')
      .orderBy('user_account.username')
      .limit(limit + 1)
      .execute()
    const members = rows.slice(0, limit).map(memberOf)
    const last = members.at(-1)
    return rows.length > limit && last !== undefined ? { members, next: last.username } : { members }
  }

  /**
   * One page by username, counted, of those whose name contains `name`.
   * @throws DomainError PROJECT_UNKNOWN, UNAUTHENTICATED, FORBIDDEN
   */
  async pageMembers(
    actor: Actor,
    project: string,
    { name, limit, offset }: { name?: string | undefined; limit: number; offset: number },
  ): Promise<Listed<Member>> {
    const access = await getProjectFor(this.#database.read, actor, 'member:list', project)
    let matched = this.#membersOf(access.project.id)
    if (name !== undefined) matched = matched.where(containing('user_account.username', name))
    const { total } = await matched
      .select((eb) => eb.fn.countAll<number | string>().as('total'))
      .executeTakeFirstOrThrow()
    const rows = await matched
      .select(memberColumns)
      .orderBy('user_account.username')
      .limit(limit)
      .offset(offset)
      .execute()
    return { rows: rows.map(memberOf), total: Number(total) }
  }

  /** @throws DomainError MEMBER_UNKNOWN, PROJECT_UNKNOWN, UNAUTHENTICATED, FORBIDDEN */
  async getMember(actor: Actor, project: string, id: number): Promise<Member> {
    const access = await getProjectFor(this.#database.read, actor, 'member:read', project)
    const row = await this.#membersOf(access.project.id)
      .select(memberColumns)
      .where('project_member.id', '=', id)
      .executeTakeFirst()
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
    return this.#database.read
      .selectFrom('project_member')
      .innerJoin('user_account', 'user_account.id', 'project_member.entity_id')
      .where('project_member.project_id', '=', projectId)
      .where('project_member.entity_type', '=', 'user')
  }

  async #lockMember(
    tx: Writer,
    project: { readonly id: number; readonly name: string },
    member: MemberReference,
  ): Promise<{ id: number; username: string }> {
    if (typeof member === 'string') return await this.#lockUser(tx, member)
    const row = await tx
      .selectFrom('project_member')
      .select('entity_id')
      .where('project_id', '=', project.id)
      .where('entity_type', '=', 'user')
      .where('id', '=', member.id)
      .executeTakeFirst()
    if (row === undefined) throw memberUnknown(project.name, member)
    return await this.#lockUser(tx, { userId: row.entity_id })
  }

  /** Locked, so that a user who is deleted at this moment leaves no membership behind. */
  async #lockUser(tx: Writer, user: string | { readonly userId: number }): Promise<{ id: number; username: string }> {
    const users = tx.selectFrom('user_account').select(['id', 'username'])
    const query = typeof user === 'string' ? users.where('username', '=', user) : users.where('id', '=', user.userId)
    const row = await lockRows(this.#database, query).executeTakeFirst()
    if (row === undefined)
      throw new DomainError('USER_UNKNOWN', `there is no user ${typeof user === 'string' ? user : user.userId}`)
    return row
  }
}

const memberColumns = [
  'project_member.id',
  'project_member.entity_id',
  'user_account.username',
  'project_member.role_id',
  'project_member.created_at',
] as const

function memberOf(row: {
  id: number
  entity_id: number
  username: string
  role_id: number
  created_at: number
}): Member {
  return {
    id: row.id,
    userId: row.entity_id,
    username: row.username,
    role: findRoleName(row.role_id),
    createdAt: row.created_at,
  }
}

function memberUnknown(project: string, member: MemberReference): DomainError {
  const who = typeof member === 'string' ? member : `member ${member.id}`
  return new DomainError('MEMBER_UNKNOWN', `${who} is no member of project ${project}`)
}
