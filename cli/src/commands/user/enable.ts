import type { AccessCommand } from '../../access-command.ts'
import { getUserId } from '../../api/find-user.ts'

export const enableUser: AccessCommand = {
  usage: 'enable <username>',
  description: 'let a disabled account in again',
  example: 'berth user enable ada',
  async run({ users, actor }, [username = '']) {
    await users.enableUser(actor, username)
    return { text: `${username} is enabled`, json: { username, disabled: false } }
  },
  async remote(api, [username = '']) {
    const params = { user_id: await getUserId(api, username) }
    await api.call('PUT /users/{user_id}/disabled', { params, body: { disabled: false } })
    return { text: `${username} is enabled at ${api.name}`, json: { username, disabled: false } }
  },
}
