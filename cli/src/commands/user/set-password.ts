import type { AccessCommand } from '../../access-command.ts'
import { addPasswordFlag, readNewPassword } from '../../secret-input.ts'

export const setPassword: AccessCommand = {
  usage: 'set-password <username>',
  alias: 'passwd',
  description: 'give an account a new password; whoever is logged in with the old one is logged out',
  example: 'berth user set-password admin',
  configure: addPasswordFlag,
  async run({ users, actor }, [username = ''], flags) {
    // Checked first, so that a password is not typed in vain.
    await users.getUser(username)
    await users.setPassword(actor, username, await readNewPassword(flags))
    return { text: `${username} has a new password`, json: { username } }
  },
}
