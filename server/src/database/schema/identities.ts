import type { Generated } from 'kysely'
import type { Flag } from './columns.ts'

/** The source that vouches for the members of a group, and the group's name there. */
export interface UserGroupTable {
  id: Generated<number>
  kind: 'ldap' | 'http' | 'oidc'
  name: string
  /** Of LDAP the distinguished name in one spelling, of the others the name. */
  external_id: string
  created_at: number
  updated_at: number
}

/** As it was when the account last signed in. */
export interface UserGroupMemberTable {
  user_id: number
  group_id: number
}

/** A role in projects that an administrator composed; its ids begin at 101. */
export interface RoleTable {
  id: Generated<number>
  name: string
  description: string
  /** JSON array of `resource:action`. */
  permissions: string
  created_at: number
  updated_at: number
}

/** Tokens that an OIDC provider gave us for an account that signed in there. */
export interface OidcSessionTable {
  user_id: number
  issuer: string
  /** Sealed. */
  refresh_token: string | null
  /** Until this time the provider need not be asked again whether it still vouches. */
  valid_until: number
  cli_secret_hash: string | null
}

/** The state of a sign-in that a person has begun and not finished. */
export interface PendingSignInTable {
  /** SHA-256 of the token that the browser has. */
  id_hash: string
  kind: string
  /** JSON, sealed. */
  content: string
  expires_at: number
}

/** A secret that stands for a person, narrower than the person. */
export interface PersonalTokenTable {
  id: Generated<number>
  user_id: number
  name: string
  description: string
  /** SHA-256 of a random secret. */
  secret_hash: string
  /** JSON array of project ids; null: every project of the person. */
  projects: string | null
  /** JSON array of `resource:action`. */
  permissions: string
  expires_at: number | null
  last_used_at: number | null
  created_at: number
}

/** Tokens of another issuer that are as good as a robot's secret. */
export interface TrustRuleTable {
  id: Generated<number>
  robot_id: number
  issuer: string
  audience: string
  /** JSON object: claim → pattern. */
  claims: string
  /** PEM, of the authority of the issuer's certificate. */
  ca_certificate: string | null
  /** Its issuer may live in a private network. */
  private_networks: Generated<Flag>
  created_at: number
}
