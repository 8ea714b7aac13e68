import { useQuery } from '@tanstack/react-query'
import { query } from '../../api/queries.ts'
import { useSession } from '../../api/session.ts'

export type ProjectQuery = ReturnType<typeof useProject>

/** The project that an address names. */
export function useProject(projectName: string) {
  return useQuery(query('GET /projects/{project_name_or_id}', { params: { project_name_or_id: projectName } }))
}

/**
 * What whoever is here may do in a project: `can('artifact', 'delete')`. Nothing, until the answer has come; somebody without
 * an account may look at a public project and change nothing. For what is offered; the server asks again.
 */
export function useCan(projectId: number | undefined): (resource: string, action: string) => boolean {
  const { user, open } = useSession()
  const { data } = useQuery({
    ...query('GET /users/current/permissions', {
      query: { scope: `/project/${projectId}`, relative: 'true' },
    }),
    enabled: projectId !== undefined && user !== undefined,
    staleTime: 60_000,
  })
  // The project itself is `.` in Harbor's answer.
  const nameOf = (resource: string) => (resource === 'project' ? '.' : resource)
  return (resource, action) =>
    open || (data?.some((granted) => granted.resource === nameOf(resource) && granted.action === action) ?? false)
}
