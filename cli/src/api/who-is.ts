import { CommandError } from '../command-error.ts'
import type { AnswerOf, RegistryApi } from './registry-api.ts'

/** The account that asks; undefined for a robot, which is no user but has the right secret. @throws CommandError */
export async function findOwnUser(api: RegistryApi): Promise<AnswerOf<'GET /users/current'> | undefined> {
  try {
    return await api.call('GET /users/current')
  } catch (error) {
    if (error instanceof CommandError && error.kind === 'conflict') return undefined
    throw error
  }
}
