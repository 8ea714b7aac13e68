import type { Database, Writer } from '../../../database/database.ts'
import { lockRows } from '../../../database/locking.ts'
import type { Clock } from '../../clock.ts'
import { DomainError } from '../../errors.ts'
import type { Events } from '../../events/events.ts'
import { accountColumns, accountOf, type Account } from '../accounts/accounts.ts'
import { assertMayRuleDuty } from '../accounts/account-rules.ts'
import { userUnknown } from '../accounts/user-rules.ts'
import type { Actor } from '../actor.ts'
import { currentActor } from '../current-actor.ts'
import { assertSystemAdministrator } from '../roles/authorise.ts'
import { assertProvedLately } from './step-up.ts'

interface Ground {
  readonly database: Database
  readonly clock: Clock
  readonly events: Events
}

/**
 * Takes the second factor of somebody away who has lost phone and recovery codes. Administrators do it for others: with their
 * own session alone they could get rid of theirs. Those with a duty of their own are ruled on the machine of the registry.
 * @throws DomainError USER_UNKNOWN, UNAUTHENTICATED, FORBIDDEN
 */
export async function resetSecondFactor(ground: Ground, actor: Actor, userId: number): Promise<void> {
  assertSystemAdministrator(actor)
  await ground.database.write(async (tx) => {
    const now = ground.clock.now()
    const asker = await currentActor(tx, actor, now)
    assertSystemAdministrator(asker)
    if (asker.kind === 'user' && asker.id === userId)
      throw new DomainError(
        'FORBIDDEN',
        'your own second factor goes with a code of it: under your name, in the console',
        {
          reason: 'OWN_ACCOUNT',
        },
      )
    await assertProvedLately(tx, asker, now)
    const account = await lockAccount(ground.database, tx, userId)
    if (account === undefined) throw userUnknown(String(userId))
    assertMayRuleDuty(asker, { username: account.username, duty: account.duty })
    await removeSecondFactor(ground, tx, account, actor)
  })
}

/** The account, whose row is held, without a second factor, a secret that was begun, recovery codes and passkeys. */
export async function removeSecondFactor(ground: Ground, tx: Writer, account: Account, actor: Actor): Promise<void> {
  await tx.deleteFrom('second_factor').where('user_id', '=', account.id).execute()
  await tx.deleteFrom('recovery_code').where('user_id', '=', account.id).execute()
  await tx.deleteFrom('passkey').where('user_id', '=', account.id).execute()
  if (!account.secondFactor) return
  const own = actor.kind === 'user' && actor.id === account.id
  await changeSecondFactor(ground, tx, account, { on: false, actor, session: own ? actor.session : undefined })
}

interface Change {
  readonly on: boolean
  readonly actor: Actor
  /** The one that goes on; all others end. */
  readonly session: string | undefined
}

/** The account, whose row is held, in a new version. */
export async function changeSecondFactor(
  { clock, events }: Ground,
  tx: Writer,
  account: Account,
  { on, actor, session }: Change,
): Promise<Account> {
  const { id: userId, username, version: before } = account
  const now = clock.now()
  const version = Math.max(now, before + 1)
  await tx
    .updateTable('user_account')
    .set({ second_factor: on ? 1 : 0, credentials_changed_at: version, updated_at: now })
    .where('id', '=', userId)
    .execute()
  if (session !== undefined)
    await tx
      .updateTable('session')
      .set({ account_version: version, ...(on ? { proved_at: now } : {}) })
      .where('id_hash', '=', session)
      .where('user_id', '=', userId)
      .where('account_version', '=', before)
      .execute()
  await events.record(tx, actor, { type: 'update_user', userId, username, change: 'second-factor', value: on })
  return { ...account, secondFactor: on, version }
}

/** An account that stays as it is until the transaction ends. */
export async function lockAccount(
  database: Pick<Database, 'dialect'>,
  tx: Writer,
  id: number,
): Promise<Account | undefined> {
  const query = tx.selectFrom('user_account').select(accountColumns).where('id', '=', id)
  const row = await lockRows(database, query).executeTakeFirst()
  return row === undefined ? undefined : accountOf(row)
}
