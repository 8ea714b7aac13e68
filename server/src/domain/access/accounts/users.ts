import type { Selectable } from 'kysely'
import type { Database, Reader, Writer } from '../../../database/database.ts'
import { lockName, lockRows } from '../../../database/locking.ts'
import type { UserAccountTable } from '../../../database/schema/access.ts'
import type { Clock } from '../../clock.ts'
import { DomainError } from '../../errors.ts'
import type { UserChange } from '../../events/access-events.ts'
import type { Events } from '../../events/events.ts'
import type { Actor } from '../actor.ts'
import { currentActor } from '../current-actor.ts'
import type { Duty } from '../roles/duties.ts'
import {
  assertMayChangePassword,
  assertMayRuleAccount,
  assertMayRuleDuty,
  isHeld,
  isOwn,
  onTheMachine,
} from './account-rules.ts'
import { insertUser } from './insert-user.ts'
import type { AccountSource } from './accounts.ts'
import { assertCanInSystem, assertSystemAdministrator } from '../roles/authorise.ts'
import { takeUsername } from './free-username.ts'
import { assertNotLastAdministrator, assertSomebodyElse } from './last-administrator.ts'
import { userOf, type User } from './user.ts'
import { assertProfile, assertRelinkable, assertUsername, userUnknown, type OidcIdentity } from './user-rules.ts'
import { assertProvedLately } from '../second-factor/step-up.ts'
import {
  assertPasswordFits,
  assertPasswordNew,
  keepFormerPassword,
  standardPasswordRules,
  type ReadPasswordRules,
} from '../credentials/password-rules.ts'
import type { Passwords } from '../credentials/passwords.ts'

export interface NewUser {
  readonly username: string
  /** Undefined: the account cannot sign in with a password. */
  readonly password?: string
  readonly email?: string
  readonly realName?: string
  readonly comment?: string
  readonly admin?: boolean
}

export interface UsersOptions {
  readonly database: Database
  readonly clock: Clock
  readonly events: Events
  readonly passwords: Passwords
  /** Harbor's rule alone when left out. */
  readonly rules?: ReadPasswordRules
}

/** The administrator that a fresh installation has. */
export const initialAdministrator = 'admin'
/** What Harbor's installer sets and everybody knows. */
export const defaultPassword = 'Harbor12345'

/** What changes of administrators wait for each other by. */
const administrators = 'administrators'

const self: Actor = { kind: 'system', name: 'installation' }

/** The accounts. Every change voids the credentials from before it and records its event in its own transaction. */
export class Users {
  readonly #database: Database
  readonly #clock: Clock
  readonly #events: Events
  readonly #passwords: Passwords
  readonly #rules: ReadPasswordRules
  #defaultChecked: { readonly hash: string; readonly isDefault: boolean } | undefined

  constructor({ database, clock, events, passwords, rules }: UsersOptions) {
    this.#rules = rules ?? (async () => standardPasswordRules)
    this.#database = database
    this.#clock = clock
    this.#events = events
    this.#passwords = passwords
  }

