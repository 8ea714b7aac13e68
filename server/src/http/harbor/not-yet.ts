import type { SystemPermission } from '../../domain/access/roles/grantable-permissions.ts'
import type { Permission } from '../../domain/access/roles/permissions.ts'
import { harborError } from './frame/harbor-error.ts'
import { route, type Method, type Route, type RouteAccess } from './frame/route.ts'

const system = (permission: SystemPermission): RouteAccess => ({ kind: 'system', permission })
const project = (permission: Permission): RouteAccess => ({ kind: 'project', permission })

/**
 * The operations of Harbor's API that are not built yet, by tag: operationId, method and path, and who may call it in
 * Harbor. A change that builds one takes it from here; a test compares both lists to Harbor's, so that none is forgotten
 * and none is promised.
 */
const notYet: Readonly<Record<string, Readonly<Record<string, readonly [`${Method} /${string}`, RouteAccess]>>>> = {
  preheat: {
    CreateInstance: ['POST /p2p/preheat/instances', system('preheat-instance:create')],
    PingInstances: ['POST /p2p/preheat/instances/ping', system('preheat-instance:read')],
    DeleteInstance: ['DELETE /p2p/preheat/instances/{preheat_instance_name}', system('preheat-instance:delete')],
    GetInstance: ['GET /p2p/preheat/instances/{preheat_instance_name}', system('preheat-instance:read')],
    UpdateInstance: ['PUT /p2p/preheat/instances/{preheat_instance_name}', system('preheat-instance:update')],
    CreatePolicy: ['POST /projects/{project_name}/preheat/policies', project('preheat-policy:create')],
    DeletePolicy: [
      'DELETE /projects/{project_name}/preheat/policies/{preheat_policy_name}',
      project('preheat-policy:delete'),
    ],
    GetPolicy: ['GET /projects/{project_name}/preheat/policies/{preheat_policy_name}', project('preheat-policy:read')],
    ManualPreheat: [
      'POST /projects/{project_name}/preheat/policies/{preheat_policy_name}',
      project('preheat-policy:read'),
    ],
    UpdatePolicy: [
      'PUT /projects/{project_name}/preheat/policies/{preheat_policy_name}',
      project('preheat-policy:update'),
    ],
    ListExecutions: [
      'GET /projects/{project_name}/preheat/policies/{preheat_policy_name}/executions',
      project('preheat-policy:list'),
    ],
    GetExecution: [
      'GET /projects/{project_name}/preheat/policies/{preheat_policy_name}/executions/{execution_id}',
      project('preheat-policy:read'),
    ],
    StopExecution: [
      'PATCH /projects/{project_name}/preheat/policies/{preheat_policy_name}/executions/{execution_id}',
      project('preheat-policy:update'),
    ],
    ListTasks: [
      'GET /projects/{project_name}/preheat/policies/{preheat_policy_name}/executions/{execution_id}/tasks',
      project('preheat-policy:list'),
    ],
    GetPreheatLog: [
      'GET /projects/{project_name}/preheat/policies/{preheat_policy_name}/executions/{execution_id}/tasks/{task_id}/logs',
      project('preheat-policy:read'),
    ],
  },
}

/** What cannot be made in this version, by the parameter of a path that names it. */
const objects: Readonly<Record<string, readonly (readonly [parameter: string, name: string])[]>> = {
  preheat: [
    ['preheat_instance_name', 'instance'],
    ['preheat_policy_name', 'preheat policy'],
  ],
}

/** The object that a path names, which is not there: to say so is the truth, also while it cannot be made. */
function objectOf(tag: string, path: string): readonly [parameter: string, name: string] | undefined {
  return (objects[tag] ?? []).find(([parameter]) => path.includes(`{${parameter}}`))
}

/** They answer 501 in the shape of Harbor's errors, to those who may call them; others hear 401 and 403 as everywhere. */
export const notYetRoutes: readonly Route[] = Object.entries(notYet).flatMap(([tag, operations]) =>
  Object.entries(operations).map(([operationId, [methodAndPath, access]]) => {
    const [method, path] = methodAndPath.split(' ') as [Method, string]
    const object = objectOf(tag, path)
    return route({
      method,
      path,
      tag,
      operationId,
      summary: 'Not built yet.',
      access,
      answers: { 501: null, ...(object === undefined ? {} : { 404: null }) },
      handle: async ({ params }) => {
        if (object === undefined)
          return harborError(501, 'NOT_IMPLEMENTED', `${operationId} is not available in this version`)
        const said = (params as Record<string, string>)[object[0]] ?? ''
        return harborError(404, 'NOT_FOUND', `${object[1]} ${said.slice(0, 100)} not found`)
      },
    })
  }),
)
