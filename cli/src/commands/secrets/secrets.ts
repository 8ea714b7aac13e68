import type { Command } from 'commander'
import { setArchiveCommand } from '../../archive-command.ts'
import { exitCodeOf } from '../../exit-codes.ts'
import { formatTable } from '../../output.ts'
import { addCommandGroup, type CommandGroup } from '../../registry-command.ts'
import { addFollowFlag, startedJob } from '../job.ts'
import { forgetOldKeys, newKey } from './outer-key.ts'
import { resetSecretsCommand } from './reset.ts'

const secretsCommands: CommandGroup = {
  name: 'secrets',
  description: 'the keys under which credentials and signing keys lie in the database',
  commands: [
    {
      usage: 'status',
      description: 'which keys there are, what they seal, and whether all of it can be read; exit code 9 when not',
      example: 'berth secrets status',
      run: async (api) => {
        const state = await api.call('GET /system/secrets')
        if (state.places.some(({ plain, unreadable }) => plain + unreadable > 0))
          process.exitCode = exitCodeOf('corrupt')
        const outer = state.outer_keys.map(({ id, needed }) => [id, needed ? 'in use' : 'not needed any more'])
        const keys = state.keys.map((key) => [
          key.id,
          key.outer_key_id,
          key.creation_time,
          key.retired_at ?? 'seals',
          String(key.secrets),
        ])
        const places = state.places.map(({ holds, secrets, plain, unreadable }) => [
          holds,
          String(secrets),
          [...(plain > 0 ? [`${plain} not sealed`] : []), ...(unreadable > 0 ? [`${unreadable} unreadable`] : [])].join(
            ', ',
          ),
        ])
        return {
          text: [
            formatTable([['OUTER KEY', ''], ...outer]),
            formatTable([['KEY', 'SEALED WITH', 'SINCE', 'UNTIL', 'SECRETS'], ...keys]),
            formatTable([['HOLDS', 'SECRETS', ''], ...places]),
          ].join('\n\n'),
          json: state,
        }
      },
    },
    {
      usage: 'rotate',
      description: 'make a new key and seal everything anew with it, while the registry goes on',
      example: 'berth secrets rotate -f',
      configure: addFollowFlag,
      run: async (api, _args, flags) => {
        const { id } = await api.create('POST /system/secrets/rotation')
        return await startedJob(api, id, 'sealing all secrets anew', flags)
      },
    },
  ],
}

export function registerSecretsCommands(program: Command): void {
  const group = addCommandGroup(program, secretsCommands)
  setArchiveCommand(group.command('new-key'), newKey)
  setArchiveCommand(group.command('forget-old-keys'), forgetOldKeys)
  setArchiveCommand(group.command('reset'), resetSecretsCommand)
}
