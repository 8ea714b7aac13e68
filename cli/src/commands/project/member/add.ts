import type { AccessCommand } from '../../../access-command.ts'
import { roleIds } from '#server/domain/access/roles/permissions.ts'
import { formatRole, parseRole, roleList } from './role.ts'

export const addMember: AccessCommand = {
  usage: 'add <project> <username> <role>',
  description: `make a user a member of a project (${roleList})`,
  example: 'berth project member add backend ada developer',
  advice: { CONFLICT: 'berth project member set-role <project> <username> <role>' },
  async run({ members, actor }, [project = '', username = '', roleText = '']) {
    const role = parseRole(roleText)
    await members.addMember(actor, project, username, role)
    return {
      text: `${username} is ${formatRole(role)} of ${project}`,
      json: { project, username, role: formatRole(role) },
    }
  },
  async remote(api, [project = '', username = '', roleText = '']) {
    const role = parseRole(roleText)
    await api.call('POST /projects/{project_name_or_id}/members', {
      params: { project_name_or_id: project },
      body: { role_id: roleIds[role], member_user: { username } },
    })
    return {
      text: `${username} is ${formatRole(role)} of ${project} at ${api.name}`,
      json: { project, username, role: formatRole(role) },
    }
  },
}
