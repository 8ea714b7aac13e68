/**
 * Who may call which operation, written down apart from the program. Roles by letter: A project admin, M maintainer,
 * D developer, G guest, L limited guest.
 */
export type RoleLetter = 'A' | 'M' | 'D' | 'G' | 'L'

/** Harbor's table of roles: resource → action → letters. */
export const rolesTable: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  project: { read: 'AMDGL', update: 'A', delete: 'A' },
  member: { create: 'A', read: 'AMDG', update: 'A', delete: 'A', list: 'AMDG' },
  metadata: { create: 'A', read: 'AM', update: 'A', delete: 'A' },
  log: { list: 'A' },
  label: { create: 'AM', read: 'AMDG', update: 'AM', delete: 'AM', list: 'AMDG' },
  repository: { read: 'AMDGL', update: 'AMD', delete: 'AM', list: 'AMDGL' },
  'tag-retention': { create: 'AMD', read: 'AMD', update: 'AMD', delete: 'AMD', list: 'AMD', operate: 'AMD' },
  trash: { list: 'AM', restore: 'AM', delete: 'A' },
  'immutable-tag': { create: 'AM', update: 'AM', delete: 'AM', list: 'AM' },
  robot: { create: 'A', read: 'AMDG', update: 'A', delete: 'A', list: 'AMDG' },
  artifact: { create: 'AMD', read: 'AMDGL', delete: 'AM', list: 'AMDGL' },
  'artifact-addition': { read: 'AMDGL' },
  tag: { create: 'AMD', delete: 'AM', list: 'AMDGL' },
  accessory: { list: 'AMDGL' },
  'artifact-label': { create: 'AMD', delete: 'AMD' },
  scanner: { create: 'A' },
  'notification-policy': { read: 'AM', list: 'AM' },
  'preheat-policy': { list: 'A' },
}

/**
 * What an operation asks for. `role`: a permission in the project; `system`: an administrator, or a robot of the registry
 * with the permission; `people`: any account, no robot and no personal token.
 */
export type Need =
  | 'anyone'
  | 'signed-in'
  | 'people'
  | 'administrator'
  | `role ${string}:${string}`
  | `system ${string}:${string}`

export interface MatrixRow {
  readonly need: Need
  /** What makes the operation ask whether it may, and change nothing when it may. `{}` when left out. */
  readonly body?: unknown
  readonly query?: string
}

const inProject = '/projects/{project_name_or_id}'
const inRepository = '/projects/{project_name}/repositories/{repository_name}'
const artifact = `${inRepository}/artifacts/{reference}`

const row = (need: Need, rest: Omit<MatrixRow, 'need'> = {}): MatrixRow => ({ need, ...rest })

/** Items of a batch that are not there. */
const none = { items: ['none'] }
const nobodys = { items: [999_999_999] }

/** Who may, makes it the first time; then its name is taken. */
const robotOfRegistry = {
  name: 'made-by-the-matrix',
  level: 'system',
  duration: 1,
  permissions: [{ kind: 'system', namespace: '/', access: [{ resource: 'quota', action: 'list' }] }],
}

