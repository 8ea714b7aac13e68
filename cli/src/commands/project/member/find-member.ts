import type { RegistryApi, RowOf } from '../../../api/registry-api.ts'
import { CommandError } from '../../../command-error.ts'

export type RemoteMember = RowOf<'GET /projects/{project_name_or_id}/members'>

/** The membership of a user, as the API knows it. @throws CommandError when they are no member */
export async function getMember(api: RegistryApi, project: string, username: string): Promise<RemoteMember> {
  const { rows } = await api.list(
    'GET /projects/{project_name_or_id}/members',
    { params: { project_name_or_id: project }, query: { entityname: username } },
    0,
  )
  const found = rows.find((each) => each.entity_type === 'u' && each.entity_name === username)
  if (found !== undefined) return found
  throw new CommandError(`${username} is no member of ${project}`, {
    next: `see who is: berth project member list ${project}`,
    kind: 'not-found',
    reason: 'MEMBER_UNKNOWN',
  })
}
