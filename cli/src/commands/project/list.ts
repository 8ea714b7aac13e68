import { collectPages, formatTable, type AccessCommand } from '../../access-command.ts'
import { presentProject } from './present-project.ts'

const pageSize = 500

export const listProjects: AccessCommand = {
  usage: 'list',
  description: 'list the projects',
  example: 'berth project list',
  async run({ projects, actor }) {
    const all = await collectPages(async (after) => {
      const { projects: items, next } = await projects.listProjects(actor, { after, limit: pageSize })
      return { items, next }
    })
    const rows = all.map((project) => [
      project.name,
      project.public ? 'public' : 'private',
      new Date(project.createdAt).toISOString(),
    ])
    return { text: formatTable([['NAME', 'ACCESS', 'CREATED'], ...rows]), json: all.map(presentProject) }
  },
}
