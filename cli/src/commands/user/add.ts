import type { AccessCommand } from '../../access-command.ts'
import { CommandError } from '../../command-error.ts'
import { addPasswordFlag, readNewPassword } from '../../secret-input.ts'
import { getUser } from '../../api/find-user.ts'
import { presentRemoteUser, presentUser } from './present-user.ts'

export const addUser: AccessCommand = {
  usage: 'add <username>',
  description: 'create an account',
  example: 'berth user add ada --email ada@example.org',
  configure: (command) => {
    addPasswordFlag(command)
    command
      .option('--email <address>', 'electronic mail address')
      .option('--name <name>', 'real name')
      .option('--admin', 'make the user a system administrator')
  },
  advice: { CONFLICT: 'to give it another password: berth user set-password <username>' },
  async run({ users, actor }, [username = ''], flags) {
    const password = await readNewPassword(flags)
    const { email, name } = flags as { email?: string; name?: string }
    const user = await users.createUser(actor, {
      username,
      password,
      admin: flags['admin'] === true,
      ...(email === undefined ? {} : { email }),
      ...(name === undefined ? {} : { realName: name }),
    })
    const text = `created user ${user.username}; give access to a project: berth project member add <project> ${user.username} developer`
    return { text, json: presentUser(user) }
  },
  async remote(api, [username = ''], flags) {
    const { email, name } = flags as { email?: string; name?: string }
    if (email === undefined)
      throw new CommandError('through the API an account needs an address', {
        next: '--email <address>',
        kind: 'usage',
      })
    const body = { username, password: await readNewPassword(flags), email, realname: name ?? username }
    const { id } = await api.create('POST /users', { body })
    if (flags['admin'] === true) {
      const params = { user_id: Number(id) }
      await api.call('PUT /users/{user_id}/sysadmin', { params, body: { sysadmin_flag: true } })
    }
    const text = `created user ${username} at ${api.name}; give access to a project: berth project member add <project> ${username} developer`
    return { text, json: presentRemoteUser(await getUser(api, username)) }
  },
}
