import { roleIds, type RoleName } from '#server/domain/access/roles/permissions.ts'
import { CommandError } from '../../../command-error.ts'

/** As one types them; `project-admin` and `projectAdmin` are the same. */
const typed = new Map(Object.keys(roleIds).map((role) => [spelling(role), role as RoleName]))

/** @throws CommandError that lists the roles */
export function parseRole(text: string): RoleName {
  const role = typed.get(spelling(text))
  if (role === undefined)
    throw new CommandError(`there is no role ${JSON.stringify(text)}`, { next: `roles: ${roleList}` })
  return role
}

export function formatRole(role: RoleName | undefined): string {
  return role === undefined ? 'unknown' : role.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
}

function spelling(text: string): string {
  return text.toLowerCase().replaceAll('-', '')
}

export const roleList = 'project-admin, maintainer, developer, guest, limited-guest'
