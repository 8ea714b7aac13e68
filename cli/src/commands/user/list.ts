import { collectPages, formatTable, type AccessCommand } from '../../access-command.ts'
import { presentUser } from './present-user.ts'

const pageSize = 500

export const listUsers: AccessCommand = {
  usage: 'list',
  description: 'list the accounts',
  example: 'berth user list --output json',
  async run({ users }) {
    const all = await collectPages(async (after) => {
      const { users: items, next } = await users.listUsers({ after, limit: pageSize })
      return { items, next }
    })
    const rows = all.map((user) => [
      user.username,
      user.admin ? 'admin' : 'user',
      user.disabled ? 'disabled' : 'active',
      user.email ?? '',
    ])
    return { text: formatTable([['USERNAME', 'KIND', 'STATE', 'EMAIL'], ...rows]), json: all.map(presentUser) }
  },
}
