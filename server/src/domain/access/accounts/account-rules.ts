import type { Actor } from '../actor.ts'
import { assertSystemAdministrator } from '../roles/authorise.ts'

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
