import { usernameKey, usernameSkeleton } from '#contract/username.ts'
import type { Database, Writer } from '../../../database/database.ts'
import { lockName } from '../../../database/locking.ts'
import { DomainError } from '../../errors.ts'

/**
 * The key of a name that a new account may have: nobody has it in capitals or small letters, and it does not look like
 * an administrator's. Accounts from before this rule keep their names.
 * @throws DomainError CONFLICT
 */
export async function takeUsername(database: Pick<Database, 'dialect'>, tx: Writer, username: string): Promise<string> {
  const key = usernameKey(username)
  await lockName(database, tx, `username ${key}`)
  const taken = await tx
    .selectFrom('user_account')
    .select('id')
    .where((eb) => eb.or([eb('name_key', '=', key), eb('username', '=', username)]))
    .limit(1)
    .executeTakeFirst()
  if (taken !== undefined)
    throw new DomainError('CONFLICT', `user ${username} already exists, in these or other capitals`, {
      reason: 'NAME_TAKEN',
    })
  const administrators = await tx
    .selectFrom('user_account')
    .select('username')
    .where((eb) => eb.or([eb('admin', '=', 1), eb('admin_by_group', '=', 1)]))
    .execute()
  const skeleton = usernameSkeleton(username)
  if (administrators.some((administrator) => usernameSkeleton(administrator.username) === skeleton))
    throw new DomainError('CONFLICT', `the name ${username} looks like that of an administrator; choose another`, {
      reason: 'NAME_TAKEN',
    })
  return key
}
