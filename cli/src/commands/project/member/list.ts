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
    const rows = all.map(({ username, role }) => [username, formatRole(role)])
    return {
      text: formatTable([['USERNAME', 'ROLE'], ...rows]),
      json: all.map(({ username, role }) => ({ username, role: formatRole(role) })),
    }
  },
}
