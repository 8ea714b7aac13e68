import type { AccessCommand } from '../../../access-command.ts'

export const removeMember: AccessCommand = {
  usage: 'remove <project> <username>',
  description: 'end a membership; it counts at once, for tokens in use too',
  example: 'berth project member remove backend ada',
  async run({ members, actor }, [project = '', username = '']) {
    await members.removeMember(actor, project, username)
    return { text: `${username} is no member of ${project} any more`, json: { project, username } }
  },
}
