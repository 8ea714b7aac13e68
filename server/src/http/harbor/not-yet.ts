import { harborError } from './frame/harbor-error.ts'
import { route, type Method, type Route } from './frame/route.ts'

/**
 * The operations of Harbor's API that are not built yet, by tag: operationId, method and path. Whoever builds one
 * takes it from here; a test compares both lists to Harbor's, so that none is forgotten and none is promised.
 */
const notYet: Readonly<Record<string, Readonly<Record<string, `${Method} /${string}`>>>> = {
  artifact: {
    getVulnerabilitiesAddition:
      'GET /projects/{project_name}/repositories/{repository_name}/artifacts/{reference}/additions/vulnerabilities',
  },
  preheat: {
    ListInstances: 'GET /p2p/preheat/instances',
    CreateInstance: 'POST /p2p/preheat/instances',
    PingInstances: 'POST /p2p/preheat/instances/ping',
    DeleteInstance: 'DELETE /p2p/preheat/instances/{preheat_instance_name}',
    GetInstance: 'GET /p2p/preheat/instances/{preheat_instance_name}',
    UpdateInstance: 'PUT /p2p/preheat/instances/{preheat_instance_name}',
    ListProviders: 'GET /p2p/preheat/providers',
    ListPolicies: 'GET /projects/{project_name}/preheat/policies',
    CreatePolicy: 'POST /projects/{project_name}/preheat/policies',
    DeletePolicy: 'DELETE /projects/{project_name}/preheat/policies/{preheat_policy_name}',
    GetPolicy: 'GET /projects/{project_name}/preheat/policies/{preheat_policy_name}',
    ManualPreheat: 'POST /projects/{project_name}/preheat/policies/{preheat_policy_name}',
    UpdatePolicy: 'PUT /projects/{project_name}/preheat/policies/{preheat_policy_name}',
    ListExecutions: 'GET /projects/{project_name}/preheat/policies/{preheat_policy_name}/executions',
    GetExecution: 'GET /projects/{project_name}/preheat/policies/{preheat_policy_name}/executions/{execution_id}',
    StopExecution: 'PATCH /projects/{project_name}/preheat/policies/{preheat_policy_name}/executions/{execution_id}',
    ListTasks: 'GET /projects/{project_name}/preheat/policies/{preheat_policy_name}/executions/{execution_id}/tasks',
    GetPreheatLog:
      'GET /projects/{project_name}/preheat/policies/{preheat_policy_name}/executions/{execution_id}/tasks/{task_id}/logs',
    ListProvidersUnderProject: 'GET /projects/{project_name}/preheat/providers',
  },
  project: {
    getScannerOfProject: 'GET /projects/{project_name_or_id}/scanner',
    setScannerOfProject: 'PUT /projects/{project_name_or_id}/scanner',
    listScannerCandidatesOfProject: 'GET /projects/{project_name_or_id}/scanner/candidates',
  },
  replication: {
    listReplicationExecutions: 'GET /replication/executions',
    startReplication: 'POST /replication/executions',
    getReplicationExecution: 'GET /replication/executions/{id}',
    stopReplication: 'PUT /replication/executions/{id}',
    listReplicationTasks: 'GET /replication/executions/{id}/tasks',
    getReplicationLog: 'GET /replication/executions/{id}/tasks/{task_id}/log',
    listReplicationPolicies: 'GET /replication/policies',
    createReplicationPolicy: 'POST /replication/policies',
    deleteReplicationPolicy: 'DELETE /replication/policies/{id}',
    getReplicationPolicy: 'GET /replication/policies/{id}',
    updateReplicationPolicy: 'PUT /replication/policies/{id}',
  },
  scan: {
    scanArtifact: 'POST /projects/{project_name}/repositories/{repository_name}/artifacts/{reference}/scan',
    stopScanArtifact: 'POST /projects/{project_name}/repositories/{repository_name}/artifacts/{reference}/scan/stop',
    getReportLog:
      'GET /projects/{project_name}/repositories/{repository_name}/artifacts/{reference}/scan/{report_id}/log',
  },
  'scan data export': {
    exportScanData: 'POST /export/cve',
    downloadScanData: 'GET /export/cve/download/{execution_id}',
    getScanDataExportExecution: 'GET /export/cve/execution/{execution_id}',
    getScanDataExportExecutionList: 'GET /export/cve/executions',
  },
  scanAll: {
    getLatestScanAllMetrics: 'GET /scans/all/metrics',
    getLatestScheduledScanAllMetrics: 'GET /scans/schedule/metrics',
    getScanAllSchedule: 'GET /system/scanAll/schedule',
    createScanAllSchedule: 'POST /system/scanAll/schedule',
    updateScanAllSchedule: 'PUT /system/scanAll/schedule',
    stopScanAll: 'POST /system/scanAll/stop',
  },
  scanner: {
    listScanners: 'GET /scanners',
    createScanner: 'POST /scanners',
    pingScanner: 'POST /scanners/ping',
    deleteScanner: 'DELETE /scanners/{registration_id}',
    getScanner: 'GET /scanners/{registration_id}',
    setScannerAsDefault: 'PATCH /scanners/{registration_id}',
    updateScanner: 'PUT /scanners/{registration_id}',
    getScannerMetadata: 'GET /scanners/{registration_id}/metadata',
  },
  securityhub: {
    getSecuritySummary: 'GET /security/summary',
    ListVulnerabilities: 'GET /security/vul',
  },
  webhook: {
    GetSupportedEventTypes: 'GET /projects/{project_name_or_id}/webhook/events',
    LastTrigger: 'GET /projects/{project_name_or_id}/webhook/lasttrigger',
    ListWebhookPoliciesOfProject: 'GET /projects/{project_name_or_id}/webhook/policies',
    CreateWebhookPolicyOfProject: 'POST /projects/{project_name_or_id}/webhook/policies',
    DeleteWebhookPolicyOfProject: 'DELETE /projects/{project_name_or_id}/webhook/policies/{webhook_policy_id}',
    GetWebhookPolicyOfProject: 'GET /projects/{project_name_or_id}/webhook/policies/{webhook_policy_id}',
    UpdateWebhookPolicyOfProject: 'PUT /projects/{project_name_or_id}/webhook/policies/{webhook_policy_id}',
    ListExecutionsOfWebhookPolicy: 'GET /projects/{project_name_or_id}/webhook/policies/{webhook_policy_id}/executions',
    ListTasksOfWebhookExecution:
      'GET /projects/{project_name_or_id}/webhook/policies/{webhook_policy_id}/executions/{execution_id}/tasks',
    GetLogsOfWebhookTask:
      'GET /projects/{project_name_or_id}/webhook/policies/{webhook_policy_id}/executions/{execution_id}/tasks/{task_id}/log',
  },
  webhookjob: {
    ListWebhookJobs: 'GET /projects/{project_name_or_id}/webhook/jobs',
  },
}

/** They answer 501 to everybody who is signed in, in the shape of Harbor's errors. */
export const notYetRoutes: readonly Route[] = Object.entries(notYet).flatMap(([tag, operations]) =>
  Object.entries(operations).map(([operationId, methodAndPath]) => {
    const [method, path] = methodAndPath.split(' ') as [Method, string]
    return route({
      method,
      path,
      tag,
      operationId,
      summary: 'Not built yet.',
      access: { kind: 'signed-in' },
      answers: { 501: null },
      handle: async () => harborError(501, 'NOT_IMPLEMENTED', `${operationId} is not available in this version`),
    })
  }),
)
