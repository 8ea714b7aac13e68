import type { Selectable } from 'kysely'
import type { UserAccountTable } from '../../../database/schema/access.ts'
import type { Duty } from '../roles/duties.ts'
import type { AccountSource } from './accounts.ts'

export interface User {
  readonly id: number
  readonly username: string
  readonly email: string | undefined
  readonly realName: string
  readonly comment: string
  /** By decision here; `adminByGroup` is beside it. */
  readonly admin: boolean
  readonly adminByGroup: boolean
  /** Who vouches for the account. */
  readonly source: AccountSource
  readonly externalId: string | undefined
  readonly disabled: boolean
  readonly duty: Duty | undefined
  /** A code is asked for beside the password. */
  readonly secondFactor: boolean
  readonly createdAt: number
  readonly updatedAt: number
}

export function userOf(row: Selectable<UserAccountTable>): User {
  return {
    id: row.id,
    username: row.username,
    email: row.email ?? undefined,
    realName: row.real_name,
    comment: row.comment,
    admin: row.admin === 1,
    adminByGroup: row.admin_by_group === 1,
    source: row.source,
    externalId: row.external_id ?? undefined,
    disabled: row.disabled === 1,
    duty: row.duty ?? undefined,
    secondFactor: row.second_factor === 1,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  }
}
