import type { Writer } from '../../../database/database.ts'
import { DomainError } from '../../errors.ts'
import type { Actor } from '../actor.ts'

interface Administrator {
  readonly id: number
  readonly admin: boolean
  readonly disabled: boolean
}

/** Under the name's lock, one after the other: of two who remove each other at once, one is refused. */
export async function assertNotLastAdministrator(tx: Writer, user: Administrator): Promise<void> {
  if (!user.admin || user.disabled) return
  const other = await tx
    .selectFrom('user_account')
    .select('id')
    .where('admin', '=', 1)
    .where('disabled', '=', 0)
    .where('id', '!=', user.id)
    .limit(1)
    .executeTakeFirst()
  if (other !== undefined) return
  throw new DomainError('CONFLICT', 'this is the last administrator; make somebody else one first', {
    reason: 'LAST_ADMINISTRATOR',
  })
}

/** Nobody disables themselves: they would lose the page on which they could take it back. */
export function assertSomebodyElse(actor: Actor, username: string): void {
  if (actor.kind === 'user' && actor.username === username)
    throw new DomainError('FORBIDDEN', 'somebody else must disable your account', { reason: 'OWN_ACCOUNT' })
}
