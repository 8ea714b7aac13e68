const digest = `sha256:${'3f'.repeat(32)}`

const access = [
  { resource: 'repository', action: 'pull' },
  { resource: 'repository', action: 'push' },
]

const robot = {
  name: 'ci',
  description: 'builds of the shop',
  level: 'project',
  duration: 90,
  permissions: [{ kind: 'project', namespace: 'library', access }],
}

const certificate = '-----BEGIN CERTIFICATE-----\n…\n-----END CERTIFICATE-----\n'
const issuer = {
  issuer_certificate: certificate,
  issuer_key: '-----BEGIN PRIVATE KEY-----\n…\n-----END PRIVATE KEY-----\n',
}

const replication = {
  name: 'to-shanghai',
  dest_registry: { id: 2 },
  filters: [{ type: 'name', value: 'library/**' }],
  trigger: { type: 'event_based' },
  enabled: true,
}

const code = { code: '492039' }
const reason = { reason: 'the machine was stolen' }
const protectedTag = { repositories: '**', tags: 'v*', users: ['ada'], robots: [] }

const label = { name: 'tested', description: 'passed all tests', color: '#0b5c8a', scope: 'g' }

const rule = (template: string, params: object) => ({
  action: template === 'immutable_template' ? 'immutable' : 'retain',
  template,
  ...(template === 'immutable_template' ? {} : { params }),
  tag_selectors: [{ kind: 'doublestar', decoration: 'matches', pattern: 'v*' }],
  scope_selectors: { repository: [{ kind: 'doublestar', decoration: 'repoMatches', pattern: '**' }] },
})

const retention = {
  algorithm: 'or',
  rules: [rule('latestPushedK', { latestPushedK: 10 })],
  trigger: { kind: 'Schedule', settings: { cron: '0 0 3 * * *' } },
  scope: { level: 'project', ref: 2 },
}

const webhook = {
  name: 'ci',
  enabled: true,
  event_types: ['PUSH_ARTIFACT', 'SCANNING_COMPLETED'],
  targets: [{ type: 'http', address: 'https://ci.example.org/hook', payload_format: 'CloudEvents' }],
}

const scanner = {
  name: 'Trivy',
  url: 'http://trivy-adapter.example.com:8080',
  auth: 'Bearer',
  access_credential: 'token',
}
const remote = {
  name: 'hub',
  type: 'docker-hub',
  url: 'https://hub.docker.com',
  credential: { type: 'basic', access_key: 'ada', access_secret: 'Correct-Horse-7' },
}

const schedule = { schedule: { type: 'Custom', cron: '0 0 3 * * *' } }
const group = { group_name: 'developers', group_type: 2 }
const pullPolicy = {
  name: 'no-exploited',
  mode: 'enforce',
  repositories: '**',
  tags: 'v*',
  condition: { kind: 'vulnerabilities', known_exploited: true },
}

const exemption = {
  policy: 'no-exploited',
  vulnerability: 'CVE-2026-1234',
  reason: 'mended next month',
  expires_at: '2027-01-31T00:00:00Z',
}

const signer = {
  name: 'release',
  definition: {
    kind: 'key',
    public_key: '-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE…\n-----END PUBLIC KEY-----\n',
  },
}
const user = { username: 'ada', email: 'ada@example.com', realname: 'Ada Lovelace', comment: '' }
const role = { name: 'release', description: 'pushes and tags', permissions: ['repository:pull', 'repository:push'] }
const ids = { items: [3, 4] }
const digests = { items: [digest] }

const dataSchedule = {
  schedule: { type: 'Daily', cron: '0 30 2 * * *' },
  parameters: { registry_id: 1, repository: 'aquasecurity/trivy-db', reference: '2' },
}

const vexExample = {
  '@context': 'https://openvex.dev/ns/v0.2.0',
  author: 'Security team',
  timestamp: '2026-01-01T00:00:00Z',
  statements: [
    {
      vulnerability: { name: 'CVE-2021-23337' },
      products: [{ '@id': 'pkg:npm/lodash@4.17.20' }],
      status: 'not_affected',
      justification: 'vulnerable_code_not_in_execute_path',
    },
  ],
}

