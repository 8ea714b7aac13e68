import type { Reader } from '../../database/database.ts'
import { preparedQuery } from '../../database/prepared.ts'
import type { Flag } from '../../database/schema.ts'
import type { Actor } from './actor.ts'

/** What signing in and tokens need to know of an account, as it is at this moment. */
export interface Account {
  readonly id: number
  readonly username: string
  readonly admin: boolean
  readonly disabled: boolean
  /** Another one after every change that voids credentials: new password, other rights, disabled. */
  readonly version: number
}

/** Apart, so that the hash does not travel with the account. */
export interface AccountWithPassword {
  readonly account: Account
  readonly passwordHash: string | null
}

interface AccountRow {
  readonly id: number
  readonly username: string
  readonly admin: Flag
  readonly disabled: Flag
  readonly credentials_changed_at: number
}

const columns = ['id', 'username', 'admin', 'disabled', 'credentials_changed_at'] as const

const selectById = preparedQuery<{ id: number }, AccountRow>((db, param) =>
  db.selectFrom('user_account').select(columns).where('id', '=', param('id')),
)

const selectByName = preparedQuery<{ username: string }, AccountRow & { password_hash: string | null }>((db, param) =>
  db.selectFrom('user_account').select(columns).select('password_hash').where('username', '=', param('username')),
)

export async function findAccount(reader: Reader, id: number): Promise<Account | undefined> {
  const row = await selectById.first(reader, { id })
  return row === undefined ? undefined : accountOf(row)
}

export async function findAccountByName(reader: Reader, username: string): Promise<AccountWithPassword | undefined> {
  const row = await selectByName.first(reader, { username })
  return row === undefined ? undefined : { account: accountOf(row), passwordHash: row.password_hash }
}

export function actorOf({ id, username, admin }: Account): Extract<Actor, { kind: 'user' }> {
  return { kind: 'user', id, username, admin }
}

function accountOf(row: AccountRow): Account {
  return {
    id: row.id,
    username: row.username,
    admin: row.admin === 1,
    disabled: row.disabled === 1,
    version: row.credentials_changed_at,
  }
}
