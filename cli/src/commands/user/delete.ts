import type { AccessCommand } from '../../access-command.ts'

export const deleteUser: AccessCommand = {
  usage: 'delete <username>',
  description: 'delete an account and its memberships; what it pushed stays',
  example: 'berth user delete ada',
  advice: { CONFLICT: 'berth user admin <somebody else>' },
  async run({ users, actor }, [username = '']) {
    await users.deleteUser(actor, username)
    return { text: `deleted user ${username}`, json: { username } }
  },
}
