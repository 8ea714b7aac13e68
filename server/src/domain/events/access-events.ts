import { eventKind } from './event-kind.ts'

interface OnUser {
  readonly userId: number
  readonly username: string
}

interface OnUserGroup {
  readonly groupId: number
  readonly group: string
}

interface OnRole {
  readonly roleId: number
  readonly role: string
}

interface OnPersonalToken {
  readonly tokenId: number
  readonly token: string
}

interface OnPasskey extends OnUser {
  /** What its owner calls it. */
  readonly passkey: string
}

/** A login that failed: `username` is the name that was claimed, which may belong to no account. */
interface FailedLogin {
  readonly failed: true
  readonly username: string
}

/** Properties of an account that may change. Never the value of a secret. */
export type UserChange =
  | 'password'
  | 'admin'
  | 'disabled'
  | 'profile'
  | 'cli-secret'
  | 'link'
  | 'duty'
  | 'second-factor'

const username = (fields: { readonly username: string }): string => fields.username
const group = (fields: OnUserGroup): string => fields.group
const role = (fields: OnRole): string => fields.role
const token = (fields: OnPersonalToken): string => fields.token

/** Accounts, groups, roles, personal tokens, and the key that signs access tokens. */
export const accessEvents = {
  create_user_group: eventKind<OnUserGroup>(group),
  update_user_group: eventKind<OnUserGroup>(group),
  delete_user_group: eventKind<OnUserGroup>(group),
  create_role: eventKind<OnRole>(role),
  update_role: eventKind<OnRole>(role),
  delete_role: eventKind<OnRole>(role),
  create_user: eventKind<OnUser & { readonly admin: boolean }>(username),
  update_user: eventKind<OnUser & { readonly change: UserChange; readonly value?: boolean }>(username),
  delete_user: eventKind<OnUser>(username),
  login_user: eventKind<OnUser | FailedLogin>(username),
  create_passkey: eventKind<OnPasskey>(username),
  delete_passkey: eventKind<OnPasskey>(username),
  use_recovery_code: eventKind<OnUser>(username),
  renew_recovery_codes: eventKind<OnUser>(username),
  logout_user: eventKind<OnUser>(username),
  create_personal_token: eventKind<OnPersonalToken>(token),
  delete_personal_token: eventKind<OnPersonalToken>(token),
  rotate_signing_key: eventKind<{ readonly kid: string }>(({ kid }) => kid),
}
