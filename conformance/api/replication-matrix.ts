import type { MatrixRow } from './permission-matrix.ts'

/** Of the whole registry: nobody may in the name of a project. */
export const replicationMatrix: Readonly<Record<string, MatrixRow>> = {
  'GET /replication/adapters': { need: 'system replication-adapter:list' },
  'GET /replication/adapterinfos': { need: 'system replication-adapter:list' },
  'GET /replication/policies': { need: 'system replication-policy:list' },
  'GET /replication/executions': { need: 'system replication:list' },
  'POST /replication/policies': { need: 'system replication-policy:create' },
  'GET /replication/policies/{id}': { need: 'system replication-policy:read' },
  'PUT /replication/policies/{id}': { need: 'system replication-policy:update' },
  'DELETE /replication/policies/{id}': { need: 'system replication-policy:delete' },
  'POST /replication/policies/{id}/deletions': { need: 'system replication:create', body: { action: 'drop' } },
  'POST /replication/executions': { need: 'system replication:create' },
  'GET /replication/executions/{id}': { need: 'system replication:read' },
  'PUT /replication/executions/{id}': { need: 'system replication:create' },
  'GET /replication/executions/{id}/report': { need: 'system replication:read' },
  'GET /replication/executions/{id}/tasks': { need: 'system replication:list' },
  'GET /replication/executions/{id}/tasks/{task_id}/log': { need: 'system replication:read' },
}
