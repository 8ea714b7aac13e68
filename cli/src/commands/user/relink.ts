import type { AccessCommand } from '../../access-command.ts'
import { CommandError } from '../../command-error.ts'

export const relinkUser: AccessCommand = {
  usage: 'relink <username>',
  description: 'hand the account of a directory or provider over to whoever is its person there now',
  example: 'berth user relink ada',
  configure: (command) => {
    command
      .option('--issuer <url>', 'the issuer that now vouches for the person (OIDC)')
      .option('--subject <id>', 'the person at that issuer: `sub` of the ID token (OIDC)')
  },
  async run({ users, actor }, [username = ''], flags) {
    const { issuer, subject } = flags as { issuer?: string; subject?: string }
    if ((issuer === undefined) !== (subject === undefined))
      throw new CommandError('--issuer and --subject belong together', { next: 'give both, or none for a directory' })
    const identity = issuer === undefined || subject === undefined ? undefined : { issuer, subject }
    await users.relinkUser(actor, username, identity)
    const who =
      identity === undefined ? `the next ${username} who signs in at the directory` : `${subject} of ${issuer}`
    return { text: `${username} now belongs to ${who}`, json: { username, ...identity } }
  },
}
