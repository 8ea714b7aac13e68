/** Harbor's five roles in a project, with its ids. */
export const roleIds = { projectAdmin: 1, developer: 2, guest: 3, maintainer: 4, limitedGuest: 5 } as const

export type RoleName = keyof typeof roleIds
export type RoleId = (typeof roleIds)[RoleName]

/** The widest role: what it cannot do to a project, nobody but a system administrator can. */
const projectAdmin = {
  project: 'read update delete',
  member: 'create read update delete list',
  metadata: 'create read update delete',
  log: 'list',
  label: 'create read update delete list',
  quota: 'read',
  repository: 'create read update delete list pull push',
  'tag-retention': 'create read update delete list operate',
  'immutable-tag': 'create update delete list',
  configuration: 'read update',
  robot: 'create read update delete list',
  'notification-policy': 'create read update delete list',
  scan: 'create read stop',
  sbom: 'create read stop',
  scanner: 'create read',
  artifact: 'create read delete list',
  'artifact-addition': 'read',
  tag: 'create delete list',
  accessory: 'list',
  'artifact-label': 'create delete',
  'preheat-policy': 'create read update delete list',
  'export-cve': 'create read list',
  // Beyond Harbor.
  trash: 'list restore delete',
  signature: 'create',
  quarantine: 'list pull',
  'protected-tag': 'move',
} as const

type Words<Text extends string> = Text extends `${infer First} ${infer Rest}` ? First | Words<Rest> : Text
type Resource = keyof typeof projectAdmin

/** `resource:action`, as in `repository:push`. */
export type Permission = { [Name in Resource]: `${Name}:${Words<(typeof projectAdmin)[Name]>}` }[Resource]

type Grants = { readonly [Name in Resource]?: string }

const maintainer = {
  project: 'read',
  member: 'read list',
  metadata: 'read',
  label: 'create read update delete list',
  quota: 'read',
  repository: 'create read update delete list pull push',
  'tag-retention': 'create read update delete list operate',
  'immutable-tag': 'create update delete list',
  configuration: 'read',
  robot: 'read list',
  'notification-policy': 'read list',
  scan: 'create read stop',
  sbom: 'create read stop',
  scanner: 'read',
  artifact: 'create read delete list',
  'artifact-addition': 'read',
  tag: 'create delete list',
  accessory: 'list',
  'artifact-label': 'create delete',
  'export-cve': 'create read list',
  trash: 'list restore',
  signature: 'create',
  quarantine: 'list pull',
} satisfies Grants

const developer = {
  project: 'read',
  member: 'read list',
  label: 'read list',
  quota: 'read',
  repository: 'create read update list pull push',
  'tag-retention': 'create read update delete list operate',
  configuration: 'read',
  robot: 'read list',
  scan: 'read',
  sbom: 'read',
  scanner: 'read',
  artifact: 'create read list',
  'artifact-addition': 'read',
  tag: 'create list',
  accessory: 'list',
  'artifact-label': 'create delete',
  'export-cve': 'create read list',
  quarantine: 'list',
} satisfies Grants

const guest = {
  project: 'read',
  member: 'read list',
  label: 'read list',
  quota: 'read',
  repository: 'read list pull',
  configuration: 'read',
  robot: 'read list',
  scan: 'read',
  sbom: 'read',
  scanner: 'read',
  artifact: 'read list',
  'artifact-addition': 'read',
  tag: 'list',
  accessory: 'list',
} satisfies Grants

const limitedGuest = {
  project: 'read',
  quota: 'read',
  repository: 'read list pull',
  configuration: 'read',
  scan: 'read',
  sbom: 'read',
  scanner: 'read',
  artifact: 'read list',
  'artifact-addition': 'read',
  tag: 'list',
  accessory: 'list',
} satisfies Grants

/** What everyone may do in a public project, without an account too. */
const publicProject = {
  project: 'read',
  label: 'read list',
  repository: 'list pull',
  scan: 'read',
  scanner: 'read',
  tag: 'list',
  artifact: 'read list',
  'artifact-addition': 'read',
  accessory: 'list',
} satisfies Grants

function expand(grants: Grants): ReadonlySet<Permission> {
  const permissions = Object.entries(grants).flatMap(([resource, actions]) =>
    actions.split(' ').map((action) => `${resource}:${action}` as Permission),
  )
  return new Set(permissions)
}

export const rolePermissions: Readonly<Record<RoleName, ReadonlySet<Permission>>> = {
  projectAdmin: expand(projectAdmin),
  maintainer: expand(maintainer),
  developer: expand(developer),
  guest: expand(guest),
  limitedGuest: expand(limitedGuest),
}

export const publicProjectPermissions: ReadonlySet<Permission> = expand(publicProject)
export const allPermissions: ReadonlySet<Permission> = rolePermissions.projectAdmin
export const noPermissions: ReadonlySet<Permission> = new Set()

const roleNames = new Map<number, RoleName>(Object.entries(roleIds).map(([name, id]) => [id, name as RoleName]))

export function findRoleName(roleId: number): RoleName | undefined {
  return roleNames.get(roleId)
}

export function isRoleName(text: string): text is RoleName {
  return Object.hasOwn(roleIds, text)
}

/** What a role gives: one of Harbor's five, or a composed one with its `permissions`. One that is neither gives nothing. */
export function permissionsOfRole(roleId: number, permissions?: readonly string[]): ReadonlySet<Permission> {
  const name = findRoleName(roleId)
  if (name !== undefined) return rolePermissions[name]
  const known = (permissions ?? []).filter(isPermission)
  return known.length === 0 ? noPermissions : new Set(known)
}

export function isPermission(text: string): text is Permission {
  return (allPermissions as ReadonlySet<string>).has(text)
}
