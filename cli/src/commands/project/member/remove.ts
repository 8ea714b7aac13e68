import type { AccessCommand } from '../../../access-command.ts'
import { getMember } from './find-member.ts'

export const removeMember: AccessCommand = {
  usage: 'remove <project> <username>',
  description: 'end a membership; it counts at once, for tokens in use too',
  example: 'berth project member remove backend ada',
  async run({ members, actor }, [project = '', username = '']) {
    await members.removeMember(actor, project, username)
    return { text: `${username} is no member of ${project} any more`, json: { project, username } }
  },
  async remote(api, [project = '', username = '']) {
    const { id } = await getMember(api, project, username)
    await api.call('DELETE /projects/{project_name_or_id}/members/{mid}', {
      params: { project_name_or_id: project, mid: id },
    })
    return { text: `${username} is no member of ${project} any more at ${api.name}`, json: { project, username } }
  },
}
