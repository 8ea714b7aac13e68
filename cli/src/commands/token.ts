import { getProject } from '../api/find-project.ts'
import type { RegistryApi } from '../api/registry-api.ts'
import { CommandError } from '../command-error.ts'
import { addConfirmFlag, confirm } from '../confirm.ts'
import { listed, parseNumber } from '../flag-values.ts'
import { parseId } from '../names.ts'
import { done, listCommand, type CommandGroup } from '../registry-command.ts'

/** A token stands for who asks; on the registry's own machine nobody does. @throws CommandError */
function assertSomebody(api: RegistryApi): void {
  if (!api.isLocal) return
  throw new CommandError('personal tokens belong to who has signed in', {
    next: 'sign in first: berth login <url>',
    kind: 'usage',
  })
}

export const tokenCommands: CommandGroup = {
  name: 'token',
  aliases: ['tokens'],
  description: 'personal tokens: secrets that stand for you, narrower than you, with an end of their own',
  commands: [
    listCommand({
      usage: 'list',
      description: 'list your tokens, without their secrets',
      example: 'berth token list',
      operation: 'GET /users/current/tokens',
      columns: {
        ID: ({ id }) => id,
        NAME: ({ name }) => name,
        EXPIRES: (token) => token.expires_at ?? 'never',
        USED: (token) => token.last_used_at ?? 'never',
        PERMISSIONS: ({ permissions }) => permissions.join(', '),
        '*PROJECTS': (token) => token.project_ids?.join(', ') ?? 'all',
        '*CREATED': (token) => token.creation_time,
      },
    }),
    {
      usage: 'create <name>',
      description: 'make a token; its secret is shown this once',
      example: 'berth token create laptop --permission repository:pull --project backend --days 30',
      configure: (command) =>
        void command
          .requiredOption('--permission <permission>', 'resource:action; separated by commas, or repeated', listed, [])
          .option('--project <name>', 'only in this project; repeatable (default: in all of yours)', listed, [])
          .option('--days <number>', 'how long it lives (default: for ever)', parseNumber)
          .option('--description <text>', 'what it is for', ''),
      run: async (api, [name = ''], flags) => {
        assertSomebody(api)
        const { permission, project, days, description } = flags as {
          permission: readonly string[]
          project: readonly string[]
          days?: number
          description: string
        }
        const ids: number[] = []
        for (const each of project) ids.push((await getProject(api, each)).project_id)
        const created = await api.call('POST /users/current/tokens', {
          body: {
            name,
            description,
            permissions: permission,
            ...(ids.length === 0 ? {} : { project_ids: ids }),
            ...(days === undefined ? {} : { lifetime_days: days }),
          },
        })
        return done(`created ${name} (${created.id})\nsecret: ${created.secret}\nit is shown this once`, created)
      },
    },
    {
      usage: 'delete <token>',
      description: 'end a token, and what was fetched with it',
      example: 'berth token delete 3',
      configure: addConfirmFlag,
      run: async (api, [text = ''], flags) => {
        assertSomebody(api)
        const id = parseId(text, 'a token')
        await confirm(`your token ${id} at ${api.name} is void at once`, flags)
        await api.call('DELETE /users/current/tokens/{token_id}', { params: { token_id: id } })
        return done(`deleted token ${id}`, { id })
      },
    },
  ],
}
