import type { AccessCommand } from '../../access-command.ts'
import { getUser } from '../../api/find-user.ts'
import { addConfirmFlag, confirm, isDryRun, addDryRunFlag } from '../../confirm.ts'

export const deleteUser: AccessCommand = {
  usage: 'delete <username>',
  description: 'delete an account and its memberships; what it pushed stays',
  example: 'berth user delete ada',
  advice: { CONFLICT: 'berth user admin <somebody else>' },
  configure: (command) => {
    addConfirmFlag(command)
    addDryRunFlag(command)
  },
  async run({ users, actor }, [username = ''], flags) {
    const what = whatGoes(username, await users.getUser(username))
    if (isDryRun(flags)) return { text: `${what}\nnothing was changed`, json: { username, dryRun: true } }
    await confirm(what, flags)
    await users.deleteUser(actor, username)
    return { text: `deleted user ${username}`, json: { username } }
  },
  async remote(api, [username = ''], flags) {
    const { user_id: id, email, sysadmin_flag: admin } = await getUser(api, username)
    const what = `at ${api.name} ${whatGoes(username, { email, admin })}`
    if (isDryRun(flags)) return { text: `${what}\nnothing was changed`, json: { username, dryRun: true } }
    await confirm(what, flags)
    await api.call('DELETE /users/{user_id}', { params: { user_id: id } })
    return { text: `deleted user ${username} at ${api.name}`, json: { username } }
  },
}

function whatGoes(username: string, { email, admin }: { email?: string | undefined; admin: boolean }): string {
  const who = [username, email, admin ? 'a system administrator' : ''].filter(Boolean).join(', ')
  return `the account ${who} goes, with its memberships, tokens and sessions; what it pushed stays`
}
