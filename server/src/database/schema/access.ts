import type { Generated } from 'kysely'
import type { Flag } from './columns.ts'

export interface UserAccountTable {
  id: Generated<number>
  username: string
  email: string | null
  real_name: string
  comment: string
  /** PHC string; null when the account cannot sign in with a password. */
  password_hash: string | null
  admin: Flag
  disabled: Flag
  /** Tokens and cached credentials from before this moment are void. */
  credentials_changed_at: number
  /** The source that vouches for the account: this registry, a directory or a provider. */
  source: Generated<'local' | 'ldap' | 'oidc'>
  /** The account's name at its source: a distinguished name, or `issuer subject`. */
  external_id: string | null
  /** What the source calls the person wherever they are moved (`entryUUID`); null where it has no such thing. */
  stable_id: Generated<string | null>
  /** A group makes it an administrator for as long as it is in there. */
  admin_by_group: Generated<Flag>
  /** The name as it is compared with those of new accounts; null in rows that an older version wrote. */
  name_key: Generated<string | null>
  /** What they administer besides, apart from system administrators: security, or the audit log. */
  duty: Generated<'security' | 'audit' | null>
  created_at: number
  updated_at: number
}

/** A browser that signed in. */
export interface SessionTable {
  /** SHA-256 of the cookie, so that a copy of the table is of no use as a cookie. */
  id_hash: string
  user_id: number
  /** `credentials_changed_at` of the account when it signed in; another one ends the session. */
  account_version: number
  created_at: number
  expires_at: number
}

export interface SigningKeyTable {
  kid: string
  algorithm: string
  /** JSON Web Key with the private part, sealed. */
  private_jwk: string
  created_at: number
  /** Signs nothing from then on; still verifies until the last token it signed has expired. */
  retired_at: number | null
}
