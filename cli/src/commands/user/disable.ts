import type { AccessCommand } from '../../access-command.ts'

export const disableUser: AccessCommand = {
  usage: 'disable <username>',
  description: 'shut an account out, at once and without deleting it; its tokens die too',
  example: 'berth user disable ada',
  advice: { CONFLICT: 'berth user admin <somebody else>' },
  async run({ users, actor }, [username = '']) {
    await users.disableUser(actor, username)
    return { text: `${username} is disabled`, json: { username, disabled: true } }
  },
}
