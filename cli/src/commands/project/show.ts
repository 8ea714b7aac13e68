import { getProject } from '../../api/find-project.ts'
import { formatBytes } from '../../format-bytes.ts'
import { factsOf } from '../../output.ts'
import { limitOf } from '../quota.ts'
import type { RegistryCommand } from '../../registry-command.ts'

export const showProject: RegistryCommand = {
  usage: 'show <project>',
  description: 'one project: who may, what is in it, what it uses',
  example: 'berth project show backend',
  run: async (api, [name = '']) => {
    const params = { project_name_or_id: name }
    const project = await getProject(api, name)
    const summary = await api.call('GET /projects/{project_name_or_id}/summary', { params })
    const { quota, ...counts } = summary
    const members = [
      ['project admins', counts.project_admin_count],
      ['maintainers', counts.maintainer_count],
      ['developers', counts.developer_count],
      ['guests', counts.guest_count],
      ['limited guests', counts.limited_guest_count],
    ] as const
    return factsOf(
      [
        ['name', project.name],
        ['id', project.project_id],
        ['access', project.metadata.public === 'true' ? 'public' : 'private'],
        ['owner', project.owner_name],
        ['repositories', summary.repo_count],
        ['used', quota === undefined ? undefined : formatBytes(quota.used['storage'] ?? 0)],
        ['limit', quota === undefined ? undefined : limitOf(quota)],
        ...members,
        ['created', project.creation_time],
        ...Object.entries(project.metadata).filter(([key]) => key !== 'public'),
      ],
      { ...project, summary },
    )
  },
}