export const matrix: Readonly<Record<string, MatrixRow>> = {
  'GET /ping': row('anyone'),
  'GET /health': row('anyone'),
  'GET /search': row('anyone', { query: 'q=a' }),
  'GET /systeminfo': row('anyone'),
  'GET /systeminfo/getcert': row('anyone'),
  'GET /openapi.json': row('anyone'),
  'GET /docs': row('anyone'),
  'GET /projects': row('anyone'),
  'GET /repositories': row('anyone'),
  'GET /labels': row('signed-in', { query: 'scope=g' }),
  // For Harbor's own parts: nobody has it.
  'GET /internalconfig': row('administrator'),

  'GET /audit-logs': row('signed-in'),
  'GET /auditlog-exts': row('signed-in'),
  'GET /auditlog-exts/events': row('signed-in'),
  'GET /events': row('signed-in'),
  'GET /events/consumers': row('system audit-log:list'),
  'PUT /events/consumers/{consumer_name}': row('system audit-log:list'),
  'DELETE /events/consumers/{consumer_name}': row('system audit-log:list'),
  'GET /permissions': row('signed-in'),
  'HEAD /projects': row('signed-in', { query: 'project_name=none' }),
  'GET /retentions/metadatas': row('signed-in'),
  'GET /statistics': row('signed-in'),
  'GET /statistics/activity': row('signed-in'),
  'GET /statistics/attention': row('signed-in'),
  'GET /system/CVEAllowlist': row('signed-in'),
  'GET /users/current/permissions': row('signed-in'),
  'GET /users/search': row('signed-in', { query: 'username=a' }),
  'GET /usergroups/search': row('signed-in', { query: 'groupname=a' }),
  'GET /roles': row('signed-in'),
  'GET /icons/{digest}': row('signed-in'),
  'GET /users/current': row('signed-in'),

  'GET /users/current/tokens': row('people'),
  'POST /users/current/tokens': row('people'),
  'DELETE /users/current/tokens/{token_id}': row('people'),
  'GET /users/current/sessions': row('people'),
  'DELETE /users/current/sessions/{session_id}': row('people'),
  'POST /projects': row('people', { body: { project_name: '' } }),

  'GET /configurations': row('administrator'),
  'PUT /configurations': row('administrator'),
  'PUT /system/CVEAllowlist': row('administrator', { body: { items: [{ cve_id: '' }] } }),
  'PUT /users/{user_id}/sysadmin': row('administrator'),
  'PUT /users/{user_id}/identity': row('administrator'),
  'PUT /users/{user_id}/password': row('administrator'),
  'PUT /users/{user_id}/cli_secret': row('administrator'),
  'PUT /users/{user_id}': row('system user:update'),
  'GET /users/{user_id}': row('system user:read'),
  'POST /ldap/ping': row('administrator'),
  'POST /system/oidc/ping': row('administrator'),
  'POST /roles': row('administrator'),
  'PUT /roles/{role_id}': row('administrator'),
  'DELETE /roles/{role_id}': row('administrator'),
  'POST /quotas/{id}/recount': row('administrator'),
  'POST /labels': row('system label:create', { body: { name: '', scope: 'g' } }),

  'GET /registries': row('system registry:list'),
  'POST /registries': row('system registry:create'),
  'POST /registries/ping': row('system registry:read'),
  'GET /registries/{id}': row('system registry:read'),
  'PUT /registries/{id}': row('system registry:update'),
  'DELETE /registries/{id}': row('system registry:delete'),
  'GET /registries/{id}/info': row('system registry:read'),
  'GET /replication/adapters': row('system replication-adapter:list'),
  'GET /replication/adapterinfos': row('system replication-adapter:list'),
  'GET /systeminfo/volumes': row('system system-volumes:read'),
  'GET /users': row('system user:list'),
  'POST /users': row('system user:create'),
  'DELETE /users/{user_id}': row('system user:delete'),
  'GET /ldap/users/search': row('system ldap-user:list'),
  'POST /ldap/users/import': row('system ldap-user:create'),
  'GET /ldap/groups/search': row('system ldap-user:list', { query: 'groupname=a' }),
  'GET /usergroups': row('system user-group:list'),
  'POST /usergroups': row('system user-group:create'),
  'GET /usergroups/{group_id}': row('system user-group:read'),
  'PUT /usergroups/{group_id}': row('system user-group:update'),
  'DELETE /usergroups/{group_id}': row('system user-group:delete'),
  'GET /jobservice/pools': row('system jobservice-monitor:list'),
  'GET /jobservice/pools/{pool_id}/workers': row('system jobservice-monitor:list'),
  'PUT /jobservice/jobs/{job_id}': row('system jobservice-monitor:stop'),
  'GET /jobservice/jobs/{job_id}/log': row('system jobservice-monitor:list'),
  'GET /jobservice/queues': row('system jobservice-monitor:list'),
  'PUT /jobservice/queues/{job_type}': row('system jobservice-monitor:stop'),
  'GET /scanners': row('system scanner:list'),
  'GET /replication/policies': row('system replication-policy:list'),
  'GET /replication/executions': row('system replication:list'),
  'GET /p2p/preheat/instances': row('system preheat-instance:list'),
  'GET /p2p/preheat/providers': row('system preheat-instance:list'),
  'GET /security/vul': row('system security-hub:list'),
  'GET /security/summary': row('system security-hub:read'),
  'GET /scans/all/metrics': row('system scan-all:read'),
  'GET /scans/schedule/metrics': row('system scan-all:read'),
  'GET /export/cve/executions': row('signed-in'),
  [`GET ${inProject}/scanner/candidates`]: row('role scanner:create'),
  [`GET ${inProject}/webhook/policies`]: row('role notification-policy:list'),
  [`GET ${inProject}/webhook/events`]: row('role notification-policy:read'),
  [`GET ${inProject}/webhook/lasttrigger`]: row('role notification-policy:read'),
  [`GET ${inProject}/webhook/jobs`]: row('role notification-policy:list'),
  'GET /projects/{project_name}/preheat/policies': row('role preheat-policy:list'),
  'GET /projects/{project_name}/preheat/providers': row('role preheat-policy:list'),
  'GET /jobs': row('system jobservice-monitor:list'),
  'GET /jobs/events': row('system jobservice-monitor:list'),
  'GET /schedules': row('system jobservice-monitor:list'),
  'GET /schedules/{job_type}/paused': row('signed-in'),
  'GET /system/purgeaudit': row('system purge-audit:list'),
  'GET /system/purgeaudit/schedule': row('system purge-audit:read'),
  'POST /system/purgeaudit/schedule': row('system purge-audit:create'),
  'PUT /system/purgeaudit/schedule': row('system purge-audit:update'),
  'GET /system/purgeaudit/{purge_id}': row('system purge-audit:read'),
  'PUT /system/purgeaudit/{purge_id}': row('system purge-audit:stop'),
  'GET /system/purgeaudit/{purge_id}/log': row('system purge-audit:read'),
  'GET /system/scrub': row('system garbage-collection:read'),
  'GET /system/scrub/findings': row('system garbage-collection:list'),
  'GET /system/scrub/schedule': row('system garbage-collection:read'),
  'POST /system/scrub/schedule': row('system garbage-collection:create'),
  'PUT /system/scrub/schedule': row('system garbage-collection:update'),
  'PUT /system/scrub/jobs/{job_id}': row('system garbage-collection:stop'),
  'GET /system/scrub/jobs/{job_id}/log': row('system garbage-collection:read'),
  'GET /system/gc': row('system garbage-collection:list'),
  'GET /system/gc/schedule': row('system garbage-collection:read'),
  'POST /system/gc/schedule': row('system garbage-collection:create'),
  'PUT /system/gc/schedule': row('system garbage-collection:update'),
  'GET /system/gc/{gc_id}': row('system garbage-collection:read'),
  'PUT /system/gc/{gc_id}': row('system garbage-collection:stop'),
  'GET /system/gc/{gc_id}/log': row('system garbage-collection:read'),

  'GET /quotas': row('system quota:list'),
  'GET /quotas/{id}': row('system quota:read'),
  'PUT /quotas/{id}': row('system quota:update'),
  'GET /robots': row('system robot:list'),
  'POST /robots': row('system robot:create', { body: robotOfRegistry }),

  [`GET ${inProject}`]: row('role project:read'),
  [`PUT ${inProject}`]: row('role project:update'),
  [`DELETE ${inProject}`]: row('role project:delete'),
  [`GET ${inProject}/_deletable`]: row('role project:delete'),
  [`GET ${inProject}/summary`]: row('role project:read'),
  [`GET ${inProject}/members`]: row('role member:list'),
  [`POST ${inProject}/members`]: row('role member:create'),
  [`GET ${inProject}/members/{mid}`]: row('role member:read'),
  [`PUT ${inProject}/members/{mid}`]: row('role member:update'),
  [`DELETE ${inProject}/members/{mid}`]: row('role member:delete'),
  [`GET ${inProject}/metadatas/`]: row('role metadata:read'),
  [`POST ${inProject}/metadatas/`]: row('role metadata:create'),
  [`GET ${inProject}/metadatas/{meta_name}`]: row('role metadata:read'),
  [`PUT ${inProject}/metadatas/{meta_name}`]: row('role metadata:update'),
  [`DELETE ${inProject}/metadatas/{meta_name}`]: row('role metadata:delete'),
  [`GET ${inProject}/robots`]: row('role robot:list'),
  [`POST ${inProject}/robots`]: row('role robot:create'),
  [`GET ${inProject}/robots/{robot_id}`]: row('role robot:read'),
  [`PUT ${inProject}/robots/{robot_id}`]: row('role robot:update'),
  [`DELETE ${inProject}/robots/{robot_id}`]: row('role robot:delete'),
  [`GET ${inProject}/trash`]: row('role trash:list'),
  [`DELETE ${inProject}/trash`]: row('role trash:delete'),
  [`GET ${inProject}/trash/{entry_id}`]: row('role trash:list'),
  [`DELETE ${inProject}/trash/{entry_id}`]: row('role trash:delete'),
  [`POST ${inProject}/trash/{entry_id}/restore`]: row('role trash:restore'),
  [`POST ${inProject}/trash/restore`]: row('role trash:restore', { body: { repository: 'none/none' } }),
  'DELETE /system/trash': row('administrator'),
  'GET /system/configuration': row('administrator'),

  [`GET ${inProject}/immutabletagrules`]: row('role immutable-tag:list'),
  [`POST ${inProject}/immutabletagrules`]: row('role immutable-tag:create'),
  [`PUT ${inProject}/immutabletagrules/{immutable_rule_id}`]: row('role immutable-tag:update'),
  [`DELETE ${inProject}/immutabletagrules/{immutable_rule_id}`]: row('role immutable-tag:delete'),
  [`POST ${inProject}/retention/preview`]: row('role tag-retention:read'),
  [`GET ${inProject}/artifacts`]: row('role artifact:list'),
  'GET /projects/{project_name}/logs': row('role log:list'),
  'GET /projects/{project_name}/auditlog-exts': row('role log:list'),

  'GET /projects/{project_name}/repositories': row('role repository:list'),
  [`GET ${inRepository}`]: row('role repository:read'),
  [`PUT ${inRepository}`]: row('role repository:update'),
  [`DELETE ${inRepository}`]: row('role repository:delete'),
  [`GET ${inRepository}/artifacts`]: row('role artifact:list'),
  [`POST ${inRepository}/artifacts`]: row('role artifact:create', { query: 'from=none' }),
  [`GET ${artifact}`]: row('role artifact:read'),
  [`DELETE ${artifact}`]: row('role artifact:delete'),
  [`GET ${artifact}/accessories`]: row('role accessory:list'),
  [`GET ${artifact}/additions/{addition}`]: row('role artifact-addition:read'),
  [`GET ${artifact}/layers`]: row('role artifact-addition:read'),
  [`GET ${artifact}/manifest`]: row('role artifact-addition:read'),
  [`GET ${artifact}/graph`]: row('role artifact:read'),
  [`GET ${artifact}/tags`]: row('role tag:list'),
  [`POST ${artifact}/tags`]: row('role tag:create', { body: { name: 'v1' } }),
  [`DELETE ${artifact}/tags/{tag_name}`]: row('role tag:delete'),
  [`GET ${inRepository}/tags/{tag_name}/history`]: row('role tag:list'),
  [`POST ${artifact}/labels`]: row('role artifact-label:create'),
  [`DELETE ${artifact}/labels/{label_id}`]: row('role artifact-label:delete'),

  [`POST ${inRepository}/batch/delete-artifacts`]: row('role artifact:delete', { body: none }),
  [`POST ${inRepository}/batch/label-artifacts`]: row('role artifact-label:create', { body: { ...none, label_id: 1 } }),
  [`POST ${inRepository}/batch/unlabel-artifacts`]: row('role artifact-label:delete', {
    body: { ...none, label_id: 1 },
  }),
  [`POST ${inRepository}/batch/copy-artifacts`]: row('role artifact:create', { body: { ...none, from: 'No name' } }),
  [`POST ${inRepository}/batch/delete-tags`]: row('role tag:delete', { body: none }),
  'POST /projects/{project_name}/batch/delete-repositories': row('role repository:delete', { body: none }),
  [`POST ${inProject}/batch/set-member-roles`]: row('role member:update', { body: { ...nobodys, role_id: 3 } }),
  [`POST ${inProject}/batch/delete-members`]: row('role member:delete', { body: nobodys }),
  [`POST ${inProject}/batch/restore-trash`]: row('role trash:restore', { body: nobodys }),
  [`POST ${inProject}/batch/delete-trash`]: row('role trash:delete', { body: nobodys }),
  'POST /batch/delete-projects': row('signed-in', { body: nobodys }),
  'POST /batch/delete-robots': row('signed-in', { body: nobodys }),
  'POST /batch/set-robots-disabled': row('signed-in', { body: { ...nobodys, disabled: true } }),
  'POST /batch/delete-labels': row('signed-in', { body: nobodys }),
  'POST /batch/delete-users': row('system user:delete', { body: nobodys }),
  'POST /batch/set-users-sysadmin': row('administrator', { body: { ...nobodys, sysadmin_flag: true } }),
  'POST /batch/set-users-disabled': row('administrator', { body: { ...nobodys, disabled: true } }),
  'POST /batch/delete-usergroups': row('system user-group:delete', { body: nobodys }),
}

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
