import { describe, expect, test } from 'bun:test'
import { DomainError } from '../../errors.ts'
import type { Actor } from '../actor.ts'
import { rightsOf, type RobotRights } from '../robots/robot-rights.ts'
import type { ProjectStanding } from './authorise.ts'
import { assertCovers, firstMissing, rightsInProject } from './covers.ts'
import { grantablePermissions } from './grantable-permissions.ts'
import { allPermissions, noPermissions, rolePermissions, type Permission } from './permissions.ts'

const project = 7
const other = 8
const ada: Extract<Actor, { kind: 'user' }> = { kind: 'user', id: 1, username: 'ada', admin: false }
const root: Actor = { ...ada, username: 'root', admin: true }
const everything = grantablePermissions.project.map(({ resource, action }) => `${resource}:${action}`)

const standing = (granted: ReadonlySet<Permission>, isPublic = false, id = project): ProjectStanding => ({
  project: { id, public: isPublic, createdAt: 0 },
  roleIds: [],
  granted,
})
const limited = (permissions: readonly string[], projectIds?: readonly number[]): Actor => ({
  ...ada,
  limits: {
    tokenId: 1,
    permissions: new Set(permissions),
    projectIds: projectIds === undefined ? undefined : new Set(projectIds),
  },
})
const robot = (...grants: Parameters<typeof rightsOf>[0]): Actor => ({
  kind: 'robot',
  id: 3,
  username: 'robot$ci',
  rights: rightsOf(grants),
})
const given = (...permissions: string[]): RobotRights => rightsInProject(project, new Set(permissions))

describe('rights in a project', () => {
  test('each permission covers itself and no other', () => {
    for (const own of allPermissions)
      for (const wanted of allPermissions)
        expect({ own, wanted, missing: firstMissing(ada, given(wanted), [standing(new Set([own]))]) }).toEqual({
          own,
          wanted,
          missing: own === wanted ? undefined : wanted,
        })
  })

  test('an administrator of the project covers everything in it, for robots too, and nothing elsewhere', () => {
    const standings = [standing(rolePermissions.projectAdmin)]
    expect(firstMissing(ada, given(...allPermissions, ...everything), standings)).toBeUndefined()
    for (const rights of [
      rightsInProject(other, new Set(['repository:pull'])),
      rightsOf([{ scope: 'every-project', access: ['repository:pull'] }]),
      rightsOf([{ scope: 'system', access: ['catalog:read'] }]),
    ])
      expect(firstMissing(ada, rights, standings)).toBeDefined()
  })

  test('what everybody may in a public project is nobody’s to give', () => {
    const open = standing(noPermissions, true)
    expect(firstMissing(ada, given('repository:pull'), [open])).toBe('repository:pull')
    expect(firstMissing(limited(['repository:pull']), given('repository:pull'), [open])).toBe('repository:pull')
  })

  test('a project of which nothing is known gives nothing', () => {
    expect(firstMissing(ada, given('repository:pull'), [])).toBe('repository:pull')
  })
})

describe('a personal token', () => {
  const admin = [standing(rolePermissions.projectAdmin)]

  test('covers what it names, of what its owner has, in its projects', () => {
    expect(firstMissing(limited(['robot:create']), given('repository:pull'), admin)).toBe('repository:pull')
    expect(firstMissing(limited(['repository:pull']), given('repository:pull'), admin)).toBeUndefined()
    expect(firstMissing(limited(['repository:pull'], [other]), given('repository:pull'), admin)).toBe('repository:pull')
    const guest = [standing(rolePermissions.guest)]
    expect(firstMissing(limited(['repository:push']), given('repository:push'), guest)).toBe('repository:push')
  })

  test('of a system administrator covers no more than it names', () => {
    const token: Actor = { ...limited(['robot:create']), admin: true } as Actor
    expect(firstMissing(token, given('repository:pull'), [standing(noPermissions)])).toBe('repository:pull')
    expect(firstMissing(token, rightsOf([{ scope: 'system', access: ['user:list'] }]), [])).toBe('user:list')
    expect(firstMissing(root, rightsOf([{ scope: 'system', access: ['user:list'] }]), [])).toBeUndefined()
  })
})

describe('a robot', () => {
  test('covers what it has: in the registry, in every project, in one', () => {
    const wide = robot({ scope: 'system', access: ['user:list'] }, { scope: 'every-project', access: ['tag:list'] })
    expect(firstMissing(wide, rightsOf([{ scope: 'system', access: ['user:list'] }]), [])).toBeUndefined()
    expect(firstMissing(wide, given('tag:list'), [])).toBeUndefined()
    const narrow = robot({ scope: project, access: ['tag:list'] })
    expect(firstMissing(narrow, given('tag:list'), [])).toBeUndefined()
    expect(firstMissing(narrow, rightsOf([{ scope: 'every-project', access: ['tag:list'] }]), [])).toBe('tag:list')
    expect(firstMissing(narrow, rightsInProject(other, new Set(['tag:list'])), [])).toBe('tag:list')
  })

  test('gives the role of an administrator only when it has everything that a robot can have in the project', () => {
    const role = rightsInProject(project, rolePermissions.projectAdmin)
    expect(firstMissing(robot({ scope: project, access: everything }), role, [])).toBeUndefined()
    const wanted = [...allPermissions].filter((permission) => everything.includes(permission))
    for (const left of wanted) {
      const access = everything.filter((permission) => permission !== left)
      expect({ left, covers: firstMissing(robot({ scope: project, access }), role, []) === undefined }).toEqual({
        left,
        covers: false,
      })
    }
  })

  test('is told in Harbor’s words what it lacks', () => {
    expect(() => assertCovers(robot(), given('tag:list'), [], 'robot$p+x')).toThrow(DomainError)
    expect(() => assertCovers(robot(), given('tag:list'), [], 'robot$p+x')).toThrow(
      "permission scope is invalid. It must be equal to or more restrictive than the creator robot's permissions",
    )
  })
})

test('nobody without an account covers anything', () => {
  const anonymous: Actor = { kind: 'anonymous' }
  expect(firstMissing(anonymous, given('repository:pull'), [standing(noPermissions, true)])).toBe('repository:pull')
})
