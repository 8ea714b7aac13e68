import { readFileSync } from 'node:fs'
import type { RegistryApi, RowOf } from '../api/registry-api.ts'
import { CommandError } from '../command-error.ts'
import { addConfirmFlag, confirm } from '../confirm.ts'
import { factsOf } from '../output.ts'
import { done, listCommand, type CommandGroup, type Flags } from '../registry-command.ts'
import { addPasswordFlag, readPassword } from '../secret-input.ts'

type Registry = RowOf<'GET /registries'>

/** By its name, or by its id. */
export async function getRegistry(api: RegistryApi, text: string): Promise<Registry> {
  const { rows } = await api.list('GET /registries', { query: { name: text } }, 0)
  const named = rows.find(({ name }) => name === text)
  if (named !== undefined) return named
  if (/^[1-9]\d{0,14}$/.test(text)) return await api.call('GET /registries/{id}', { params: { id: Number(text) } })
  throw new CommandError(`there is no remote registry ${text}`, {
    next: 'see which there are: berth registry list',
    kind: 'not-found',
  })
}

const presentRegistry = (found: Registry) =>
  factsOf(
    [
      ['id', found.id],
      ['name', found.name],
      ['type', found.type],
      ['url', found.url],
      ['description', found.description],
      ['certificate', found.insecure === true ? 'any' : undefined],
      ['access key', found.credential?.access_key],
      ['status', found.status],
    ],
    found,
  )

export const registryCommands: CommandGroup = {
  name: 'registry',
  aliases: ['registries'],
  description: 'other registries that this one knows',
  commands: [
    listCommand({
      usage: 'list',
      description: 'list the remote registries, the newest first',
      example: 'berth registry list',
      operation: 'GET /registries',
      columns: {
        ID: ({ id }) => id,
        NAME: ({ name }) => name,
        TYPE: ({ type }) => type,
        URL: (registry) => registry.url,
        STATUS: ({ status }) => status,
        '*ACCESS KEY': ({ credential }) => credential?.access_key,
      },
    }),
    {
      usage: 'show <registry>',
      description: 'one remote registry, by its name or its id',
      example: 'berth registry show docker-hub',
      run: async (api, [name = '']) => presentRegistry(await getRegistry(api, name)),
    },
    {
      usage: 'create <name> <address>',
      description: 'make a remote registry known, if it can be used as it is given',
      example:
        'berth registry create docker-hub https://hub.docker.com --type docker-hub\n  berth registry create other https://other.example.com --username pull --password-stdin < password-file',
      configure: (command) => {
        command
          .option('--type <type>', 'what it is: harbor, docker-hub, docker-registry …', 'docker-registry')
          .option('--description <text>', 'what it is for', '')
          .option('--username <name>', 'who signs in there; the password comes from --password-stdin or the terminal')
          .option('--any-certificate', 'take any certificate of it')
          .option('--authority <file>', 'PEM file of the authority that signed its certificate')
        addPasswordFlag(command)
      },
      run: async (api, [name = '', address = ''], flags) => {
        const { id } = await api.create('POST /registries', {
          body: { name, url: address, ...(await bodyOf(flags, address)) },
        })
        return done(`created ${name} (${id ?? ''})`, { id: Number(id), name, url: address })
      },
    },
    {
      usage: 'test <registry>',
      description: 'try whether a remote registry can be used',
      example: 'berth registry test docker-hub',
      run: async (api, [name = '']) => {
        const found = await getRegistry(api, name)
        await api.call('POST /registries/ping', { body: { id: found.id } })
        return done(`${found.name} can be used`, { id: found.id, name: found.name, usable: true })
      },
    },
    {
      usage: 'delete <registry>',
      description: 'forget a remote registry',
      example: 'berth registry delete docker-hub',
      configure: addConfirmFlag,
      run: async (api, [text = ''], flags) => {
        const { id, name } = await getRegistry(api, text)
        await confirm(`${api.name} forgets the remote registry ${name}`, flags)
        await api.call('DELETE /registries/{id}', { params: { id } })
        return done(`deleted ${name}`, { id, name })
      },
    },
  ],
}

async function bodyOf(flags: Flags, address: string) {
  const { type, description, username, authority } = flags as Readonly<Record<string, string | undefined>>
  return {
    type: type ?? 'docker-registry',
    description: description ?? '',
    insecure: flags['anyCertificate'] === true,
    ...(authority === undefined ? {} : { ca_certificate: readFileSync(authority, 'utf8') }),
    ...(username === undefined
      ? {}
      : {
          credential: {
            type: 'basic',
            access_key: username,
            access_secret: await readPassword(flags, `${username} at ${address}`),
          },
        }),
  }
}