  /** @throws DomainError BAD_REQUEST (name or password against the rules), CONFLICT, UNAUTHENTICATED, FORBIDDEN */
  async createUser(actor: Actor, user: NewUser): Promise<User> {
    assertCanInSystem(actor, 'user:create')
    if (user.admin === true) assertSystemAdministrator(actor)
    assertUsername(user.username)
    assertProfile(user)
    if (user.password !== undefined) assertPasswordFits(user.password, await this.#rules())
    const passwordHash = user.password === undefined ? null : await this.#passwords.hash(user.password)
    return await this.#database.write(async (tx) => {
      const asker = await currentActor(tx, actor, this.#clock.now())
      assertCanInSystem(asker, 'user:create')
      if (user.admin === true) {
        assertSystemAdministrator(asker)
        await assertProvedLately(tx, asker, this.#clock.now())
      }
      const nameKey = await takeUsername(this.#database, tx, user.username)
      const { password: _, ...account } = user
      const created = await insertUser(this.#ground, tx, actor, { ...account, nameKey, passwordHash })
      if (created === undefined)
        throw new DomainError('CONFLICT', `user ${user.username} already exists`, { reason: 'NAME_TAKEN' })
      return userOf(created)
    })
  }

  async findUser(username: string): Promise<User | undefined> {
    const row = await this.#database.read
      .selectFrom('user_account')
      .selectAll()
      .where('username', '=', username)
      .executeTakeFirst()
    return row === undefined ? undefined : userOf(row)
  }

  /** @throws DomainError USER_UNKNOWN */
  async getUser(username: string): Promise<User> {
    const user = await this.findUser(username)
    if (user === undefined) throw userUnknown(username)
    return user
  }

  /** One page in the order of their names, from the name behind `after`; `next` when there are more. */
  async listUsers({
    after,
    limit,
  }: {
    after?: string | undefined
    limit: number
  }): Promise<{ users: User[]; next?: string }> {
    const rows = await this.#database.read
      .selectFrom('user_account')
      .selectAll()
      .where('username', '>', after ?? '')
      .orderBy('username')
      .limit(limit + 1)
      .execute()
    const users = rows.slice(0, limit).map(userOf)
    const last = users.at(-1)
    return rows.length > limit && last !== undefined ? { users, next: last.username } : { users }
  }

  /** @throws DomainError BAD_REQUEST, USER_UNKNOWN, UNAUTHENTICATED, FORBIDDEN */
  async setPassword(actor: Actor, username: string, password: string): Promise<void> {
    assertMayChangePassword(actor, username)
    await this.assertPasswordTakable(actor, username, password)
    const passwordHash = await this.#passwords.hash(password)
    await this.#updateUser(actor, username, 'password', async (tx, user, asker) => {
      assertMayChangePassword(asker, username)
      await assertProvedLately(tx, asker, this.#clock.now())
      if (user.source !== 'local')
        throw new DomainError('FORBIDDEN', `${username} signs in by ${user.source}; the password is changed there`)
      const now = this.#clock.now()
      await keepFormerPassword(tx, user.id, now)
      return { password_hash: passwordHash, password_changed_at: now }
    })
  }

  /** @throws DomainError BAD_REQUEST for a password against the rules, or that its owner had before */
  async assertPasswordTakable(actor: Actor, username: string, password: string): Promise<void> {
    const rules = await this.#rules()
    assertPasswordFits(password, rules)
    if (actor.kind === 'user' && actor.username === username)
      await assertPasswordNew({ database: this.#database, passwords: this.#passwords }, actor.id, password, rules)
  }

  /** @throws DomainError USER_UNKNOWN, CONFLICT for the last administrator, UNAUTHENTICATED, FORBIDDEN */
  async setAdmin(actor: Actor, username: string, admin: boolean): Promise<void> {
    assertSystemAdministrator(actor)
    await this.#updateUser(actor, username, 'admin', async (tx, user, asker) => {
      assertSystemAdministrator(asker)
      if (user.admin === admin) return undefined
      if (admin && user.duty !== undefined)
        throw new DomainError('CONFLICT', `${username} has a duty of their own, and nobody has two`)
      await assertProvedLately(tx, asker, this.#clock.now())
      if (!admin) await assertNotLastAdministrator(tx, user)
      return { admin: admin ? 1 : 0 }
    })
  }

  /**
   * Gives somebody a duty, or takes it (undefined). The first one of a duty is appointed by a system administrator; from then on the
   * duty is apart, and only whoever is on the machine of the registry gives or takes it.
   * @throws DomainError USER_UNKNOWN, CONFLICT for a system administrator, UNAUTHENTICATED, FORBIDDEN
   */
  async setDuty(actor: Actor, username: string, duty: Duty | undefined): Promise<void> {
    assertSystemAdministrator(actor)
    await this.#updateUser(actor, username, 'duty', async (tx, user, asker) => {
      assertSystemAdministrator(asker)
      if (user.duty === duty) return undefined
      if (duty !== undefined && (user.admin || user.adminByGroup))
        throw new DomainError('CONFLICT', `${username} is a system administrator, and nobody has two duties`)
      if (duty !== undefined && asker.kind !== 'system' && (await isHeld(tx, duty))) throw onTheMachine(username)
      return { duty: duty ?? null }
    })
  }

  /**
   * Forgets who is behind the account of a directory: the next person of its username who signs in there has it. The
   * person of an OIDC provider is named, since there everybody could choose a username.
   * @throws DomainError USER_UNKNOWN, BAD_REQUEST, CONFLICT (somebody else has that identity), UNAUTHENTICATED, FORBIDDEN
   */
  async relinkUser(actor: Actor, username: string, identity?: OidcIdentity): Promise<void> {
    assertSystemAdministrator(actor)
    await this.#updateUser(actor, username, 'link', async (tx, user, asker) => {
      assertSystemAdministrator(asker)
      const externalId = identity === undefined ? null : `${identity.issuer} ${identity.subject}`
      assertRelinkable(username, user.source, identity)
      const other = await tx
        .selectFrom('user_account')
        .select('username')
        .where('source', '=', user.source)
        .where('external_id', '=', externalId)
        .where('id', '!=', user.id)
        .executeTakeFirst()
      if (other !== undefined)
        throw new DomainError('CONFLICT', `that identity is the account ${other.username} already`)
      return { external_id: externalId, stable_id: null }
    })
  }

  /** The account keeps its rows and memberships and can do nothing from its next request on. Throws as `deleteUser`. */
  async disableUser(actor: Actor, username: string): Promise<void> {
    await this.#setDisabled(actor, username, true)
  }

  /** @throws DomainError USER_UNKNOWN, UNAUTHENTICATED, FORBIDDEN */
  async enableUser(actor: Actor, username: string): Promise<void> {
    await this.#setDisabled(actor, username, false)
  }

  /** Removes the account and its memberships; projects it owned stay. Nobody removes themselves. Throws as `setAdmin`. */
  async deleteUser(actor: Actor, username: string): Promise<void> {
    assertCanInSystem(actor, 'user:delete')
    if (actor.kind === 'user' && actor.username === username) {
      throw new DomainError('FORBIDDEN', `User with ID ${actor.id} cannot be deleted`)
    }
    await this.#database.write(async (tx) => {
      await lockName(this.#database, tx, administrators)
      const user = await this.#lockUser(tx, username)
      const asker = await currentActor(tx, actor, this.#clock.now())
      assertCanInSystem(asker, 'user:delete')
      assertMayRuleAccount(asker, user)
      assertMayRuleDuty(asker, { username, ...user })
      await assertNotLastAdministrator(tx, user)
      await tx.deleteFrom('project_member').where('entity_type', '=', 'user').where('entity_id', '=', user.id).execute()
      await tx.deleteFrom('user_account').where('id', '=', user.id).execute()
      await this.#events.record(tx, actor, { type: 'delete_user', userId: user.id, username })
    })
  }

  /** Whether there is an administrator, whoever it is. */
  async hasAdministrator(): Promise<boolean> {
    return await hasAdministrator(this.#database.read)
  }

  /**
   * Seeds the first administrator where there is none yet; returns whether it did. The password is the
   * operator's and is not judged.
   */
  async ensureAdministrator(initialPassword: string): Promise<boolean> {
    if (await hasAdministrator(this.#database.read)) return false
    const passwordHash = await this.#passwords.hash(initialPassword)
    return await this.#database.write(async (tx) => {
      if (await hasAdministrator(tx)) return false
      const first = { username: initialAdministrator, nameKey: initialAdministrator, admin: true }
      const created = await insertUser(this.#ground, tx, self, { ...first, passwordHash })
      return created !== undefined
    })
  }

  /** Whether `admin` / `Harbor12345` opens this registry. Costs a password hash (about 50 ms, off the event loop). */
  async usesDefaultPassword(): Promise<boolean> {
    const row = await this.#database.read
      .selectFrom('user_account')
      .select(['password_hash', 'disabled'])
      .where('username', '=', initialAdministrator)
      .executeTakeFirst()
    if (row === undefined || row.password_hash === null || row.disabled === 1) return false
    // Asked on every visit of a page, and dear: the answer for one hash stays what it is.
    if (this.#defaultChecked?.hash !== row.password_hash) {
      const isDefault = await this.#passwords.verify(defaultPassword, row.password_hash)
      this.#defaultChecked = { hash: row.password_hash, isDefault }
    }
    return this.#defaultChecked.isDefault
  }

  get #ground() {
    return { clock: this.#clock, events: this.#events }
  }

  async #setDisabled(actor: Actor, username: string, disabled: boolean): Promise<void> {
    assertSystemAdministrator(actor)
    if (disabled) assertSomebodyElse(actor, username)
    await this.#updateUser(actor, username, 'disabled', async (tx, user, asker) => {
      assertSystemAdministrator(asker)
      if (user.disabled === disabled) return undefined
      if (disabled) await assertNotLastAdministrator(tx, user)
      return { disabled: disabled ? 1 : 0 }
    })
  }

  async #updateUser(
    actor: Actor,
    username: string,
    change: UserChange,
    decide: (
      tx: Writer,
      user: LockedUser,
      /** The actor as they are now. */
      asker: Actor,
    ) => Promise<Partial<Selectable<UserAccountTable>> | undefined>,
  ): Promise<void> {
    await this.#database.write(async (tx) => {
      if (change === 'admin' || change === 'disabled' || change === 'duty')
        await lockName(this.#database, tx, administrators)
      const user = await this.#lockUser(tx, username)
      const asker = await currentActor(tx, actor, this.#clock.now())
      if (!(change === 'password' && isOwn(asker, username))) assertMayRuleDuty(asker, { username, ...user })
      const columns = await decide(tx, user, asker)
      if (columns === undefined) return
      const now = this.#clock.now()
      // Two changes within one tick of the clock are two versions all the same.
      const version = Math.max(now, user.version + 1)
      await tx
        .updateTable('user_account')
        .set({ ...columns, credentials_changed_at: version, updated_at: now })
        .where('id', '=', user.id)
        .execute()
      const value = columns.admin ?? columns.disabled
      await this.#events.record(tx, actor, {
        type: 'update_user',
        userId: user.id,
        username,
        change,
        ...(value === undefined ? {} : { value: value === 1 }),
      })
    })
  }

  async #lockUser(tx: Writer, username: string): Promise<LockedUser> {
    const query = tx
      .selectFrom('user_account')
      .select(['id', 'admin', 'admin_by_group', 'disabled', 'duty', 'source', 'credentials_changed_at'])
      .where('username', '=', username)
    const row = await lockRows(this.#database, query).executeTakeFirst()
    if (row === undefined) throw userUnknown(username)
    return {
      id: row.id,
      admin: row.admin === 1,
      adminByGroup: row.admin_by_group === 1,
      disabled: row.disabled === 1,
      duty: row.duty ?? undefined,
      source: row.source,
      version: row.credentials_changed_at,
    }
  }
}

async function hasAdministrator(reader: Reader): Promise<boolean> {
  const row = await reader.selectFrom('user_account').select('id').where('admin', '=', 1).limit(1).executeTakeFirst()
  return row !== undefined
}

interface LockedUser {
  readonly id: number
  readonly source: AccountSource
  /** By decision here. Who is one by a group may be none after the next login, so none of them is the last. */
  readonly admin: boolean
  readonly adminByGroup: boolean
  readonly disabled: boolean
  readonly duty: Duty | undefined
  readonly version: number
}
