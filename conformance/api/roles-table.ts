/**
 * What a role may do, written down apart from the program. Roles by letter: A project admin, M maintainer,
 * D developer, G guest, L limited guest.
 */
export type RoleLetter = 'A' | 'M' | 'D' | 'G' | 'L'

/** Harbor's table of roles: resource → action → letters. */
export const rolesTable: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  project: { read: 'AMDGL', update: 'A', delete: 'A' },
  member: { create: 'A', read: 'AMDG', update: 'A', delete: 'A', list: 'AMDG' },
  metadata: { create: 'A', read: 'AM', update: 'A', delete: 'A' },
  configuration: { read: 'AMDGL', update: 'A' },
  log: { list: 'A' },
  label: { create: 'AM', read: 'AMDG', update: 'AM', delete: 'AM', list: 'AMDG' },
  repository: { read: 'AMDGL', update: 'AMD', delete: 'AM', list: 'AMDGL' },
  'tag-retention': { create: 'AMD', read: 'AMD', update: 'AMD', delete: 'AMD', list: 'AMD', operate: 'AMD' },
  signature: { create: 'AM' },
  trash: { list: 'AM', restore: 'AM', delete: 'A' },
  quarantine: { list: 'AMD', pull: 'AM' },
  'protected-tag': { move: 'A' },
  'immutable-tag': { create: 'AM', update: 'AM', delete: 'AM', list: 'AM' },
  robot: { create: 'A', read: 'AMDG', update: 'A', delete: 'A', list: 'AMDG' },
  artifact: { create: 'AMD', read: 'AMDGL', delete: 'AM', list: 'AMDGL' },
  'artifact-addition': { read: 'AMDGL' },
  tag: { create: 'AMD', delete: 'AM', list: 'AMDGL' },
  accessory: { list: 'AMDGL' },
  'artifact-label': { create: 'AMD', delete: 'AMD' },
  scanner: { create: 'A', read: 'AMDGL' },
  scan: { create: 'AM', read: 'AMDGL', stop: 'AM' },
  'notification-policy': { create: 'A', read: 'AM', update: 'A', delete: 'A', list: 'AM' },
  'preheat-policy': { list: 'A' },
}
