import { findRoleName } from '#server/domain/access/roles/permissions.ts'
import type { Member } from '#server/domain/projects/members.ts'
import { collectPages, formatTable, type AccessCommand } from '../../../access-command.ts'
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
}
