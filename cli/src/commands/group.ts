import { addConfirmFlag, confirm } from '../confirm.ts'
import { CommandError } from '../command-error.ts'
import { parseId } from '../names.ts'
import { done, listCommand, type CommandGroup } from '../registry-command.ts'

/** Harbor's numbers. */
const kinds: Readonly<Record<string, number>> = { ldap: 1, http: 2, oidc: 3 }
const kindOf = (number: number): string => Object.entries(kinds).find(([, each]) => each === number)?.[0] ?? ''

export const groupCommands: CommandGroup = {
  name: 'group',
  aliases: ['groups'],
  description: 'groups of a directory or provider, so that they can be given roles',
  commands: [
    listCommand({
      usage: 'list',
      description: 'list the groups that are known',
      example: 'berth group list',
      operation: 'GET /usergroups',
      columns: {
        ID: ({ id }) => id,
        NAME: (group) => group.group_name,
        KIND: (group) => kindOf(group.group_type),
        DN: (group) => group.ldap_group_dn,
      },
    }),
    {
      usage: 'create <name>',
      description: 'make a group known: one of LDAP by its DN, one of OIDC by its name',
      example:
        'berth group create developers --kind oidc\n  berth group create developers --kind ldap --dn cn=developers,dc=example,dc=org',
      configure: (command) =>
        void command
          .requiredOption('--kind <kind>', `where it comes from: ${Object.keys(kinds).join(', ')}`)
          .option('--dn <dn>', 'its name in the directory (LDAP)'),
      run: async (api, [name = ''], flags) => {
        const kind = String(flags['kind']).toLowerCase()
        if (!Object.hasOwn(kinds, kind))
          throw new CommandError(`--kind is one of ${Object.keys(kinds).join(', ')}`, { kind: 'usage' })
        const { id } = await api.create('POST /usergroups', {
          body: { group_name: name, group_type: kinds[kind], ldap_group_dn: flags['dn'] as string | undefined },
        })
        return done(`created group ${name} (${id ?? ''})`, { id: Number(id), group_name: name, kind })
      },
    },
    {
      usage: 'rename <group> <name>',
      description: 'give a group another name here',
      example: 'berth group rename 3 engineers',
      run: async (api, [text = '', name = '']) => {
        const id = parseId(text, 'a group')
        await api.call('PUT /usergroups/{group_id}', { params: { group_id: id }, body: { group_name: name } })
        return done(`group ${id} is called ${name}`, { id, group_name: name })
      },
    },
    {
      usage: 'delete <group>',
      description: 'forget a group and its memberships',
      example: 'berth group delete 3',
      configure: addConfirmFlag,
      run: async (api, [text = ''], flags) => {
        const id = parseId(text, 'a group')
        const group = await api.call('GET /usergroups/{group_id}', { params: { group_id: id } })
        await confirm(`the group ${group.group_name} goes from ${api.name}, with its roles in projects`, flags)
        await api.call('DELETE /usergroups/{group_id}', { params: { group_id: id } })
        return done(`deleted group ${group.group_name}`, { id })
      },
    },
  ],
}