/** A body that says something for each operation that takes one: what a reader copies and changes. */
export const bodyExamples: Readonly<Record<string, unknown>> = {
  acknowledgeEvents: { cursor: 'MTIzNDU' },
  actionPendingJobs: { action: 'stop' },
  addLabel: { id: 3 },
  addProjectVex: { name: 'openvex.json', document: vexExample },
  addRegistryVex: { name: 'openvex.json', document: vexExample },
  addProjectMetadatas: { auto_scan: 'true' },
  copyArtifacts: { items: [digest], from: 'library/app' },
  CreateImmuRule: rule('immutable_template', {}),
  CreateLabel: label,
  CreateRobot: robot,
  CreateRobotV1: { name: 'ci', description: 'builds of the shop', access },
  createGCSchedule: { ...schedule, parameters: { delete_untagged: true, workers: 2 } },
  CreateWebhookPolicyOfProject: webhook,
  UpdateWebhookPolicyOfProject: { ...webhook, enabled: false },
  createPersonalToken: { name: 'laptop', permissions: ['repository:pull'], lifetime_days: 30 },
  createProject: { project_name: 'shop', metadata: { public: 'false' }, storage_limit: 10_737_418_240 },
  createProjectMember: { role_id: 2, member_user: { username: 'ada' } },
  createPurgeSchedule: {
    ...schedule,
    parameters: { audit_retention_hour: 2160, include_event_types: 'pull_artifact' },
  },
  createRegistry: remote,
  createRetention: retention,
  createRole: role,
  createScanAllSchedule: schedule,
  createScanner: scanner,
  createScrubSchedule: schedule,
  createTag: { name: 'stable' },
  createTrustRule: {
    issuer: 'https://gitlab.example.com',
    audience: 'registry.example.com',
    claims: { project_path: 'shop/web', ref: 'main' },
  },
  createUser: { ...user, password: 'Correct-Horse-7' },
  createUserGroup: group,
  deleteArtifacts: digests,
  scanArtifacts: digests,
  stopScans: digests,
  deleteLabels: ids,
  deleteMembers: ids,
  deleteProjects: ids,
  deleteRepositories: { items: ['app', 'tools/web'] },
  deleteRobots: ids,
  deleteTags: { items: ['v1.0.0', 'v1.1.0'] },
  deleteTrashEntries: ids,
  deleteUserGroups: ids,
  deleteUsers: ids,
  importLdapUser: { ldap_uid_list: ['ada'] },
  labelArtifacts: { ...digests, label_id: 3 },
  operateRetentionExecution: { action: 'stop' },
  createPullPolicyOfProject: pullPolicy,
  updatePullPolicyOfProject: pullPolicy,
  createPullPolicyOfRegistry: pullPolicy,
  updatePullPolicyOfRegistry: pullPolicy,
  evaluatePullPolicies: { draft: pullPolicy, after: 0 },
  evaluatePullPoliciesOfRegistry: { draft: pullPolicy, after: 0 },
  createPolicyExemptionOfProject: exemption,
  createPolicyExemptionOfRegistry: exemption,
  createSystemSigner: signer,
  createProjectSigner: signer,
  pingLdap: { ldap_url: 'ldaps://ldap.example.com', ldap_base_dn: 'dc=example,dc=com', ldap_uid: 'uid', ldap_scope: 2 },
  pingOIDC: { url: 'https://id.example.com', verify_cert: true },
  pingRegistry: { id: 1 },
  changeProjectAllowlist: { add: ['CVE-2026-0001'] },
  changeSystemAllowlist: { add: ['CVE-2026-0001'] },
  exportScanData: { projects: [1], repositories: 'app/**', cveIds: 'CVE-2026-*' },
  pingScanner: scanner,
  previewRetention: retention,
  putSystemCVEAllowlist: { items: [{ cve_id: 'CVE-2026-0001' }], expires_at: 1_798_761_600 },
  RefreshSec: { secret: 'Correct-Horse-7' },
  relinkUser: { issuer: 'https://id.example.com', subject: 'f3a1b0' },
  restoreRepositoryFromTrash: { repository: 'app', overwrite: false },
  restoreTrashEntries: { match: { run_id: 17 } },
  restoreTrashEntry: { overwrite: false },
  scanArtifact: { scan_type: 'vulnerability' },
  setCliSecret: { secret: 'Correct-Horse-7' },
  setMemberRoles: { ...ids, role_id: 3 },
  setRobotsDisabled: { ...ids, disabled: true },
  setScannerAsDefault: { is_default: true },
  setScannerOfProject: { uuid: '1f0c3c3e-5d1a-4c8e-9f52-1f9f5d6c2b7a' },
  setUserDisabled: { disabled: true },
  setUserSysAdmin: { sysadmin_flag: true },
  setUsersDisabled: { ...ids, disabled: true },
  setUsersSysAdmin: { ...ids, sysadmin_flag: true },
  stopScanArtifact: { scan_type: 'vulnerability' },
  triggerRetentionExecution: { dry_run: true },
  unlabelArtifacts: { ...digests, label_id: 3 },
  UpdateImmuRule: { ...rule('immutable_template', {}), id: 1, disabled: true },
  UpdateLabel: label,
  UpdateRobot: { ...robot, disable: true },
  UpdateRobotV1: { name: 'robot$library+ci', level: 'project', disable: true },
  updateConfigurations: { read_only: true },
  updateGCSchedule: schedule,
  updateProject: { metadata: { public: 'true' } },
  updateProjectMember: { role_id: 3 },
  updateProjectMetadata: { auto_scan: 'true' },
  updatePurgeSchedule: schedule,
  updateQuota: { hard: { storage: 10_737_418_240 } },
  updateRegistry: { description: 'pulls of the build machines' },
  updateRepository: { description: '# app\n\nThe web shop.' },
  updateRetention: { ...retention, id: 1 },
  updateRole: role,
  matchPackages: {
    system: { family: 'alpine', version: '3.20.1', name: 'Alpine Linux v3.20' },
    packages: [{ kind: 'apk', name: 'musl', version: '1.1.22-r3' }],
  },
  updateScanAllSchedule: schedule,
  updateScrubSchedule: schedule,
  createVulnerabilityDataSchedule: dataSchedule,
  updateVulnerabilityDataSchedule: dataSchedule,
  updateScanner: scanner,
  updateUserGroup: group,
  updateUserPassword: { old_password: 'Correct-Horse-7', new_password: 'Better-Horse-8' },
  updateUserProfile: { email: user.email, realname: user.realname, comment: '' },

  createCertificateAuthority: { ...issuer, root_certificate: certificate },
  renewCertificateIssuer: issuer,
  setUserDuty: { duty: 'security' },
  createReplicationPolicy: replication,
  updateReplicationPolicy: replication,
  startReplication: { policy_id: 3, mode: 'dry-run' },
  releaseReplicationDeletions: { action: 'continue' },
  beginSecondFactor: { password: 'Correct-Horse-7' },
  confirmSecondFactor: code,
  proveSecondFactor: code,
  removeOwnSecondFactor: code,
  renewRecoveryCodes: code,
  createPasskey: {
    name: 'telephone',
    state: 'eyJhbGciOiJFUzI1NiJ9.e30.c2ln',
    credential: {
      id: 'bzRhX0c3',
      rawId: 'bzRhX0c3',
      type: 'public-key',
      response: { clientDataJSON: 'eyJ0eXBlIjoid2ViYXV0aG4uY3JlYXRlIn0', attestationObject: 'o2NmbXRkbm9uZQ' },
    },
  },
  createSystemSignatureKey: { name: 'company' },
  revokeSystemSignatureKey: reason,
  createProjectSignatureKey: { name: 'release' },
  revokeProjectSignatureKey: reason,
  signArtifact: { key_id: 4, forms: ['cosign', 'notation'], comment: 'release 1.4' },
  rejectSigningRequest: reason,
  releaseFromQuarantine: { ...reason, expires_at: '2026-12-24T18:00:00Z' },
  rejectFromQuarantine: reason,
  createProtectedTag: protectedTag,
  updateProtectedTag: protectedTag,
}
