import type { AccessCommand } from '../../access-command.ts'
import { getUserId } from '../../api/find-user.ts'
import { findOwnUser } from '../../api/who-is.ts'
import { addPasswordFlag, readNewPassword, readPassword } from '../../secret-input.ts'

export const setPassword: AccessCommand = {
  usage: 'set-password <username>',
  aliases: ['passwd'],
  description: 'give an account a new password; whoever is logged in with the old one is logged out',
  example: 'berth user set-password admin',
  configure: addPasswordFlag,
  async run({ users, actor }, [username = ''], flags) {
    // Checked first, so that a password is not typed in vain.
    await users.getUser(username)
    await users.setPassword(actor, username, await readNewPassword(flags))
    return { text: `${username} has a new password`, json: { username } }
  },
  async remote(api, [username = ''], flags) {
    const params = { user_id: await getUserId(api, username) }
    const own = await findOwnUser(api)
    // Who sets their own tells the old one: a session that was left open is not enough.
    const old = own?.username === username ? await readPassword({}, `${username}, as it is`) : ''
    const body = { old_password: old, new_password: await readNewPassword(flags) }
    await api.call('PUT /users/{user_id}/password', { params, body })
    return { text: `${username} has a new password at ${api.name}`, json: { username } }
  },
}
