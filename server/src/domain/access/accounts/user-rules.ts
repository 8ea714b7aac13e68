import { isUsername } from '#contract/username.ts'
import { DomainError } from '../../errors.ts'
import type { AccountSource } from './accounts.ts'

/** What an account may be called, say about its person, and be linked to. */

/** Somebody at an OIDC provider (OpenID Connect Core 1.0 §2). */
export interface OidcIdentity {
  readonly issuer: string
  readonly subject: string
}

interface Profile {
  readonly email?: string
  readonly realName?: string
  readonly comment?: string
}

export function assertUsername(username: string): void {
  if (isUsername(username)) return
  throw new DomainError(
    'BAD_REQUEST',
    'username with illegal length or contains illegal characters: it has 1 to 255 visible ones of one script, none of , " ~ # % $ : \\ among them and no space around them',
  )
}

export function assertProfile({ email, realName = '', comment = '' }: Profile): void {
  if (email !== undefined && !/^[^\s@]{1,64}@[^\s@]{1,255}$/u.test(email)) {
    throw new DomainError('BAD_REQUEST', 'this is no electronic mail address; one looks like ada@example.org')
  }
  // oxlint-disable-next-line no-control-regex
  if (realName.length > 255 || comment.length > 255 || /[\u0000-\u001f\u007f]/.test(realName + comment)) {
    throw new DomainError('BAD_REQUEST', 'the real name and the comment have at most 255 characters each, in one line')
  }
}

export function assertRelinkable(username: string, source: AccountSource, identity: OidcIdentity | undefined): void {
  if (source === 'local')
    throw new DomainError('BAD_REQUEST', `${username} is an account of this registry alone; nobody else vouches for it`)
  if (source === 'oidc' && identity === undefined)
    throw new DomainError('BAD_REQUEST', `${username} signs in by OIDC: name the issuer and the subject of the person`)
  if (source === 'ldap' && identity !== undefined)
    throw new DomainError('BAD_REQUEST', `${username} is of the directory: it is relinked without issuer and subject`)
}

export function userUnknown(username: string): DomainError {
  return new DomainError('USER_UNKNOWN', `there is no user ${username}`)
}
