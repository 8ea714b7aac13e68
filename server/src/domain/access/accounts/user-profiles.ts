import { usernameKey } from '#contract/username.ts'
import type { Database } from '../../../database/database.ts'
import type { Clock } from '../../clock.ts'
import { DomainError } from '../../errors.ts'
import type { Events } from '../../events/events.ts'
import { containing, matching, ordering, type Listed, type ListColumns, type Listing } from '../../lists/listing.ts'
import { limitsOf, type Actor } from '../actor.ts'
import { currentActor } from '../current-actor.ts'
import { assertCanInSystem } from '../roles/authorise.ts'
import { assertMayRuleAccount } from './account-rules.ts'
import { userOf, type User } from './user.ts'

/** What people tell about themselves. */
export interface UserProfile {
  readonly email: string
  readonly realName: string
  readonly comment: string
}

export interface UserProfilesOptions {
  readonly database: Database
  readonly clock: Clock
  readonly events: Events
}

const columns: ListColumns = {
  user_id: { ref: 'user_account.id', type: 'number' },
  username: { ref: 'user_account.username', type: 'text' },
  email: { ref: 'user_account.email', type: 'text' },
  realname: { ref: 'user_account.real_name', type: 'text' },
  sysadmin_flag: { ref: 'user_account.admin', type: 'flag' },
  creation_time: { ref: 'user_account.created_at', type: 'time' },
  update_time: { ref: 'user_account.updated_at', type: 'time' },
}

/** What the list of accounts is narrowed to: each text stands somewhere in what it is about. */
export interface UserFilter {
  readonly username?: string | undefined
  readonly email?: string | undefined
  /** In the username, the real name or the email address. */
  readonly anyName?: string | undefined
}

/** Accounts as the API shows and searches them. What voids credentials is in Users. */
export class UserProfiles {
  readonly #database: Database
  readonly #clock: Clock
  readonly #events: Events

  constructor({ database, clock, events }: UserProfilesOptions) {
    this.#database = database
    this.#clock = clock
    this.#events = events
  }

  /** @throws DomainError BAD_REQUEST, UNAUTHENTICATED, FORBIDDEN */
  async listUsers(actor: Actor, { username, email, anyName }: UserFilter, listing: Listing): Promise<Listed<User>> {
    assertCanInSystem(actor, 'user:list')
    let matched = this.#database.read.selectFrom('user_account')
    for (const condition of matching(columns, listing.conditions)) matched = matched.where(condition)
    if (username !== undefined) matched = matched.where(containing('user_account.username', username))
    if (email !== undefined) matched = matched.where(containing('user_account.email', email))
    if (anyName !== undefined) {
      const named = ['username', 'real_name', 'email'].map((column) => containing(`user_account.${column}`, anyName))
      matched = matched.where((eb) => eb.or(named))
    }
    const { total } = await matched
      .select((eb) => eb.fn.countAll<number | string>().as('total'))
      .executeTakeFirstOrThrow()
    let page = matched.selectAll().limit(listing.limit).offset(listing.offset)
    for (const { ref, direction } of ordering(columns, listing.sort, [{ key: 'username', descending: false }])) {
      page = page.orderBy(ref, direction)
    }
    const rows = await page.orderBy('user_account.id').execute()
    return { rows: rows.map(userOf), total: Number(total) }
  }

  /**
   * Names and ids of users whose name contains the text, for whoever wants to add a member.
   * @throws DomainError UNAUTHENTICATED
   */
  async searchUsers(
    actor: Actor,
    username: string,
    { limit, offset }: Listing,
  ): Promise<Listed<{ id: number; username: string }>> {
    assertSignedIn(actor)
    const matched = this.#database.read.selectFrom('user_account').where(containing('user_account.username', username))
    const { total } = await matched
      .select((eb) => eb.fn.countAll<number | string>().as('total'))
      .executeTakeFirstOrThrow()
    const rows = await matched.select(['id', 'username']).orderBy('username').limit(limit).offset(offset).execute()
    return { rows, total: Number(total) }
  }

  /** @throws DomainError USER_UNKNOWN, UNAUTHENTICATED, FORBIDDEN for all but the user and who has `permission` */
  async getUserById(actor: Actor, id: number, permission: UserPermission = 'user:read'): Promise<User> {
    assertSelfOr(permission, actor, id)
    const row = await this.#database.read.selectFrom('user_account').selectAll().where('id', '=', id).executeTakeFirst()
    if (row === undefined) throw userUnknown(id)
    return userOf(row)
  }

