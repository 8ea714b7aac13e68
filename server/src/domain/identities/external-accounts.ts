import { usernameKey } from '#contract/username.ts'
import type { Database, Reader, Writer } from '../../database/database.ts'
import { lockRows } from '../../database/locking.ts'
import type { Actor } from '../access/actor.ts'
import { accountOf, accountColumns, type Account } from '../access/accounts/accounts.ts'
import { takeUsername } from '../access/accounts/free-username.ts'
import { setGroupsOf, type GroupIdentity } from '../access/accounts/user-groups.ts'
import { assertUsername } from '../access/accounts/user-rules.ts'
import type { Clock } from '../clock.ts'
import { DomainError } from '../errors.ts'
import type { Events } from '../events/events.ts'

/** A person for whom another server vouches, as that server describes them now. */
export interface ExternalPerson {
  readonly source: 'ldap' | 'oidc'
  /** The server's own name for the person, which it gives to no other. */
  readonly externalId: string
  /** What they are called when the server moves or renames them, too. */
  readonly stableId?: string | undefined
  readonly username: string
  /** The server has nobody else of this name: an account of the name may be theirs. */
  readonly nameIsTheirs?: boolean
  readonly email: string | undefined
  readonly realName: string
  readonly groups: readonly GroupIdentity[]
  /** A group of theirs makes them an administrator. */
  readonly admin: boolean
}

type Recognisable = Pick<ExternalPerson, 'source' | 'externalId' | 'stableId' | 'nameIsTheirs'> & {
  readonly username?: string
}

interface Candidate {
  readonly external_id: string | null
  readonly stable_id: string | null
  readonly name_key: string | null
}

/**
 * The account of somebody among those that may be theirs. The stable id decides. Where none was kept, it is the name at
 * the source, and then the username: people are moved to other places of a directory, and Harbor knows them by it, too.
 */
function recognise<Row extends Candidate>(rows: readonly Row[], person: Recognisable): Row | undefined {
  const { externalId, stableId, username = '', nameIsTheirs = false } = person
  const same = stableId === undefined ? undefined : rows.find((row) => row.stable_id === stableId)
  if (same !== undefined) return same
  // Somebody else may have the place, or the name, of a person who left: another stable id tells them apart.
  const open = rows.filter(
    (row) => row.stable_id === null || (stableId === undefined && row.external_id === externalId),
  )
  const placed = open.find((row) => row.external_id === externalId)
  if (placed !== undefined || !nameIsTheirs) return placed
  return open.find((row) => row.name_key === usernameKey(username))
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
      await this.#link(tx, account, person)
      const actor: Actor = { kind: 'user', id: account.id, username: account.username, admin: account.admin }
      await setGroupsOf(tx, { clock: this.#clock, events: this.#events }, actor, account.id, person.groups)
      return await this.#refresh(tx, account, person)
    })
  }

  /** True when the person has an account already. */
  async isKnown(person: Recognisable): Promise<boolean> {
    const query = this.#candidates(this.#database.read, person)
    return recognise(await query.execute(), person) !== undefined
  }

  async #findLocked(tx: Writer, person: Recognisable): Promise<Account | undefined> {
    const rows = await lockRows(this.#database, this.#candidates(tx, person)).execute()
    const found = recognise(rows, person)
    return found === undefined ? undefined : accountOf(found)
  }

  /** The accounts of the person's source that may be theirs. */
  #candidates(reader: Reader, { source, externalId, stableId, username }: Recognisable) {
    return reader
      .selectFrom('user_account')
      .select([...accountColumns, 'external_id', 'stable_id', 'name_key'])
      .where('source', '=', source)
      .where((eb) =>
        eb.or([
          eb('external_id', '=', externalId),
          eb('name_key', '=', usernameKey(username ?? '')),
          ...(stableId === undefined ? [] : [eb('stable_id', '=', stableId)]),
        ]),
      )
      .orderBy('id')
  }

  async #insert(tx: Writer, person: ExternalPerson): Promise<Account> {
    const { source } = person
    // Servers elsewhere may write one name in several forms (UAX 15).
    const username = person.username.normalize('NFKC')
    assertUsername(username)
    const nameKey = await takeUsername(this.#database, tx, username).catch((cause: unknown) => {
      if (cause instanceof DomainError && cause.code === 'CONFLICT' && person.source === 'ldap')
        throw new DomainError('CONFLICT', `${cause.message}; ${remedy(username)}`, { cause })
      throw cause
    })
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
        stable_id: person.stableId ?? null,
        credentials_changed_at: now,
        created_at: now,
        updated_at: now,
      })
      .onConflict((conflict) => conflict.column('username').doNothing())
      .returning(accountColumns)
      .executeTakeFirst()
    if (row === undefined) {
      throw new DomainError('CONFLICT', takenBySomebodyElse(username))
    }
    const account = accountOf(row)
    const actor: Actor = { kind: 'system', name: source }
    const created = { type: 'create_user', userId: account.id, username, admin: account.admin } as const
    await this.#events.record(tx, actor, created)
    return account
  }

  /** Keeps where the person is now, so that they are found there. */
  async #link(tx: Writer, account: Account, person: ExternalPerson): Promise<void> {
    const { source, externalId, stableId } = person
    const before = await tx
      .selectFrom('user_account')
      .select(['external_id', 'stable_id'])
      .where('id', '=', account.id)
      .executeTakeFirstOrThrow()
    const stable = stableId ?? before.stable_id
    if (before.external_id === externalId && before.stable_id === stable) return
    // An account that was in this place belongs to somebody who is elsewhere now, or gone.
    await tx
      .updateTable('user_account')
      .set({ external_id: null })
      .where('source', '=', source)
      .where('external_id', '=', externalId)
      .where('id', '!=', account.id)
      .execute()
    await tx
      .updateTable('user_account')
      .set({ external_id: externalId, stable_id: stable, updated_at: this.#clock.now() })
      .where('id', '=', account.id)
      .execute()
    if (before.external_id === externalId) return
    const { id: userId, username } = account
    await this.#events.record(
      tx,
      { kind: 'system', name: source },
      { type: 'update_user', userId, username, change: 'link' },
    )
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

const remedy = (username: string): string =>
  `when it is the same person, an administrator hands it over with \`berth user relink ${username}\`, else deletes it`

const takenBySomebodyElse = (username: string): string =>
  `the name ${username} belongs to another account here; ${remedy(username)}`

// oxlint-disable-next-line no-control-regex
const cut = (text: string): string => text.replace(/[\u0000-\u001f\u007f]/g, ' ').slice(0, maxTextLength)
