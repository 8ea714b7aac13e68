import type { Database, Writer } from '../../database/database.ts'
import { lockRows } from '../../database/locking.ts'
import type { Actor } from '../access/actor.ts'
import { accountOf, accountColumns, type Account } from '../access/accounts/accounts.ts'
import { takeUsername } from '../access/accounts/free-username.ts'
import { setGroupsOf, type GroupIdentity } from '../access/accounts/user-groups.ts'
import { assertUsername } from '../access/accounts/users.ts'
import type { Clock } from '../clock.ts'
import { DomainError } from '../errors.ts'
import type { Events } from '../events/events.ts'

/** A person for whom another server vouches, as that server describes them now. */
export interface ExternalPerson {
  readonly source: 'ldap' | 'oidc'
  /** The server's own name for the person, which it gives to no other. */
  readonly externalId: string
  readonly username: string
  readonly email: string | undefined
  readonly realName: string
  readonly groups: readonly GroupIdentity[]
  /** A group of theirs makes them an administrator. */
  readonly admin: boolean
}

const maxTextLength = 255

/** The accounts of people for whom another server vouches. */
export class ExternalAccounts {
  readonly #database: Database
  readonly #clock: Clock
  readonly #events: Events

  constructor({ database, clock, events }: { database: Database; clock: Clock; events: Events }) {
    this.#database = database
    this.#clock = clock
    this.#events = events
  }

  /**
   * The account of a person who has just proved their identity to their server, with the groups and rights that the
   * server gives them now. A person who comes for the first time gets an account. Undefined when the account is
   * disabled.
   * @throws DomainError CONFLICT when the name belongs to another account here, BAD_REQUEST when it cannot be a
   * username
   */
  async recogniseAccount(person: ExternalPerson, { onboard }: { onboard: boolean }): Promise<Account | undefined> {
    return await this.#database.write(async (tx) => {
      const known = await this.#findLocked(tx, person)
      if (known?.disabled === true) return undefined
      const account = known ?? (onboard ? await this.#insert(tx, person) : undefined)
      if (account === undefined) return undefined
      const actor: Actor = { kind: 'user', id: account.id, username: account.username, admin: account.admin }
      await setGroupsOf(tx, { clock: this.#clock, events: this.#events }, actor, account.id, person.groups)
      return await this.#refresh(tx, account, person)
    })
  }

  /** True when the person has an account already. */
  async isKnown({ source, externalId }: Pick<ExternalPerson, 'source' | 'externalId'>): Promise<boolean> {
    const row = await this.#database.read
      .selectFrom('user_account')
      .select('id')
      .where('source', '=', source)
      .where('external_id', '=', externalId)
      .executeTakeFirst()
    return row !== undefined
  }

  async #findLocked(tx: Writer, { source, externalId }: ExternalPerson): Promise<Account | undefined> {
    const query = tx
      .selectFrom('user_account')
      .select(accountColumns)
      .where('source', '=', source)
      .where('external_id', '=', externalId)
    const row = await lockRows(this.#database, query).executeTakeFirst()
    return row === undefined ? undefined : accountOf(row)
  }

  async #insert(tx: Writer, person: ExternalPerson): Promise<Account> {
    const { source } = person
    // Servers elsewhere may write one name in several forms (UAX 15).
    const username = person.username.normalize('NFKC')
    assertUsername(username)
    const nameKey = await takeUsername(this.#database, tx, username)
    const now = this.#clock.now()
    const row = await tx
      .insertInto('user_account')
      .values({
        username,
        name_key: nameKey,
        email: null,
        real_name: '',
        comment: '',
        password_hash: null,
        admin: 0,
        admin_by_group: person.admin ? 1 : 0,
        disabled: 0,
        source,
        external_id: person.externalId,
        credentials_changed_at: now,
        created_at: now,
        updated_at: now,
      })
      .onConflict((conflict) => conflict.column('username').doNothing())
      .returning(accountColumns)
      .executeTakeFirst()
    if (row === undefined) {
      throw new DomainError(
        'CONFLICT',
        `the name ${username} belongs to another account here; an administrator can rename or delete that one`,
      )
    }
    const account = accountOf(row)
    const actor: Actor = { kind: 'system', name: source }
    const created = { type: 'create_user', userId: account.id, username, admin: account.admin } as const
    await this.#events.record(tx, actor, created)
    return account
  }

  /** A change at the server changes the account. The loss of an administrator's rights ends sessions and tokens too. */
  async #refresh(tx: Writer, account: Account, person: ExternalPerson): Promise<Account> {
    const now = this.#clock.now()
    const before = await tx
      .selectFrom('user_account')
      .select(['email', 'real_name', 'admin_by_group'])
      .where('id', '=', account.id)
      .executeTakeFirstOrThrow()
    const email = person.email === undefined ? null : cut(person.email)
    const realName = cut(person.realName)
    const adminByGroup = person.admin ? 1 : 0
    if (before.email === email && before.real_name === realName && before.admin_by_group === adminByGroup)
      return account
    const lost = before.admin_by_group === 1 && adminByGroup === 0
    const version = lost ? Math.max(now, account.version + 1) : account.version
    const row = await tx
      .updateTable('user_account')
      .set({
        email,
        real_name: realName,
        admin_by_group: adminByGroup,
        credentials_changed_at: version,
        updated_at: now,
      })
      .where('id', '=', account.id)
      .returning(accountColumns)
      .executeTakeFirstOrThrow()
    if (before.admin_by_group !== adminByGroup) {
      const { id: userId, username } = account
      const changed = { type: 'update_user', userId, username, change: 'admin', value: person.admin } as const
      await this.#events.record(tx, { kind: 'system', name: person.source }, changed)
    }
    return accountOf(row)
  }
}

// oxlint-disable-next-line no-control-regex
const cut = (text: string): string => text.replace(/[\u0000-\u001f\u007f]/g, ' ').slice(0, maxTextLength)
