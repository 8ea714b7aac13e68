import type { RowOf } from '../../../api/client.ts'
import type { Permission } from '../../../components/permission-picker.tsx'

export type Robot = RowOf<'GET /robots'>
type RobotPermission = Robot['permissions'][number]

/** The namespace that stands for every project, those to come too. */
export const everyProject = '*'

/** What a form about a robot of the registry edits. */
export interface RobotScopes {
  readonly where: 'all' | 'chosen' | 'none'
  readonly projects: readonly string[]
  /** In each of these projects. */
  readonly inProjects: readonly Permission[]
  readonly inRegistry: readonly Permission[]
  /** Each project has its own: nothing that the form could edit. */
  readonly mixed: boolean
}

export function scopesOf(permissions: readonly RobotPermission[]): RobotScopes {
  const ofProjects = permissions.filter(({ kind }) => kind === 'project')
  const sets = ofProjects.map(({ access }) => access.map(({ resource, action }) => `${resource}:${action}`).toSorted())
  const namespaces = ofProjects.map(({ namespace }) => namespace)
  return {
    where: namespaces.length === 0 ? 'none' : namespaces.includes(everyProject) ? 'all' : 'chosen',
    projects: namespaces.filter((namespace) => namespace !== everyProject),
    inProjects: ofProjects[0]?.access ?? [],
    inRegistry: permissions.filter(({ kind }) => kind === 'system').flatMap(({ access }) => access),
    mixed:
      new Set(sets.map((set) => set.join())).size > 1 || (namespaces.includes(everyProject) && namespaces.length > 1),
  }
}

export function permissionsOf({ where, projects, inProjects, inRegistry }: RobotScopes): RobotPermission[] {
  const namespaces = where === 'all' ? [everyProject] : where === 'chosen' ? projects : []
  const ofProjects = namespaces.map((namespace) => ({ kind: 'project', namespace, access: inProjects }))
  return [...ofProjects, { kind: 'system', namespace: '/', access: inRegistry }].filter(
    ({ access }) => access.length > 0,
  )
}
