import type { Reader } from '../../../database/database.ts'
import { DomainError } from '../../errors.ts'
import type { Actor } from '../actor.ts'

/** A proof is good for so long before somebody who took over a session could use it. */
const freshMs = 15 * 60_000

/**
 * Before an act that outlives the session, such as a new token: a person with a second factor has shown it lately. Others
 * have nothing to show, and programs never have a session.
 * @throws DomainError FORBIDDEN, reason STEP_UP_REQUIRED
 */
export async function assertProvedLately(reader: Reader, actor: Actor, now: number): Promise<void> {
  if (actor.kind !== 'user' || actor.session === undefined) return
  const row = await reader
    .selectFrom('session')
    .innerJoin('user_account', 'user_account.id', 'session.user_id')
    .select('session.proved_at')
    .where('session.id_hash', '=', actor.session)
    .where('user_account.second_factor', '=', 1)
    .executeTakeFirst()
  if (row === undefined || (row.proved_at ?? 0) + freshMs > now) return
  throw new DomainError('FORBIDDEN', 'show a code of your authenticator app once more before you do this', {
    reason: 'STEP_UP_REQUIRED',
  })
}
