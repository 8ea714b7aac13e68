import type { AccessCommand } from '../../../access-command.ts'
import { formatRole, parseRole, roleList } from './role.ts'

export const setMemberRole: AccessCommand = {
  usage: 'set-role <project> <username> <role>',
  description: `give a member another role (${roleList})`,
  example: 'berth project member set-role backend ada maintainer',
  advice: { MEMBER_UNKNOWN: 'berth project member add <project> <username> <role>' },
  async run({ members, actor }, [project = '', username = '', roleText = '']) {
    const role = parseRole(roleText)
    await members.setMemberRole(actor, project, username, role)
    return {
      text: `${username} is ${formatRole(role)} of ${project}`,
      json: { project, username, role: formatRole(role) },
    }
  },
}
