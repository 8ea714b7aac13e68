import { addConfirmFlag, confirm } from '../confirm.ts'
import { formatBytes } from '../format-bytes.ts'
import { artifactPath, parseArtifactName, pulledAt, repositoryParams, shortDigest } from '../names.ts'
import { tableOf } from '../output.ts'
import { addLimitFlag, done, listCommand, type CommandGroup } from '../registry-command.ts'

export const tagCommands: CommandGroup = {
  name: 'tag',
  aliases: ['tags'],
  description: 'names of artifacts',
  commands: [
    {
      usage: 'list <repository>',
      description: 'list the tags of a repository, those of the newest artifact first',
      example: 'berth tag list library/nginx',
      configure: addLimitFlag,
      run: async (api, [name = ''], flags) => {
        const { rows, more } = await api.list(
          'GET /projects/{project_name}/repositories/{repository_name}/artifacts',
          { params: repositoryParams(name), query: { with_tag: 'true', with_immutable_status: 'true' } },
          flags['limit'] as number,
        )
        const tags = rows.flatMap(({ digest, size, tags: own }) => (own ?? []).map((tag) => ({ ...tag, digest, size })))
        return tableOf(
          tags,
          {
            TAG: (tag) => tag.name,
            DIGEST: ({ digest }) => shortDigest(digest),
            SIZE: ({ size }) => formatBytes(size),
            PUSHED: ({ push_time: time }) => time,
            IMMUTABLE: ({ immutable }) => (immutable ? 'yes' : ''),
            '*PULLED': pulledAt,
          },
          more,
        )
      },
    },
    {
      usage: 'add <artifact> <tag>',
      description: 'give an artifact one more tag',
      example: 'berth tag add library/nginx:v1 stable',
      run: async (api, [name = '', tag = '']) => {
        const { params, repository } = parseArtifactName(name)
        await api.call(`POST ${artifactPath}/tags`, { params, body: { name: tag } })
        return done(`${repository}:${tag} is ${name} now`, { repository, tag, artifact: name })
      },
    },
    {
      usage: 'delete <artifact>',
      description: 'take a tag away; the artifact stays',
      example: 'berth tag delete library/nginx:stable',
      configure: addConfirmFlag,
      run: async (api, [name = ''], flags) => {
        const { params, reference, repository } = parseArtifactName(name)
        const { digest } = await api.call(`GET ${artifactPath}`, { params })
        await confirm(`the tag ${name} goes from ${api.name}; ${shortDigest(digest)}… stays`, flags)
        await api.call(`DELETE ${artifactPath}/tags/{tag_name}`, { params: { ...params, tag_name: reference } })
        return done(`deleted the tag ${name}`, { repository, tag: reference, digest })
      },
    },
    listCommand({
      usage: 'history <artifact>',
      description: 'which artifacts a tag has named, who moved it and when; also of a tag that is gone',
      example: 'berth tag history library/nginx:stable',
      operation: 'GET /projects/{project_name}/repositories/{repository_name}/tags/{tag_name}/history',
      input: ([name = '']) => {
        const { params, reference } = parseArtifactName(name)
        const { project_name, repository_name } = params
        return { params: { project_name, repository_name, tag_name: reference } }
      },
      columns: {
        MOVED: (move) => move.moved_at,
        DIGEST: ({ digest }) => digest ?? '(deleted)',
        BY: ({ username }) => username,
      },
    }),
  ],
}
