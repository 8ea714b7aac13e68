import { readFile } from 'node:fs/promises'
import { Option } from 'commander'
import { notifyTypes, payloadFormats, webhookEventTypes } from '#server/domain/webhooks/event-words.ts'
import type { RegistryApi, RowOf } from '../api/registry-api.ts'
import { CommandError } from '../command-error.ts'
import { addConfirmFlag, confirm } from '../confirm.ts'
import { parseId } from '../names.ts'
import { done, listCommand, type CommandGroup } from '../registry-command.ts'

type Policy = RowOf<'GET /projects/{project_name_or_id}/webhook/policies'>

/** By its name, or by its id. */
async function getPolicy(api: RegistryApi, project: string, text: string): Promise<Policy> {
  const params = { project_name_or_id: project }
  const { rows } = await api.list('GET /projects/{project_name_or_id}/webhook/policies', { params }, 0)
  const found = rows.find(({ name }) => name === text) ?? rows.find(({ id }) => String(id) === text)
  if (found !== undefined) return found
  throw new CommandError(`${project} has no webhook ${text}`, {
    next: `see which there are: berth webhook list ${project}`,
    kind: 'not-found',
  })
}

const paramsOf = (project: string, { id }: Policy) => ({ project_name_or_id: project, webhook_policy_id: id })

/** Not on the command line, where everybody on the machine reads along. */
async function readSecret(file: string | undefined): Promise<string | undefined> {
  return file === undefined ? undefined : (await readFile(file, 'utf8')).trim()
}

const setEnabled =
  (enabled: boolean) =>
  async (api: RegistryApi, [project = '', text = '']: readonly string[]) => {
    const policy = await getPolicy(api, project, text)
    await api.call('PUT /projects/{project_name_or_id}/webhook/policies/{webhook_policy_id}', {
      params: paramsOf(project, policy),
      // The secret of a target stays with its address.
      body: { ...policy, enabled },
    })
    return done(`the webhook ${policy.name} of ${project} is ${enabled ? 'enabled' : 'disabled'}`, {
      ...policy,
      enabled,
    })
  }

