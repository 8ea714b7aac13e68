import { describe, expect, test } from 'bun:test'
import type { DomainError } from '../../errors.ts'
import type { Actor } from '../actor.ts'
import {
  assertCan,
  assertCanInProject,
  assertSystemAdministrator,
  can,
  permissionsIn,
  type ProjectStanding,
} from './authorise.ts'
import {
  allPermissions,
  noPermissions,
  permissionsOfRole,
  roleIds,
  rolePermissions,
  type Permission,
  type RoleName,
} from './permissions.ts'

const ada: Actor = { kind: 'user', id: 1, username: 'ada', admin: false }
const root: Actor = { kind: 'user', id: 2, username: 'root', admin: true }
const anonymous: Actor = { kind: 'anonymous' }

function standing(options: { role?: RoleName; public?: boolean; createdAt?: number } = {}): ProjectStanding {
  return {
    project: { id: 1, public: options.public ?? false, createdAt: options.createdAt ?? 1000 },
    roleIds: options.role === undefined ? [] : [roleIds[options.role]],
    granted: options.role === undefined ? noPermissions : rolePermissions[options.role],
  }
}

function withToken(actor: typeof ada | typeof root | typeof anonymous, actions: string[], issuedAt = 2000): Actor {
  return { ...actor, access: [{ type: 'repository', name: 'p/app', actions }], tokenIssuedAt: issuedAt } as Actor
}

function codeOf(run: () => void): string {
  try {
    run()
  } catch (error) {
    return (error as DomainError).code
  }
  return 'allowed'
}

describe('roles in a private project', () => {
  const expected: Record<RoleName, [pull: boolean, push: boolean, remove: boolean]> = {
    projectAdmin: [true, true, true],
    maintainer: [true, true, true],
    developer: [true, true, false],
    guest: [true, false, false],
    limitedGuest: [true, false, false],
  }
  for (const [role, [pull, push, remove]] of Object.entries(expected) as [RoleName, [boolean, boolean, boolean]][]) {
    test(`a ${role} may ${[pull && 'pull', push && 'push', remove && 'delete'].filter(Boolean).join(', ')} and no more`, () => {
      const may = (permission: Permission) => can(ada, permission, standing({ role }), 'p/app')
      expect([may('repository:pull'), may('repository:push'), may('artifact:delete')]).toEqual([pull, push, remove])
    })
  }

  test('a guest sees the members, a limited guest does not', () => {
    expect(can(ada, 'member:list', standing({ role: 'guest' }))).toBe(true)
    expect(can(ada, 'member:list', standing({ role: 'limitedGuest' }))).toBe(false)
  })

  test('only a project admin adds members', () => {
    const mayAdd = (Object.keys(roleIds) as RoleName[]).filter((role) => can(ada, 'member:create', standing({ role })))
    expect(mayAdd).toEqual(['projectAdmin'])
  })
})

test('who is no member may do nothing in a private project and pull in a public one', () => {
  for (const actor of [ada, anonymous]) {
    expect(can(actor, 'repository:pull', standing(), 'p/app')).toBe(false)
    expect(can(actor, 'repository:pull', standing({ public: true }), 'p/app')).toBe(true)
    expect(can(actor, 'repository:push', standing({ public: true }), 'p/app')).toBe(false)
  }
})

test('a limited guest of a public project may also do what everyone may', () => {
  expect(can(ada, 'label:list', standing({ role: 'limitedGuest', public: true }))).toBe(true)
  expect(permissionsIn(ada, standing({ role: 'limitedGuest', public: true })).has('label:list')).toBe(true)
})

test('a role id that nobody knows gives nothing', () => {
  for (const roleId of [0, 6, -1, 1.5, Number.NaN]) expect(permissionsOfRole(roleId).size).toBe(0)
})

test('a composed role gives what it says, and nothing that is no permission', () => {
  expect(permissionsOfRole(101, ['repository:pull', 'everything:do'])).toEqual(new Set(['repository:pull']))
})

test('system administrators, the open registry and the program itself may do everything', () => {
  const all: Actor[] = [root, { kind: 'open' }, { kind: 'system', name: 'cli' }]
  for (const actor of all) {
    for (const permission of allPermissions) expect(can(actor, permission, standing(), 'p/app')).toBe(true)
    expect(permissionsIn(actor, standing())).toEqual(allPermissions)
  }
})

