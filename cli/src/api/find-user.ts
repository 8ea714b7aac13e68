import type { AnswerOf, RegistryApi } from './registry-api.ts'
import { CommandError } from '../command-error.ts'

/** The id that the API wants. @throws CommandError when nobody is called so */
export async function getUserId(api: RegistryApi, username: string): Promise<number> {
  const { rows } = await api.list('GET /users/search', { query: { username } }, 0)
  const found = rows.find((each) => each.username === username)
  if (found !== undefined) return found.user_id
  throw new CommandError(`there is no user ${username}`, {
    next: 'see who there is: berth user list',
    kind: 'not-found',
    reason: 'USER_UNKNOWN',
  })
}

export async function getUser(api: RegistryApi, username: string): Promise<AnswerOf<'GET /users/{user_id}'>> {
  return await api.call('GET /users/{user_id}', { params: { user_id: await getUserId(api, username) } })
}
