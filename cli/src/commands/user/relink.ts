import type { AccessCommand } from '../../access-command.ts'
import { getUserId } from '../../api/find-user.ts'
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
    const identity = identityIn(flags)
    await users.relinkUser(actor, username, identity)
    return relinked(username, identity)
  },
  async remote(api, [username = ''], flags) {
    const identity = identityIn(flags)
    const params = { user_id: await getUserId(api, username) }
    await api.call('PUT /users/{user_id}/identity', { params, body: identity ?? {} })
    return relinked(username, identity)
  },
}

interface Identity {
  readonly issuer: string
  readonly subject: string
}

/** @throws CommandError for one without the other */
function identityIn(flags: Readonly<Record<string, unknown>>): Identity | undefined {
  const { issuer, subject } = flags as { issuer?: string; subject?: string }
  if ((issuer === undefined) !== (subject === undefined))
    throw new CommandError('--issuer and --subject belong together', { next: 'give both, or none for a directory' })
  return issuer === undefined || subject === undefined ? undefined : { issuer, subject }
}

function relinked(username: string, identity: Identity | undefined) {
  const who =
    identity === undefined
      ? `the next ${username} who signs in at the directory`
      : `${identity.subject} of ${identity.issuer}`
  return { text: `${username} now belongs to ${who}`, json: { username, ...identity } }
}