describe('access tokens', () => {
  test('a token gives no action that it does not name', () => {
    const actor = withToken(ada, ['pull'])
    expect(can(actor, 'repository:pull', standing({ role: 'maintainer' }), 'p/app')).toBe(true)
    expect(can(actor, 'repository:push', standing({ role: 'maintainer' }), 'p/app')).toBe(false)
    expect(can(actor, 'artifact:delete', standing({ role: 'maintainer' }), 'p/app')).toBe(false)
  })

  test('a token gives no action that its account may not do now', () => {
    expect(
      can(withToken(ada, ['pull', 'push', 'delete']), 'repository:push', standing({ role: 'guest' }), 'p/app'),
    ).toBe(false)
    expect(can(withToken(ada, ['pull']), 'repository:pull', standing(), 'p/app')).toBe(false)
    expect(can(withToken(anonymous, ['pull', 'push']), 'repository:push', standing({ public: true }), 'p/app')).toBe(
      false,
    )
  })

  test('names in a token are compared exactly, without wildcards', () => {
    for (const name of ['p/*', '*', 'p/app/', 'P/app', 'p/ap', 'p']) {
      const actor: Actor = { ...ada, access: [{ type: 'repository', name, actions: ['pull'] }], tokenIssuedAt: 2000 }
      expect(can(actor, 'repository:pull', standing({ role: 'maintainer' }), 'p/app')).toBe(false)
    }
  })

  test('an action * in a token is none', () => {
    expect(can(withToken(ada, ['*']), 'repository:pull', standing({ role: 'maintainer' }), 'p/app')).toBe(false)
  })

  test('a token is for repositories: it gives nothing else, to an administrator neither', () => {
    expect(can(withToken(root, ['pull', 'push', 'delete']), 'member:create', standing(), 'p/app')).toBe(false)
    expect(can(withToken(root, ['pull']), 'repository:push', standing(), 'p/app')).toBe(false)
    expect(codeOf(() => assertSystemAdministrator(withToken(root, ['pull'])))).toBe('FORBIDDEN')
  })

  test('a token from before the project was made gives nothing in it', () => {
    const project = standing({ role: 'maintainer', createdAt: 2001 })
    expect(can(withToken(ada, ['pull']), 'repository:pull', project, 'p/app')).toBe(false)
    expect(can(withToken(ada, ['pull'], 2001), 'repository:pull', project, 'p/app')).toBe(true)
    expect(
      can(
        { ...ada, access: [{ type: 'repository', name: 'p/app', actions: ['pull'] }] },
        'repository:pull',
        project,
        'p/app',
      ),
    ).toBe(false)
  })
})

describe('refusals', () => {
  test('who could get further with credentials hears UNAUTHENTICATED, who could not FORBIDDEN', () => {
    const push = (actor: Actor, project: ProjectStanding | undefined) =>
      codeOf(() => assertCan(actor, 'repository:push', project, 'p/app'))
    expect(push(anonymous, standing())).toBe('UNAUTHENTICATED')
    expect(push(withToken(anonymous, ['pull']), standing({ public: true }))).toBe('UNAUTHENTICATED')
    expect(push(ada, standing({ role: 'guest' }))).toBe('FORBIDDEN')
    expect(push(withToken(ada, ['pull']), standing({ role: 'guest' }))).toBe('FORBIDDEN')
    expect(push(withToken(ada, ['pull']), standing({ role: 'developer' }))).toBe('UNAUTHENTICATED')
    expect(push(ada, standing({ role: 'developer' }))).toBe('allowed')
  })

  test('a missing project is refused as a private one is', () => {
    const refusal = (project: ProjectStanding | undefined, actor: Actor) => {
      try {
        assertCan(actor, 'repository:pull', project, 'p/app')
      } catch (error) {
        const { code, message, detail } = error as DomainError
        return { code, message, detail }
      }
      return 'allowed'
    }
    for (const actor of [ada, anonymous, withToken(ada, ['pull']), withToken(anonymous, ['pull'])]) {
      expect(refusal(undefined, actor)).toEqual(refusal(standing(), actor))
      expect(refusal(undefined, actor)).not.toBe('allowed')
    }
  })

  test("the text is Harbor's, which users' scripts match", () => {
    expect(() => assertCan(ada, 'repository:push', standing(), 'p/app')).toThrow(
      'unauthorized to access repository: p/app, action: push: unauthorized to access repository: p/app, action: push',
    )
  })

  test('what concerns a project is refused by its permission', () => {
    expect(codeOf(() => assertCanInProject(ada, 'member:create', standing({ role: 'developer' }), 'p'))).toBe(
      'FORBIDDEN',
    )
    expect(codeOf(() => assertCanInProject(anonymous, 'project:delete', undefined, 'p'))).toBe('UNAUTHENTICATED')
    expect(codeOf(() => assertSystemAdministrator(ada))).toBe('FORBIDDEN')
    expect(codeOf(() => assertSystemAdministrator(anonymous))).toBe('UNAUTHENTICATED')
    expect(codeOf(() => assertSystemAdministrator(root))).toBe('allowed')
  })
})
