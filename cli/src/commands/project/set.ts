import { parseSetting } from '../../names.ts'
import { done, type RegistryCommand } from '../../registry-command.ts'

export const setProject: RegistryCommand = {
  usage: 'set <project> <setting=value...>',
  description: 'change settings of a project (berth project show lists them); all of them or none',
  example: 'berth project set backend pull_redirect=off',
  run: async (api, [project = '', ...pairs]) => {
    const metadata = Object.fromEntries(pairs.map(parseSetting))
    await api.call('PUT /projects/{project_name_or_id}', {
      params: { project_name_or_id: project },
      body: { metadata },
    })
    return done(`set ${Object.keys(metadata).join(', ')} of ${project}`, { project, metadata })
  },
}
