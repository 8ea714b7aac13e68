import { CommandError } from '../command-error.ts'
import { readDocument } from '../json-file.ts'
import { parseSetting } from '../names.ts'
import { tableOf } from '../output.ts'
import { done, type CommandGroup } from '../registry-command.ts'
import { readSecretFlag } from '../secret-input.ts'

interface Shown {
  readonly name: string
  readonly value: string | number | boolean
  readonly editable: boolean
}

function shownOf(answer: Readonly<Record<string, unknown>>): Shown[] {
  return Object.entries(answer).flatMap(([name, item]) => {
    const { value, editable } = item as { value?: Shown['value']; editable?: boolean }
    return value === undefined ? [] : [{ name, value, editable: editable === true }]
  })
}

export const settingsCommands: CommandGroup = {
  name: 'settings',
  description: 'settings that change while the registry runs; those of its start: berth config',
  commands: [
    {
      usage: 'list',
      description: 'list the settings, without their secrets',
      example: 'berth settings list',
      run: async (api) => {
        const rows = shownOf(await api.call('GET /configurations'))
        return tableOf(rows, {
          SETTING: ({ name }) => name,
          VALUE: ({ value }) => value,
          '': ({ editable }) => (editable ? '' : 'fixed by the configuration'),
        })
      },
    },
    {
      usage: 'show <setting>',
      description: 'the value of one setting',
      example: 'berth settings show auth_mode',
      run: async (api, [name = '']) => {
        const found = shownOf(await api.call('GET /configurations')).find((each) => each.name === name)
        if (found !== undefined) return done(String(found.value), found)
        throw new CommandError(`there is no setting ${name} that can be shown`, {
          next: 'see which there are: berth settings list',
          kind: 'not-found',
        })
      },
    },
    {
      usage: 'set [setting=value...]',
      description:
        'change settings, all of them or none; a secret comes from standard input with --secret-stdin <setting>',
      example: 'berth settings set session_timeout=120 project_creation_restriction=adminonly',
      configure: (command) =>
        void command
          .option('--file <file>', 'JSON or YAML of settings; - is standard input')
          .option('--secret-stdin <setting>', 'take the value of this one from standard input (its first line)'),
      run: async (api, pairs, flags) => {
        const file = flags['file'] as string | undefined
        const changes = {
          ...(file === undefined ? {} : await readSettings(file)),
          ...Object.fromEntries(pairs.map(parseTyped)),
        }
        const secret = flags['secretStdin'] as string | undefined
        if (secret !== undefined) changes[secret] = await readSecretFlag()
        const names = Object.keys(changes)
        if (names.length === 0)
          throw new CommandError('nothing to set', { next: 'name=value, --file <file>, or both', kind: 'usage' })
        await api.call('PUT /configurations', { body: changes })
        return done(`set ${names.join(', ')}`, { set: names })
      },
    },
    {
      usage: 'test-ldap',
      description: 'try whether the directory of the settings can be used',
      example: 'berth settings test-ldap',
      run: async (api) => {
        const { success, message } = await api.call('POST /ldap/ping', { body: {} })
        if (!success) throw new CommandError(`the directory cannot be used: ${message ?? ''}`)
        return done('the directory can be used', { success })
      },
    },
  ],
}

/** @throws CommandError */
async function readSettings(file: string): Promise<Record<string, unknown>> {
  const read = await readDocument(file)
  if (typeof read === 'object' && read !== null && !Array.isArray(read)) return read as Record<string, unknown>
  throw new CommandError(`${file} holds no settings`, { next: 'one object: {"auth_mode": "ldap_auth"}', kind: 'usage' })
}

/** `name=value`; true, false and numbers are what they look like. @throws CommandError */
function parseTyped(text: string): [string, string | number | boolean] {
  const [name, value] = parseSetting(text)
  const typed = value === 'true' ? true : value === 'false' ? false : /^-?\d{1,15}$/.test(value) ? Number(value) : value
  return [name, typed]
}
