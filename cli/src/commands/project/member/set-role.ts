import type { AccessCommand } from '../../../access-command.ts'
import { roleIds } from '#server/domain/access/roles/permissions.ts'
import { getMember } from './find-member.ts'
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
  async remote(api, [project = '', username = '', roleText = '']) {
    const role = parseRole(roleText)
    const { id } = await getMember(api, project, username)
    await api.call('PUT /projects/{project_name_or_id}/members/{mid}', {
      params: { project_name_or_id: project, mid: id },
      body: { role_id: roleIds[role] },
    })
    return {
      text: `${username} is ${formatRole(role)} of ${project} at ${api.name}`,
      json: { project, username, role: formatRole(role) },
    }
  },
}
