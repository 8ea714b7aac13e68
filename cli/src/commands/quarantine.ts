import { addConfirmFlag, confirm } from '../confirm.ts'
import { parseId, shortDigest } from '../names.ts'
import { parseEnd } from '../parse-end.ts'
import { done, listCommand, type CommandGroup } from '../registry-command.ts'

const path = '/projects/{project_name_or_id}/quarantine'

export const quarantineCommands: CommandGroup = {
  name: 'quarantine',
  description: 'what is held since its push until policies let it pass',
  commands: [
    listCommand({
      usage: 'list <project>',
      description: 'list what is held, the oldest first, and what it waits for',
      example: 'berth quarantine list backend',
      operation: `GET ${path}`,
      input: ([project = '']) => ({ params: { project_name_or_id: project } }),
      columns: {
        ID: ({ id }) => id,
        REPOSITORY: ({ repository }) => repository,
        DIGEST: ({ digest }) => shortDigest(digest),
        TAGS: ({ tags }) => tags.join(', '),
        'WAITS FOR': ({ awaits }) => awaits.map(({ policy, cause }) => `${policy} (${cause})`).join(', '),
        BY: (held) => held.pushed_by,
        PUSHED: (held) => held.push_time,
        '*UNTIL': (held) => held.expires_at ?? '',
      },
    }),
    {
      usage: 'release <project> <id>',
      description: 'give one out although policies refuse it; they do not count for it until a day',
      example: 'berth quarantine release backend 17 --until 2027-01-31 --reason "looked at by security"',
      configure: (command) =>
        void command
          .requiredOption('--reason <text>', 'for the audit log')
          .requiredOption('--until <day>', 'when that ends: 2027-01-31, or with a time'),
      run: async (api, [project = '', id = ''], flags) => {
        const { reason, until } = flags as { reason: string; until: string }
        const params = { project_name_or_id: project, artifact_id: parseId(id, 'an artifact in quarantine') }
        await api.call(`POST ${path}/{artifact_id}/release`, {
          params,
          body: { reason, expires_at: parseEnd(until) },
        })
        return done(`released ${id}; policies do not count for it until ${until}`, { id: params.artifact_id, until })
      },
    },
    {
      usage: 'reject <project> <id>',
      description: 'delete one with its tags, into the trash if there is one',
      example: 'berth quarantine reject backend 17 --reason "not built by us"',
      configure: (command) => {
        command.requiredOption('--reason <text>', 'for the audit log')
        addConfirmFlag(command)
      },
      run: async (api, [project = '', id = ''], flags) => {
        const params = { project_name_or_id: project, artifact_id: parseId(id, 'an artifact in quarantine') }
        await confirm(`artifact ${id} goes from ${project}, with its tags`, flags)
        await api.call(`POST ${path}/{artifact_id}/reject`, { params, body: { reason: flags['reason'] as string } })
        return done(`rejected ${id}`, { id: params.artifact_id })
      },
    },
  ],
}
