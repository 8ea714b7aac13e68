import type { RemoteMember } from './find-member.ts'
import { findRoleName } from '#server/domain/access/roles/permissions.ts'
import type { Member } from '#server/domain/projects/members.ts'
import { formatTable } from '../../../output.ts'
import { collectPages, type AccessCommand } from '../../../access-command.ts'
import { formatRole } from './role.ts'

const pageSize = 500

export const listMembers: AccessCommand = {
  usage: 'list <project>',
  description: 'list the members of a project',
  example: 'berth project member list backend',
  async run({ members, actor }, [project = '']) {
    const all = await collectPages(async (after) => {
      const { members: items, next } = await members.listMembers(actor, project, { after, limit: pageSize })
      return { items, next }
    })
    const roleOf = (member: Member) => {
      const role = findRoleName(member.roleId)
      return role === undefined ? (member.roleName ?? 'unknown') : formatRole(role)
    }
    return {
      text: formatTable([['MEMBER', 'KIND', 'ROLE'], ...all.map((each) => [each.name, each.kind, roleOf(each)])]),
      json: all.map((each) => ({ username: each.name, kind: each.kind, role: roleOf(each) })),
    }
  },
  async remote(api, [project = '']) {
    const { rows } = await api.list(
      'GET /projects/{project_name_or_id}/members',
      { params: { project_name_or_id: project } },
      0,
    )
    const role = (member: RemoteMember) => {
      const name = findRoleName(member.role_id ?? 0)
      return name === undefined ? (member.role_name ?? 'unknown') : formatRole(name)
    }
    const kind = (member: RemoteMember) => (member.entity_type === 'u' ? 'user' : 'group')
    return {
      text: formatTable([
        ['MEMBER', 'KIND', 'ROLE'],
        ...rows.map((each) => [each.entity_name, kind(each), role(each)]),
      ]),
      json: rows.map((each) => ({ username: each.entity_name, kind: kind(each), role: role(each) })),
    }
  },
}
