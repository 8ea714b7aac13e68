/** What a robot may be given; each of the two scopes has resources and their actions. */
const system = {
  'audit-log': 'list',
  'preheat-instance': 'read create delete list update',
  project: 'list create',
  'replication-policy': 'read create delete list update',
  replication: 'read create list',
  'replication-adapter': 'list',
  registry: 'read create delete list update',
  'scan-all': 'read update stop create',
  'system-volumes': 'read',
  'garbage-collection': 'read create list update stop',
  'purge-audit': 'read create list update stop',
  'jobservice-monitor': 'list stop',
  scanner: 'read create delete list update',
  label: 'read create delete update',
  'security-hub': 'read list',
  catalog: 'read',
  quota: 'read list update',
  robot: 'create read list delete',
  user: 'create read update list delete',
  'ldap-user': 'create list',
  'user-group': 'create read update list delete',
} as const

const project = {
  log: 'list',
  project: 'read delete update',
  metadata: 'read create delete list update',
  // Harbor has `scanner-pull` too, and gives it to the robots of scanners alone.
  repository: 'read update delete list pull push scanner-pull',
  artifact: 'read create list delete',
  scan: 'read create stop',
  sbom: 'create stop read',
  tag: 'create list delete',
  accessory: 'list',
  'artifact-addition': 'read',
  'artifact-label': 'create delete',
  scanner: 'create read',
  'preheat-policy': 'read create delete list update',
  'immutable-tag': 'create delete list update',
  'notification-policy': 'read create delete list update',
  'tag-retention': 'read create delete list update',
  label: 'read create delete list update',
  quota: 'read',
  robot: 'create read list delete',
  'export-cve': 'create read',
  member: 'create read update list delete',
  // Beyond Harbor.
  trash: 'list restore delete',
  signature: 'create',
  quarantine: 'list pull',
  'protected-tag': 'move',
} as const

type Words<Text extends string> = Text extends `${infer First} ${infer Rest}` ? First | Words<Rest> : Text

/** What may be done to the registry as a whole, `resource:action`, and given to a robot. */
export type SystemPermission = {
  [Name in keyof typeof system]: `${Name}:${Words<(typeof system)[Name]>}`
}[keyof typeof system]

/** Lets a robot pull what policies hold back, to scan or to sign it. No role has it. */
export const heldBackPull = 'repository:scanner-pull'

export interface GrantablePermission {
  readonly resource: string
  readonly action: string
}

/** By the kind that a robot's permission names: `system` for the registry, `project` for projects. */
export const grantablePermissions: Readonly<Record<'system' | 'project', readonly GrantablePermission[]>> = {
  system: expand(system),
  project: expand(project),
}

function expand(table: Readonly<Record<string, string>>): readonly GrantablePermission[] {
  return Object.entries(table).flatMap(([resource, actions]) =>
    actions.split(' ').map((action) => ({ resource, action })),
  )
}
