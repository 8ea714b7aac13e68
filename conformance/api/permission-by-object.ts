import type { Need } from './permission-matrix.ts'

/**
 * Operations that decide by what their path names, which the matrix fills with what is not there: only who may see
 * everything learns that. Each has tests of its own (robots, labels, trust rules).
 */
export const byObject: Readonly<Record<string, Need>> = {
  'GET /labels/{label_id}': 'administrator',
  'PUT /labels/{label_id}': 'administrator',
  'DELETE /labels/{label_id}': 'administrator',
  'GET /jobs/{job_id}': 'system jobservice-monitor:list',
  'GET /jobs/{job_id}/log': 'system jobservice-monitor:list',
  'GET /jobs/{job_id}/events': 'system jobservice-monitor:list',
  'GET /robots/{robot_id}': 'administrator',
  'PUT /robots/{robot_id}': 'administrator',
  'PATCH /robots/{robot_id}': 'administrator',
  'DELETE /robots/{robot_id}': 'administrator',
  'GET /robots/{robot_id}/trust-rules': 'administrator',
  'POST /robots/{robot_id}/trust-rules': 'administrator',
  'DELETE /robots/{robot_id}/trust-rules/{rule_id}': 'administrator',
  'POST /retentions': 'administrator',
  'GET /retentions/{id}': 'administrator',
  'PUT /retentions/{id}': 'administrator',
  'DELETE /retentions/{id}': 'administrator',
  'GET /retentions/{id}/executions': 'administrator',
  'POST /retentions/{id}/executions': 'administrator',
  'PATCH /retentions/{id}/executions/{eid}': 'administrator',
  'GET /retentions/{id}/executions/{eid}/tasks': 'administrator',
  'GET /retentions/{id}/executions/{eid}/tasks/{tid}': 'administrator',
}