  /** @throws DomainError BAD_REQUEST, CONFLICT for a known e-mail address, USER_UNKNOWN, UNAUTHENTICATED, FORBIDDEN */
  async updateProfile(actor: Actor, id: number, profile: UserProfile): Promise<void> {
    assertSelfOr('user:update', actor, id)
    assertProfile(profile)
    await this.assertEmailFree(profile.email, id)
    await this.#database.write(async (tx) => {
      const asker = await currentActor(tx, actor, this.#clock.now())
      assertSelfOr('user:update', asker, id)
      const before = await tx
        .selectFrom('user_account')
        .select(['admin', 'admin_by_group'])
        .where('id', '=', id)
        .executeTakeFirst()
      if (before === undefined) throw userUnknown(id)
      const rank = { admin: before.admin === 1, adminByGroup: before.admin_by_group === 1 }
      if (!isSelf(asker, id)) assertMayRuleAccount(asker, rank)
      const row = await tx
        .updateTable('user_account')
        .set({
          email: profile.email,
          real_name: profile.realName,
          comment: profile.comment,
          updated_at: this.#clock.now(),
        })
        .where('id', '=', id)
        .returning('username')
        .executeTakeFirst()
      if (row === undefined) throw userUnknown(id)
      await this.#events.record(tx, actor, {
        type: 'update_user',
        userId: id,
        username: row.username,
        change: 'profile',
      })
    })
  }

  /** @throws DomainError CONFLICT when another account has it */
  async assertEmailFree(email: string, exceptId?: number): Promise<void> {
    const row = await this.#database.read
      .selectFrom('user_account')
      .select('id')
      .where('email', '=', email)
      .where('id', '!=', exceptId ?? 0)
      .limit(1)
      .executeTakeFirst()
    if (row !== undefined)
      throw new DomainError('CONFLICT', `a user with the email address ${email} exists already`, {
        reason: 'EMAIL_TAKEN',
      })
  }

  /** For the form in which people register themselves: is the name or address taken? */
  async isTaken(target: 'username' | 'email', value: string): Promise<boolean> {
    const row = await this.#database.read
      .selectFrom('user_account')
      .select('id')
      .where((eb) =>
        target === 'email'
          ? eb('email', '=', value)
          : eb.or([eb('username', '=', value), eb('name_key', '=', usernameKey(value))]),
      )
      .limit(1)
      .executeTakeFirst()
    return row !== undefined
  }
}

/** Ends of lines, controls, and what turns the direction of the text around it. Joiners belong to some scripts. */
const turnsText = /[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]/u

/** Harbor's rules, with its sentences. @throws DomainError BAD_REQUEST */
export function assertProfile({ email, realName, comment }: UserProfile): void {
  const refuse = (why: string): never => {
    throw new DomainError('BAD_REQUEST', why)
  }
  if (email === '') refuse("email can't be empty")
  if (email.length > 255 || !/^[^\s@<>()[\]\\,;:"]+@(?:[A-Za-z0-9-]+\.)+[A-Za-z]{2,}$/.test(email)) {
    refuse('email with illegal format')
  }
  if (realName === '' || realName.length > 255) refuse('realname with illegal length')
  if (/[,~#$%]/.test(realName) || turnsText.test(realName)) refuse('realname contains illegal characters')
  if (turnsText.test(comment)) refuse('comment contains illegal characters')
  if (comment.length > 30) refuse('comment with illegal length')
}

/** What may be done to somebody else's account. */
type UserPermission = 'user:read' | 'user:update' | 'user:delete'

export function isSelf(actor: Actor, id: number): boolean {
  return isOwner(actor, id) && limitsOf(actor) === undefined
}

const isOwner = (actor: Actor, id: number): boolean =>
  actor.kind === 'user' && actor.access === undefined && actor.id === id

function assertSelfOr(permission: UserPermission, actor: Actor, id: number): void {
  // A personal token reads whose it is, and changes nothing about them.
  const own = permission === 'user:read' ? isOwner(actor, id) : isSelf(actor, id)
  if (!own) assertCanInSystem(actor, permission)
}

function assertSignedIn(actor: Actor): void {
  if (actor.kind === 'anonymous') throw new DomainError('UNAUTHENTICATED', 'unauthorized')
}

function userUnknown(id: number): DomainError {
  return new DomainError('USER_UNKNOWN', `user ${id} not found`)
}
