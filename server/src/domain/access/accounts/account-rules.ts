import type { Reader } from '../../../database/database.ts'
import { DomainError } from '../../errors.ts'
import type { Actor } from '../actor.ts'
import { assertSystemAdministrator } from '../roles/authorise.ts'
import type { Duty } from '../roles/duties.ts'

/**
 * What a robot was given for accounts does not reach administrators, whoever made them so.
 * @throws DomainError FORBIDDEN
 */
export function assertMayRuleAccount(
  actor: Actor,
  { admin, adminByGroup }: { readonly admin: boolean; readonly adminByGroup: boolean },
): void {
  if (admin || adminByGroup) assertSystemAdministrator(actor)
}

/**
 * Who has a duty of their own is ruled on the machine of the registry alone: a system administrator could become them by a new password.
 * @throws DomainError FORBIDDEN
 */
export function assertMayRuleDuty(
  actor: Actor,
  { username, duty }: { readonly username: string; readonly duty: Duty | undefined },
): void {
  if (duty !== undefined && actor.kind !== 'system') throw onTheMachine(username)
}

export const onTheMachine = (username: string): DomainError =>
  new DomainError(
    'FORBIDDEN',
    `${username}: duties are given and taken on the machine of the registry: berth user duty`,
  )

/** @throws DomainError UNAUTHENTICATED, FORBIDDEN for all but the owner, without a narrowed token, and administrators */
export function assertMayChangePassword(actor: Actor, username: string): void {
  if (!isOwn(actor, username)) assertSystemAdministrator(actor)
}

export const isOwn = (actor: Actor, username: string): boolean =>
  actor.kind === 'user' && actor.access === undefined && actor.limits === undefined && actor.username === username

/** Whether somebody has it. */
export async function isHeld(reader: Reader, duty: Duty): Promise<boolean> {
  const row = await reader.selectFrom('user_account').select('id').where('duty', '=', duty).limit(1).executeTakeFirst()
  return row !== undefined
}
