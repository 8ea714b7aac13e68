import { CommandError } from '../../command-error.ts'
import { done, type RegistryCommand } from '../../registry-command.ts'

export const setProject: RegistryCommand = {
  usage: 'set <project> <setting=value...>',
  description: 'change settings of a project (berth project show lists them); all of them or none',
  example: 'berth project set backend pull_redirect=off',
  run: async (api, [project = '', ...pairs]) => {
    const metadata = Object.fromEntries(pairs.map(parsePair))
    await api.call('PUT /projects/{project_name_or_id}', {
      params: { project_name_or_id: project },
      body: { metadata },
    })
    return done(`set ${Object.keys(metadata).join(', ')} of ${project}`, { project, metadata })
  },
}

/** @throws CommandError */
function parsePair(text: string): [string, string] {
  const equals = text.indexOf('=')
  if (equals > 0) return [text.slice(0, equals), text.slice(equals + 1)]
  throw new CommandError(`${JSON.stringify(text)} sets nothing`, {
    next: 'settings have the form name=value',
    kind: 'usage',
  })
}
