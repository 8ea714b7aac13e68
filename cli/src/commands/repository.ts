import { addConfirmFlag, confirm } from '../confirm.ts'
import { repositoryParams } from '../names.ts'
import { tableOf } from '../output.ts'
import { addLimitFlag, done, type CommandGroup } from '../registry-command.ts'

export const repositoryCommands: CommandGroup = {
  name: 'repository',
  aliases: ['repositories', 'repo'],
  description: 'repositories of projects',
  commands: [
    {
      usage: 'list [project]',
      description: 'list the repositories of a project, or all that you may see',
      example: 'berth repository list backend',
      configure: addLimitFlag,
      run: async (api, [project], flags) => {
        const limit = flags['limit'] as number
        const { rows, more } =
          project === undefined
            ? await api.list('GET /repositories', {}, limit)
            : await api.list('GET /projects/{project_name}/repositories', { params: { project_name: project } }, limit)
        return tableOf(
          rows,
          {
            NAME: ({ name }) => name,
            ARTIFACTS: ({ artifact_count: count }) => count ?? 0,
            PULLS: ({ pull_count: count }) => count ?? 0,
            UPDATED: ({ update_time: time }) => time,
            '*DESCRIPTION': ({ description }) => description,
          },
          more,
        )
      },
    },
    {
      usage: 'delete <repository>',
      description: 'delete a repository with everything in it; it can be restored from the trash',
      example: 'berth repository delete backend/api',
      configure: addConfirmFlag,
      run: async (api, [name = ''], flags) => {
        const params = repositoryParams(name)
        const found = await api.call('GET /projects/{project_name}/repositories/{repository_name}', { params })
        await confirm(
          `the repository ${name} goes from ${api.name}, with ${found.artifact_count ?? 0} artifacts`,
          flags,
        )
        await api.call('DELETE /projects/{project_name}/repositories/{repository_name}', { params })
        return done(
          `deleted ${name}; while it is in the trash: berth trash restore ${params.project_name} --repository ${name}`,
          { repository: name },
        )
      },
    },
  ],
}
