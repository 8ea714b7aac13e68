import type { Selectable } from 'kysely'
import type { Writer } from '../../../database/database.ts'
import type { UserAccountTable } from '../../../database/schema/access.ts'
import type { Clock } from '../../clock.ts'
import type { Events } from '../../events/events.ts'
import type { Actor } from '../actor.ts'

interface NewAccount {
  readonly username: string
  readonly nameKey: string
  readonly passwordHash: string | null
  readonly email?: string
  readonly realName?: string
  readonly comment?: string
  readonly admin?: boolean
}

/** The account with its event; undefined when the name is taken. */
export async function insertUser(
  { clock, events }: { readonly clock: Clock; readonly events: Events },
  tx: Writer,
  actor: Actor,
  user: NewAccount,
): Promise<Selectable<UserAccountTable> | undefined> {
  const { passwordHash } = user
  const now = clock.now()
  const row = await tx
    .insertInto('user_account')
    .values({
      username: user.username,
      name_key: user.nameKey,
      email: user.email ?? null,
      real_name: user.realName ?? '',
      comment: user.comment ?? '',
      password_hash: passwordHash,
      password_changed_at: passwordHash === null ? null : now,
      admin: user.admin === true ? 1 : 0,
      disabled: 0,
      credentials_changed_at: now,
      created_at: now,
      updated_at: now,
    })
    .onConflict((conflict) => conflict.column('username').doNothing())
    .returningAll()
    .executeTakeFirst()
  if (row === undefined) return undefined
  await events.record(tx, actor, {
    type: 'create_user',
    userId: row.id,
    username: row.username,
    admin: row.admin === 1,
  })
  return row
}
