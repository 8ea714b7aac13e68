import { duties } from '#server/domain/access/roles/duties.ts'
import type { AccessCommand } from '../../access-command.ts'
import { getUserId } from '../../api/find-user.ts'
import { CommandError } from '../../command-error.ts'

const words = [...duties, 'none'] as const

/** @throws CommandError */
function dutyIn(text = ''): (typeof words)[number] {
  const found = words.find((word) => word === text)
  if (found === undefined) throw new CommandError(`a duty is one of ${words.join(', ')}`, { kind: 'usage' })
  return found
}

const sentence = (username: string, duty: (typeof words)[number]): string =>
  duty === 'none'
    ? `${username} is an ordinary user`
    : `${username} administers ${duty === 'audit' ? 'the audit log' : duty}`

export const setDuty: AccessCommand = {
  usage: 'duty <username> <duty>',
  description: 'have an account administer security or the audit log, apart from the system; or none of them',
  example: 'berth user duty mei audit\n  berth user duty lin security\n  berth user duty mei none',
  async run({ users, actor }, [username = '', given]) {
    const duty = dutyIn(given)
    await users.setDuty(actor, username, duty === 'none' ? undefined : duty)
    return { text: sentence(username, duty), json: { username, duty } }
  },
  async remote(api, [username = '', given]) {
    const duty = dutyIn(given)
    const params = { user_id: await getUserId(api, username) }
    await api.call('PUT /users/{user_id}/duty', { params, body: { duty } })
    return { text: `${sentence(username, duty)} at ${api.name}`, json: { username, duty } }
  },
}
