import type { AccessCommand } from '../../access-command.ts'
import { getUserId } from '../../api/find-user.ts'

export const setAdmin: AccessCommand = {
  usage: 'admin <username>',
  description: 'make an account a system administrator, or take that back',
  example: 'berth user admin ada\n  berth user admin ada --remove',
  configure: (command) => void command.option('--remove', 'make it an ordinary account again'),
  advice: { CONFLICT: 'berth user admin <somebody else>' },
  async run({ users, actor }, [username = ''], flags) {
    const admin = flags['remove'] !== true
    await users.setAdmin(actor, username, admin)
    return {
      text: `${username} is ${admin ? 'a system administrator' : 'an ordinary user'}`,
      json: { username, admin },
    }
  },
  async remote(api, [username = ''], flags) {
    const admin = flags['remove'] !== true
    const params = { user_id: await getUserId(api, username) }
    await api.call('PUT /users/{user_id}/sysadmin', { params, body: { sysadmin_flag: admin } })
    return {
      text: `${username} is ${admin ? 'a system administrator' : 'an ordinary user'} at ${api.name}`,
      json: { username, admin },
    }
  },
}
