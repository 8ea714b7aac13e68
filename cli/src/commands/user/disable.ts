import type { AccessCommand } from '../../access-command.ts'
import { getUserId } from '../../api/find-user.ts'

export const disableUser: AccessCommand = {
  usage: 'disable <username>',
  description: 'shut an account out, at once and without deleting it; its tokens die too',
  example: 'berth user disable ada',
  advice: { CONFLICT: 'berth user admin <somebody else>' },
  async run({ users, actor }, [username = '']) {
    await users.disableUser(actor, username)
    return { text: `${username} is disabled`, json: { username, disabled: true } }
  },
  async remote(api, [username = '']) {
    const params = { user_id: await getUserId(api, username) }
    await api.call('PUT /users/{user_id}/disabled', { params, body: { disabled: true } })
    return { text: `${username} is disabled at ${api.name}`, json: { username, disabled: true } }
  },
}
