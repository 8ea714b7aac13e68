import type { AccessCommand } from '../../access-command.ts'
import { addConfirmFlag, confirm } from '../../confirm.ts'

export const deleteUser: AccessCommand = {
  usage: 'delete <username>',
  description: 'delete an account and its memberships; what it pushed stays',
  example: 'berth user delete ada',
  advice: { CONFLICT: 'berth user admin <somebody else>' },
  configure: addConfirmFlag,
  async run({ users, actor }, [username = ''], flags) {
    const { email, admin } = await users.getUser(username)
    const who = [username, email, admin ? 'a system administrator' : ''].filter(Boolean).join(', ')
    await confirm(`the account ${who} goes, with its memberships, tokens and sessions; what it pushed stays`, flags)
    await users.deleteUser(actor, username)
    return { text: `deleted user ${username}`, json: { username } }
  },
}
