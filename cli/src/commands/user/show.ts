import { findOwnUser } from '../../api/who-is.ts'
import { getUser } from '../../api/find-user.ts'
import { factsOf } from '../../output.ts'
import type { RegistryCommand } from '../../registry-command.ts'

export const showUser: RegistryCommand = {
  usage: 'show [username]',
  description: 'one account; without a name your own',
  example: 'berth user show ada',
  run: async (api, [username]) => {
    const own = username === undefined ? await findOwnUser(api) : undefined
    const user = own ?? (await getUser(api, username ?? ''))
    return factsOf(
      [
        ['username', user.username],
        ['id', user.user_id],
        ['name', user.realname],
        ['email', user.email],
        ['comment', user.comment],
        ['kind', user.sysadmin_flag || user.admin_role_in_auth ? 'system administrator' : 'user'],
        ['created', user.creation_time],
      ],
      user,
    )
  },
}
