import { sql } from 'kysely'
import type { Reader } from '../../../database/database.ts'
import { preparedQuery } from '../../../database/prepared.ts'
import type { Flag } from '../../../database/schema/columns.ts'
import type { Actor } from '../actor.ts'
import { duties, type Duty } from '../roles/duties.ts'

/** What signing in and tokens need to know of an account, as it is at this moment. */
export interface Account {
  readonly id: number
  readonly username: string
  /** By decision here, or by a group at the server that vouches for the account. */
  readonly admin: boolean
  readonly disabled: boolean
  readonly duty?: Duty
  readonly apart?: readonly Duty[]
  /** Another one after every change that voids credentials: new password, other rights, disabled. */
  readonly version: number
  /** They show a code beside their password, and programs of theirs come with something else. */
  readonly secondFactor: boolean
  /** A provider asks them for whatever it wants; what is a password here is a secret for programs. */
  readonly provedElsewhere: boolean
  /** When the password that stands was set (ms); undefined where the password is not here. */
  readonly passwordChangedAt: number | undefined
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
  readonly duty: Duty | null
  readonly security_apart: number
  readonly audit_apart: number
  readonly second_factor: Flag
  readonly source: AccountSource
  readonly password_changed_at: number | null
}

/** 1 where somebody has the duty. */
const isHeld = (duty: Duty) =>
  sql<number>`case when exists (select 1 from user_account as holder where holder.duty = ${sql.lit(duty)} and holder.disabled = 0) then 1 else 0 end`

/** What `accountOf` needs of a row of `user_account`. */
export const accountColumns = [
  'user_account.id',
  'user_account.username',
  'user_account.admin',
  'user_account.admin_by_group',
  'user_account.disabled',
  'user_account.credentials_changed_at',
  'user_account.duty',
  isHeld('security').as('security_apart'),
  isHeld('audit').as('audit_apart'),
  'user_account.second_factor',
  'user_account.source',
  'user_account.password_changed_at',
] as const

type AccountWithPasswordRow = AccountRow & { readonly password_hash: string | null }

const selectById = preparedQuery<{ id: number }, AccountRow>((db, param) =>
  db.selectFrom('user_account').select(accountColumns).where('id', '=', param('id')),
)

const selectByName = preparedQuery<{ username: string }, AccountWithPasswordRow>((db, param) =>
  db
    .selectFrom('user_account')
    .select(accountColumns)
    .select('password_hash')
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

export function actorOf(account: Account): Extract<Actor, { kind: 'user' }> {
  const { id, username, admin, version } = account
  return { kind: 'user', id, username, admin, version, ...dutiesOf(account) }
}

/** What `actorOf` takes of duties. */
export const dutiesOf = ({ duty, apart }: Account): Pick<Account, 'duty' | 'apart'> => ({
  ...(duty === undefined ? {} : { duty }),
  ...(apart === undefined ? {} : { apart }),
})

export function accountOf(row: AccountRow): Account {
  const duty = row.duty ?? undefined
  // A group of a directory does not make an administrator of who has a duty.
  const admin = duty === undefined && (row.admin === 1 || row.admin_by_group === 1)
  const apart = duties.filter((each) => Number(row[`${each}_apart`]) === 1)
  return {
    id: row.id,
    username: row.username,
    admin,
    ...(duty === undefined ? {} : { duty }),
    ...(admin && apart.length > 0 ? { apart } : {}),
    disabled: row.disabled === 1,
    version: row.credentials_changed_at,
    secondFactor: row.second_factor === 1,
    provedElsewhere: row.source === 'oidc',
    passwordChangedAt: row.source === 'local' ? (row.password_changed_at ?? undefined) : undefined,
  }
}
