import { DomainError } from '../../errors.ts'
import type { Actor } from '../actor.ts'

/**
 * Somebody who signed in with their password or at their provider: no robot, no token of any kind.
 * @throws DomainError UNAUTHENTICATED, FORBIDDEN with `refusal`
 */
export function personOf(actor: Actor, refusal: string): { readonly id: number; readonly username: string } {
  if (actor.kind === 'anonymous') throw new DomainError('UNAUTHENTICATED', 'unauthorized')
  if (actor.kind === 'user' && actor.access === undefined && actor.limits === undefined) return actor
  throw new DomainError('FORBIDDEN', refusal)
}
