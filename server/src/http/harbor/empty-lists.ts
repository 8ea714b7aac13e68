import { z } from 'zod'
import type { SystemPermission } from '../../domain/access/roles/grantable-permissions.ts'
import type { Permission } from '../../domain/access/roles/permissions.ts'
import { listQuery, pageAnswer } from './frame/paging.ts'
import { route, type Route, type RouteAccess } from './frame/route.ts'

/** A list of Harbor's API of which there is nothing, because what it lists cannot be made in this version. */
interface EmptyList {
  readonly path: string
  readonly tag: string
  readonly operationId: string
  readonly access: RouteAccess
}

const system = (permission: SystemPermission): RouteAccess => ({ kind: 'system', permission })
const project = (permission: Permission): RouteAccess => ({ kind: 'project', permission })
const of = (tag: string, operationId: string, path: string, access: RouteAccess): EmptyList => ({
  tag,
  operationId,
  path,
  access,
})

/** The truth about them is the empty list, and clients that list everything go on. */
const emptyLists: readonly EmptyList[] = [
  of('preheat', 'ListInstances', '/p2p/preheat/instances', system('preheat-instance:list')),
  of('preheat', 'ListProviders', '/p2p/preheat/providers', system('preheat-instance:list')),
  of('preheat', 'ListPolicies', '/projects/{project_name}/preheat/policies', project('preheat-policy:list')),
  of(
    'preheat',
    'ListProvidersUnderProject',
    '/projects/{project_name}/preheat/providers',
    project('preheat-policy:list'),
  ),
]

const numbers: readonly Route[] = []

export const emptyListRoutes: readonly Route[] = [
  ...emptyLists.map((list) =>
    route({
      method: 'GET',
      ...list,
      summary: 'Empty: what it lists cannot be made in this version.',
      query: z.object(listQuery),
      answers: { 200: z.array(z.never()) },
      handle: async (call) => pageAnswer(call, { rows: [], total: 0 }, (row) => row),
    }),
  ),
  ...numbers,
]
