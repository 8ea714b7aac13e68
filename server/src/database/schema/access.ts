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
  /** Codes of an app are asked for beside the password; which, is in `second_factor`. */
  second_factor: Generated<Flag>
  /** When the password that stands was set (ms); null for an account that has none here. */
  password_changed_at: Generated<number | null>
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
  /** When its person last showed a second factor; null when they never did. */
  proved_at: Generated<number | null>
}

/** A password that somebody had before, so that they do not take it again. */
export interface FormerPasswordTable {
  id: Generated<number>
  user_id: number
  password_hash: string
  replaced_at: number
}

/** The app of a person that makes codes (RFC 6238). */
export interface SecondFactorTable {
  user_id: number
  /** In base32, sealed. */
  secret: string
  /** Null until the person has shown that their app has it. */
  confirmed_at: number | null
  /** The step of the last code that was taken: no code is good twice. */
  last_step: number
  /** In a row, with the moment of the last one. */
  wrong_codes: number
  wrong_at: number
  created_at: number
}

/** Codes for the day on which the app is lost. A code that was used has no row any more. */
export interface RecoveryCodeTable {
  user_id: number
  code_hash: string
}

/** A key of a person in an authenticator (Web Authentication). */
export interface PasskeyTable {
  /** The credential id, base64url. */
  id: string
  user_id: number
  name: string
  /** The host that it answers for. */
  rp_id: string
  /** COSE key, base64url. */
  public_key: string
  /** How often the authenticator says that it signed; 0 for those that do not count. */
  counter: number
  created_at: number
  last_used_at: number | null
}

/** Questions to authenticators that have been answered: no answer counts twice. Forgotten once they are too old anyway. */
export interface PasskeyChallengeTable {
  hash: string
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
