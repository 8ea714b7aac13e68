import type { AccessCommand } from '../../access-command.ts'
import { getUserId } from '../../api/find-user.ts'
import { addConfirmFlag, confirm } from '../../confirm.ts'

export const resetSecondFactor: AccessCommand = {
  usage: 'reset-second-factor <username>',
  description: 'take away the second factor of somebody who lost their phone and recovery codes',
  example: 'berth user reset-second-factor ada',
  configure: (command) => void addConfirmFlag(command),
  async run({ users, resetSecondFactor: reset }, [username = ''], flags) {
    const { id } = await users.getUser(username)
    await confirm(whatGoes(username), flags)
    await reset(id)
    return { text: `${username} signs in with the password alone, and sets up a new second factor`, json: { username } }
  },
  async remote(api, [username = ''], flags) {
    const params = { user_id: await getUserId(api, username) }
    await confirm(`at ${api.name} ${whatGoes(username)}`, flags)
    await api.call('DELETE /users/{user_id}/second_factor', { params })
    const text = `${username} signs in at ${api.name} with the password alone, and sets up a new second factor`
    return { text, json: { username } }
  },
}

const whatGoes = (username: string): string =>
  `the second factor of ${username} goes, with the recovery codes and all sessions: make sure that it is them who ask`
