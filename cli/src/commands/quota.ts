import { getProject } from '../api/find-project.ts'
import type { RegistryApi, RowOf } from '../api/registry-api.ts'
import { formatBytes } from '../format-bytes.ts'
import { parseSize } from '../names.ts'
import { factsOf } from '../output.ts'
import { done, listCommand, type CommandGroup } from '../registry-command.ts'

type Quota = RowOf<'GET /quotas'>

export const limitOf = ({ hard }: Pick<Quota, 'hard'>): string =>
  (hard['storage'] ?? -1) < 0 ? 'unlimited' : formatBytes(hard['storage']!)

function shareOf({ hard, used }: Quota): string {
  const limit = hard['storage'] ?? -1
  return limit <= 0 ? '' : `${Math.round((100 * (used['storage'] ?? 0)) / limit)} %`
}

/** A quota has the id of its project. */
const idOf = async (api: RegistryApi, project: string): Promise<number> => (await getProject(api, project)).project_id

export const quotaCommands: CommandGroup = {
  name: 'quota',
  aliases: ['quotas'],
  description: 'how much storage projects use, and may',
  commands: [
    listCommand({
      usage: 'list',
      description: 'list what projects use, the most first',
      example: 'berth quota list',
      operation: 'GET /quotas',
      input: () => ({ query: { sort: '-used.storage' } }),
      columns: {
        PROJECT: ({ ref }) => ref.name,
        USED: ({ used }) => formatBytes(used['storage'] ?? 0),
        LIMIT: limitOf,
        SHARE: shareOf,
        '*LOGICAL': ({ logical }) => formatBytes(logical['storage'] ?? 0),
        '*OWNER': ({ ref }) => ref.owner_name,
      },
    }),
    {
      usage: 'show <project>',
      description: 'what one project uses, and how much it may; its members may ask, too',
      example: 'berth quota show backend',
      run: async (api, [project = '']) => {
        const { quota } = await api.call('GET /projects/{project_name_or_id}/summary', {
          params: { project_name_or_id: project },
        })
        const facts = quota ?? { hard: {}, used: {}, logical: {} }
        return factsOf(
          [
            ['project', project],
            ['used', formatBytes(facts.used['storage'] ?? 0)],
            ['limit', limitOf(facts)],
            ['logical', formatBytes(facts.logical['storage'] ?? 0)],
          ],
          { project, ...facts },
        )
      },
    },
    {
      usage: 'set <project> <size>',
      description: 'limit what a project may use: 10GB, 512GiB, or unlimited',
      example: 'berth quota set backend 50GB',
      run: async (api, [project = '', text = '']) => {
        const storage = parseSize(text)
        await api.call('PUT /quotas/{id}', { params: { id: await idOf(api, project) }, body: { hard: { storage } } })
        return done(`${project} may use ${storage < 0 ? 'as much as there is' : formatBytes(storage)}`, {
          project,
          hard: { storage },
        })
      },
    },
    {
      usage: 'recount <project>',
      description: 'count again what a project uses, from its artifacts',
      example: 'berth quota recount backend',
      run: async (api, [project = '']) => {
        const { storage } = await api.call('POST /quotas/{id}/recount', { params: { id: await idOf(api, project) } })
        return done(`${project} uses ${formatBytes(storage)}`, { project, used: { storage } })
      },
    },
  ],
}