export const webhookCommands: CommandGroup = {
  name: 'webhook',
  aliases: ['webhooks'],
  description: 'addresses and chats that hear of what happens in a project',
  commands: [
    listCommand({
      usage: 'list <project>',
      description: 'list the webhooks of a project',
      example: 'berth webhook list backend',
      operation: 'GET /projects/{project_name_or_id}/webhook/policies',
      input: ([project = '']) => ({ params: { project_name_or_id: project } }),
      columns: {
        ID: ({ id }) => id,
        NAME: ({ name }) => name,
        TARGETS: ({ targets }) => targets.map(({ type, address }) => `${type} ${address}`).join(', '),
        EVENTS: ({ event_types: types }) => types.join(', '),
        STATE: ({ enabled }) => (enabled ? 'enabled' : 'disabled'),
      },
    }),
    {
      usage: 'create <project> <name> <address>',
      description: 'tell an address, or a chat, of what happens in a project',
      example: 'berth webhook create backend ci https://ci.example.org/hook --event PUSH_ARTIFACT',
      configure: (command) =>
        void command
          .requiredOption('--event <type...>', `what is told: ${webhookEventTypes.join(', ')}`)
          .addOption(new Option('--type <type>', 'who is told').choices(notifyTypes).default('http'))
          .addOption(
            new Option('--format <format>', 'of an address').choices(
              payloadFormats.filter((each) => each !== 'Template'),
            ),
          )
          .option('--auth-header-file <file>', 'a file with what is sent as Authorization')
          .option('--signing-secret-file <file>', 'a file with what each message is signed with')
          .option('--skip-certificate-check', 'take any certificate')
          .option('--description <text>', 'what it is for', ''),
      run: async (api, [project = '', name = '', address = ''], flags) => {
        const { event, type, format, authHeaderFile, signingSecretFile, skipCertificateCheck, description } = flags as {
          event: string[]
          type: string
          format?: string
          authHeaderFile?: string
          signingSecretFile?: string
          skipCertificateCheck?: boolean
          description: string
        }
        const { id } = await api.create('POST /projects/{project_name_or_id}/webhook/policies', {
          params: { project_name_or_id: project },
          body: {
            ...{ name, description, enabled: true, event_types: event },
            targets: [
              {
                type,
                address,
                payload_format: format,
                auth_header: await readSecret(authHeaderFile),
                signing_secret: await readSecret(signingSecretFile),
                skip_cert_verify: skipCertificateCheck ?? false,
              },
            ],
          },
        })
        return done(`created webhook ${name} of ${project}; try it: berth webhook test ${project} ${name}`, {
          id: Number(id),
          project,
          name,
        })
      },
    },
    {
      usage: 'enable <project> <webhook>',
      description: 'switch a webhook on, by its name or id',
      example: 'berth webhook enable backend ci',
      run: setEnabled(true),
    },
    {
      usage: 'disable <project> <webhook>',
      description: 'switch a webhook off, and keep it',
      example: 'berth webhook disable backend ci',
      run: setEnabled(false),
    },
    {
      usage: 'test <project> <webhook>',
      description: 'send a message that says it is a test',
      example: 'berth webhook test backend ci',
      run: async (api, [project = '', text = '']) => {
        const policy = await getPolicy(api, project, text)
        const { executions } = await api.call(
          'POST /projects/{project_name_or_id}/webhook/policies/{webhook_policy_id}/test',
          { params: paramsOf(project, policy) },
        )
        return done(
          `a test is on its way to ${policy.name}; see what it was answered: berth webhook logs ${project} ${policy.name} ${executions[0]}`,
          { webhook: policy.name, executions: [...executions] },
        )
      },
    },
    listCommand({
      usage: 'deliveries <project> <webhook>',
      description: 'list what was sent, what waits and what was given up, the newest first',
      example: 'berth webhook deliveries backend ci --status Error',
      operation: 'GET /projects/{project_name_or_id}/webhook/policies/{webhook_policy_id}/executions',
      configure: (command) =>
        void command.addOption(
          new Option('--status <status>', 'only those').choices(['Pending', 'Running', 'Success', 'Error', 'Stopped']),
        ),
      input: async ([project = '', text = ''], flags, api) => {
        const { status } = flags as { status?: string }
        const params = paramsOf(project, await getPolicy(api, project, text))
        return { params, ...(status === undefined ? {} : { query: { q: `status=${status}` } }) }
      },
      columns: {
        ID: ({ id }) => id,
        EVENT: ({ extra_attrs: { event_type: type } }) => type,
        STATUS: ({ status }) => status,
        SINCE: ({ start_time: time }) => time,
        UNTIL: ({ end_time: time }) => (time.startsWith('0001') ? '' : time),
      },
    }),
    {
      usage: 'logs <project> <webhook> <delivery>',
      description: 'show what was sent, and what was answered',
      example: 'berth webhook logs backend ci 12',
      run: async (api, [project = '', text = '', delivery = '']) => {
        const id = parseId(delivery, 'a delivery')
        const params = { ...paramsOf(project, await getPolicy(api, project, text)), execution_id: id, task_id: id }
        const said: string | null | undefined = await api.call(
          'GET /projects/{project_name_or_id}/webhook/policies/{webhook_policy_id}/executions/{execution_id}/tasks/{task_id}/log',
          { params },
        )
        // An empty text is no body at all where the API is asked in the same process.
        const log = said ?? ''
        return done(log === '' ? 'nothing was sent yet' : log.trimEnd(), { id, log })
      },
    },
    {
      usage: 'redeliver <project> <webhook> [delivery]',
      description: 'send once more what was given up, or one delivery that has ended',
      example: 'berth webhook redeliver backend ci',
      run: async (api, [project = '', text = '', delivery]) => {
        const params = paramsOf(project, await getPolicy(api, project, text))
        if (delivery === undefined) {
          const { deliveries } = await api.call(
            'POST /projects/{project_name_or_id}/webhook/policies/{webhook_policy_id}/redeliver',
            { params },
          )
          return done(`${deliveries} of what was given up is sent again`, { deliveries })
        }
        const id = parseId(delivery, 'a delivery')
        await api.call(
          'POST /projects/{project_name_or_id}/webhook/policies/{webhook_policy_id}/executions/{execution_id}/redeliver',
          { params: { ...params, execution_id: id } },
        )
        return done(`delivery ${id} is sent again`, { deliveries: 1 })
      },
    },
    {
      usage: 'delete <project> <webhook>',
      description: 'delete a webhook, with what is on its way',
      example: 'berth webhook delete backend ci',
      configure: addConfirmFlag,
      run: async (api, [project = '', text = ''], flags) => {
        const policy = await getPolicy(api, project, text)
        await confirm(
          `the webhook ${policy.name} of ${project} goes from ${api.name}, with what it has not sent yet`,
          flags,
        )
        await api.call('DELETE /projects/{project_name_or_id}/webhook/policies/{webhook_policy_id}', {
          params: paramsOf(project, policy),
        })
        return done(`deleted webhook ${policy.name} of ${project}`, { id: policy.id, project })
      },
    },
  ],
}
