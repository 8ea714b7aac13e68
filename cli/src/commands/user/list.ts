import { formatTable, tableOf } from '../../output.ts'
import { collectPages, type AccessCommand } from '../../access-command.ts'
import { presentRemoteUser, presentUser } from './present-user.ts'

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
  async remote(api) {
    const { rows } = await api.list('GET /users', {}, 0)
    const table = tableOf(rows, {
      USERNAME: ({ username }) => username,
      KIND: (user) => (user.sysadmin_flag ? 'admin' : 'user'),
      EMAIL: ({ email }) => email,
    })
    return { ...table, json: rows.map(presentRemoteUser) }
  },
}
