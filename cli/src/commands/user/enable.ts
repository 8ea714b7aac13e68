import type { AccessCommand } from '../../access-command.ts'

export const enableUser: AccessCommand = {
  usage: 'enable <username>',
  description: 'let a disabled account in again',
  example: 'berth user enable ada',
  async run({ users, actor }, [username = '']) {
    await users.enableUser(actor, username)
    return { text: `${username} is enabled`, json: { username, disabled: false } }
  },
}
