import { getProject } from '../api/find-project.ts'
import type { RegistryApi } from '../api/registry-api.ts'
import { addConfirmFlag, confirm } from '../confirm.ts'
import { artifactPath, parseArtifactName, parseId } from '../names.ts'
import { done, listCommand, type CommandGroup } from '../registry-command.ts'

/** `scope` and `project_id` as the API has them. */
async function scopeOf(api: RegistryApi, project: string | undefined) {
  if (project === undefined) return { scope: 'g' }
  const { project_id } = await getProject(api, project)
  return { scope: 'p', project_id }
}

export const labelCommands: CommandGroup = {
  name: 'label',
  aliases: ['labels'],
  description: 'marks on artifacts',
  commands: [
    listCommand({
      usage: 'list [project]',
      description: 'list the labels of a project, or the global ones',
      example: 'berth label list backend',
      operation: 'GET /labels',
      input: async ([project], _flags, api) => ({ query: await scopeOf(api, project) }),
      columns: {
        ID: ({ id }) => id,
        NAME: ({ name }) => name,
        COLOR: ({ color }) => color,
        DESCRIPTION: ({ description }) => description,
      },
    }),
    {
      usage: 'create <name> [project]',
      description: 'create a label of a project, or a global one',
      example: 'berth label create tested backend --color "#4AC"',
      configure: (command) =>
        void command.option('--color <color>', '#RRGGBB', '#61717D').option('--description <text>', 'what it says', ''),
      run: async (api, [name = '', project], flags) => {
        const { color, description } = flags as { color: string; description: string }
        const body = { name, color, description, ...(await scopeOf(api, project)) }
        const { id } = await api.create('POST /labels', { body })
        return done(`created label ${name} (${id ?? ''})`, { id: Number(id), ...body })
      },
    },
    {
      usage: 'delete <label>',
      description: 'delete a label by its id; it goes from every artifact',
      example: 'berth label delete 3',
      configure: addConfirmFlag,
      run: async (api, [text = ''], flags) => {
        const params = { label_id: parseId(text, 'a label') }
        const { name } = await api.call('GET /labels/{label_id}', { params })
        await confirm(`the label ${name} goes from every artifact of ${api.name}`, flags)
        await api.call('DELETE /labels/{label_id}', { params })
        return done(`deleted label ${name}`, { id: params.label_id, name })
      },
    },
    {
      usage: 'attach <label> <artifact>',
      description: 'put a label, by its id, on an artifact',
      example: 'berth label attach 3 backend/api:v1',
      run: async (api, [text = '', name = '']) => {
        const id = parseId(text, 'a label')
        await api.call(`POST ${artifactPath}/labels`, { params: parseArtifactName(name).params, body: { id } })
        return done(`label ${id} is on ${name}`, { id, artifact: name })
      },
    },
    {
      usage: 'detach <label> <artifact>',
      description: 'take a label, by its id, from an artifact',
      example: 'berth label detach 3 backend/api:v1',
      run: async (api, [text = '', name = '']) => {
        const id = parseId(text, 'a label')
        const params = { ...parseArtifactName(name).params, label_id: id }
        await api.call(`DELETE ${artifactPath}/labels/{label_id}`, { params })
        return done(`label ${id} is off ${name}`, { id, artifact: name })
      },
    },
  ],
}
