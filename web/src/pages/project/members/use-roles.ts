import { useQuery } from '@tanstack/react-query'
import { query } from '../../../api/queries.ts'
import { useRoleName } from '../../projects/role-name.ts'

/** Harbor's five roles by the names of the reader's language, and those that administrators composed by their own. */
export function useRoles() {
  const builtIn = useRoleName()
  const { data } = useQuery({ ...query('GET /roles'), staleTime: 60_000 })
  const composed = data?.filter((role) => !role.built_in) ?? []
  const nameOf = (roleId: number | undefined): string =>
    composed.find(({ id }) => id === roleId)?.name ?? builtIn(roleId)
  const options = [
    ...[1, 4, 2, 3, 5].map((id) => ({ value: String(id), label: builtIn(id) })),
    ...composed.map(({ id, name }) => ({ value: String(id), label: name })),
  ]
  return { nameOf, options }
}
