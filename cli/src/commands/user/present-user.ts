import type { AnswerOf } from '../../api/registry-api.ts'
import type { User } from '#server/domain/access/accounts/user.ts'

export function presentUser(user: User): Record<string, unknown> {
  return {
    username: user.username,
    email: user.email ?? null,
    realName: user.realName,
    admin: user.admin,
    disabled: user.disabled,
    secondFactor: user.secondFactor,
    createdAt: new Date(user.createdAt).toISOString(),
  }
}

/** The same, of what the API answers. It does not tell who is shut out. */
export function presentRemoteUser(user: AnswerOf<'GET /users/{user_id}'>): Record<string, unknown> {
  return {
    username: user.username,
    email: user.email ?? null,
    realName: user.realname ?? '',
    admin: user.sysadmin_flag,
    secondFactor: user.second_factor === true,
    createdAt: new Date(user.creation_time).toISOString(),
  }
}
