import { DomainError } from '../../errors.ts'
import type { Actor } from '../actor.ts'
import type { SignIn } from './sign-in.ts'
import { isSelf } from '../accounts/user-profiles.ts'
import { assertMayChangePassword } from '../accounts/account-rules.ts'
import type { User } from '../accounts/user.ts'
import type { Users } from '../accounts/users.ts'
import { assertPasswordStrong } from './passwords.ts'

export interface PasswordChange {
  /** Asked of people who change their own. */
  readonly oldPassword: string
  readonly newPassword: string
  /** For the brake on guessing: a stolen session must not be a way to find out the password. */
  readonly clientAddress: string
}

/**
 * Sets the password of an account, by its owner who knows the old one, or by an administrator. Nothing is compared for
 * anybody else: the answer would tell whether the new password is the present one.
 * @throws DomainError FORBIDDEN, BAD_REQUEST (weak, or the same as before), TOO_MANY_REQUESTS, UNAUTHENTICATED
 */
export async function changePassword(
  { users, signIn }: { users: Users; signIn: SignIn },
  actor: Actor,
  user: User,
  { oldPassword, newPassword, clientAddress }: PasswordChange,
): Promise<void> {
  const { username } = user
  assertMayChangePassword(actor, username)
  if (isSelf(actor, user.id)) {
    const account = await signIn.signIn({ username, password: oldPassword }, clientAddress)
    if (account === undefined) throw new DomainError('FORBIDDEN', 'Current password is incorrect')
    if (oldPassword === newPassword) throw identical()
  }
  // Before the comparison: a password that is refused anyway must not be one more guess.
  assertPasswordStrong(newPassword)
  if (!isSelf(actor, user.id) && (await signIn.isCurrentPassword({ username, password: newPassword }, clientAddress)))
    throw identical()
  await users.setPassword(actor, username, newPassword)
}

function identical(): DomainError {
  return new DomainError('BAD_REQUEST', 'New password is identical to old password')
}
