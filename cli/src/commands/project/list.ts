import { formatTable, tableOf } from '../../output.ts'
import { collectPages, type AccessCommand } from '../../access-command.ts'
import { presentProject, presentRemoteProject } from './present-project.ts'

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
  async remote(api) {
    const { rows } = await api.list('GET /projects', { query: {} }, 0)
    const table = tableOf(rows, {
      NAME: ({ name }) => name,
      ACCESS: ({ metadata }) => (metadata.public === 'true' ? 'public' : 'private'),
      CREATED: (project) => project.creation_time,
      '*REPOSITORIES': (project) => project.repo_count,
      '*OWNER': (project) => project.owner_name,
    })
    return { ...table, json: rows.map(presentRemoteProject) }
  },
}
