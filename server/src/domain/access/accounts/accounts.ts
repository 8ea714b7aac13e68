import type { Reader } from '../../../database/database.ts'
import { preparedQuery } from '../../../database/prepared.ts'
import type { Flag } from '../../../database/schema/columns.ts'
import type { Actor } from '../actor.ts'

/** What signing in and tokens need to know of an account, as it is at this moment. */
export interface Account {
  readonly id: number
  readonly username: string
  /** By decision here, or by a group at the server that vouches for the account. */
  readonly admin: boolean
  readonly disabled: boolean
  /** Another one after every change that voids credentials: new password, other rights, disabled. */
  readonly version: number
}

/** Apart, so that the hash does not travel with the account. */
export interface AccountWithPassword {
  readonly account: Account
  /** Who vouches for it. */
  readonly source: AccountSource
  readonly passwordHash: string | null
}

export type AccountSource = 'local' | 'ldap' | 'oidc'

export interface AccountRow {
  readonly id: number
  readonly username: string
  readonly admin: Flag
  readonly admin_by_group: Flag
  readonly disabled: Flag
  readonly credentials_changed_at: number
}

/** What `accountOf` needs of a row of `user_account`. */
export const accountColumns = [
  'user_account.id',
  'user_account.username',
  'user_account.admin',
  'user_account.admin_by_group',
  'user_account.disabled',
  'user_account.credentials_changed_at',
] as const

type AccountWithPasswordRow = AccountRow & { readonly source: AccountSource; readonly password_hash: string | null }

const selectById = preparedQuery<{ id: number }, AccountRow>((db, param) =>
  db.selectFrom('user_account').select(accountColumns).where('id', '=', param('id')),
)

const selectByName = preparedQuery<{ username: string }, AccountWithPasswordRow>((db, param) =>
  db
    .selectFrom('user_account')
    .select(accountColumns)
    .select(['source', 'password_hash'])
    .where('username', '=', param('username')),
)

export async function findAccount(reader: Reader, id: number): Promise<Account | undefined> {
  const row = await selectById.first(reader, { id })
  return row === undefined ? undefined : accountOf(row)
}

export async function findAccountByName(reader: Reader, username: string): Promise<AccountWithPassword | undefined> {
  const row = await selectByName.first(reader, { username })
  return row === undefined
    ? undefined
    : { account: accountOf(row), source: row.source, passwordHash: row.password_hash }
}

export function actorOf({ id, username, admin, version }: Account): Extract<Actor, { kind: 'user' }> {
  return { kind: 'user', id, username, admin, version }
}

export function accountOf(row: AccountRow): Account {
  return {
    id: row.id,
    username: row.username,
    admin: row.admin === 1 || row.admin_by_group === 1,
    disabled: row.disabled === 1,
    version: row.credentials_changed_at,
  }
}
