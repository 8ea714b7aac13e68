import type { User } from '#server/domain/access/accounts/users.ts'

export function presentUser(user: User): Record<string, unknown> {
  return {
    username: user.username,
    email: user.email ?? null,
    realName: user.realName,
    admin: user.admin,
    disabled: user.disabled,
    createdAt: new Date(user.createdAt).toISOString(),
  }
}
