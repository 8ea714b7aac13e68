import { expect, test } from 'bun:test'
import { composeAccessForTest, password, system } from '#server-test/access.ts'
import { describeEachDatabase } from '#server-test/databases.ts'
import type { Actor } from '../access/actor.ts'
import { allPermissions, roleIds, type Permission, type RoleName } from '../access/roles/permissions.ts'
import { Roles } from '../access/roles/roles.ts'
import { DomainError } from '../errors.ts'
import type { RoleReference } from './members.ts'

const codeOf = async (work: Promise<unknown>): Promise<string | undefined> =>
  await work.then(
    () => undefined,
    (error: unknown) => (error instanceof DomainError ? error.code : String(error)),
  )

const every = [...allPermissions]

describeEachDatabase('members', (open) => {
  async function compose() {
    const access = composeAccessForTest(await open())
    const { database, clock, events, users, projects, members } = access
    const roles = new Roles({ database, clock, events })
    await projects.createProject(system, { name: 'p', public: false })
    let made = 0
    const userNamed = async (username: string): Promise<Extract<Actor, { kind: 'user' }>> => {
      const { id } = await users.createUser(system, { username })
      return { kind: 'user', id, username, admin: false }
    }
    const join = async (actor: { username: string }, role: RoleReference) =>
      await members.addMember(system, 'p', actor.username, role)
    const composed = async (...permissions: Permission[]) =>
      await roles.createRole(system, { name: `role-${made++}`, description: '', permissions })
    const roleOf = async (username: string) =>
      (await members.listMembers(system, 'p', { limit: 100 })).members.find(({ name }) => name === username)?.roleId
    return { ...access, roles, userNamed, join, composed, roleOf }
  }

  test('administrators of a project give and take every role in it', async () => {
    const { members, userNamed, join, composed, roleOf } = await compose()
    const ada = await userNamed('ada')
    await userNamed('bob')
    await join(ada, 'projectAdmin')
    const own = await composed('tag:list')
    expect(await codeOf(members.addMember(ada, 'p', 'bob', 'projectAdmin'))).toBeUndefined()
    for (const role of [...Object.keys(roleIds), own] as RoleReference[])
      expect([role, await codeOf(members.setMemberRole(ada, 'p', 'bob', role))]).toEqual([role, undefined])
    expect(await roleOf('bob')).toBe(own)
    expect(await codeOf(members.removeMember(ada, 'p', 'bob'))).toBeUndefined()
  })

  test('nobody gives a role with a permission that they do not have', async () => {
    const { members, userNamed, join, composed } = await compose()
    const managing = ['member:create', 'member:update', 'member:delete', 'project:read'] as const
    const ada = await userNamed('ada')
    await userNamed('bob')
    await join(ada, await composed(...managing))
    for (const role of Object.keys(roleIds) as RoleName[])
      expect([role, await codeOf(members.addMember(ada, 'p', 'bob', role))]).toEqual([role, 'FORBIDDEN'])
    for (const permission of every) {
      const has = (managing as readonly string[]).includes(permission)
      const role = await composed(permission)
      const answer = await codeOf(members.addMember(ada, 'p', 'bob', role))
      expect([permission, answer]).toEqual([permission, has ? undefined : 'FORBIDDEN'])
      if (has) await members.removeMember(ada, 'p', 'bob')
    }
  })

  test('nobody changes or removes a member who has more than they have', async () => {
    const { members, userNamed, join, composed, roleOf } = await compose()
    const ada = await userNamed('ada')
    const narrow = await composed('member:update', 'member:delete', 'project:read')
    await join(ada, narrow)
    const less = await composed('project:read')
    for (const role of [...Object.keys(roleIds), await composed('tag:list')] as RoleReference[]) {
      const name = `owner-${role}`
      await join(await userNamed(name), role)
      expect(await codeOf(members.setMemberRole(ada, 'p', name, less))).toBe('FORBIDDEN')
      expect(await codeOf(members.removeMember(ada, 'p', name))).toBe('FORBIDDEN')
      expect(await roleOf(name)).toBe(typeof role === 'string' ? roleIds[role as RoleName] : role)
    }
    await join(await userNamed('equal'), narrow)
    expect(await codeOf(members.setMemberRole(ada, 'p', 'equal', less))).toBeUndefined()
    expect(await codeOf(members.removeMember(ada, 'p', 'equal'))).toBeUndefined()
  })

  test('nobody raises their own membership; everybody may lower it, and leave', async () => {
    const { members, userNamed, join, composed, roleOf } = await compose()
    for (const permission of every) {
      const name = `with-${permission.replace(':', '-')}`
      const actor = await userNamed(name)
      const role = await composed('member:update', permission)
      await join(actor, role)
      for (const higher of [...Object.keys(roleIds)] as RoleName[])
        expect(await codeOf(members.setMemberRole(actor, 'p', name, higher))).toBe('FORBIDDEN')
      expect(await roleOf(name)).toBe(role)
    }
    const ada = await userNamed('ada')
    await join(ada, 'projectAdmin')
    expect(await codeOf(members.setMemberRole(ada, 'p', 'ada', 'maintainer'))).toBeUndefined()
    expect(await codeOf(members.setMemberRole(ada, 'p', 'ada', 'projectAdmin'))).toBe('FORBIDDEN')
    const leaver = await userNamed('leaver')
    await join(leaver, 'projectAdmin')
    expect(await codeOf(members.removeMember(leaver, 'p', 'leaver'))).toBeUndefined()
  })

  test('what somebody has by a group does not become their own', async () => {
    const { members, userNamed, join, database, roleOf } = await compose()
    const ada = await userNamed('ada')
    const group = { kind: 'oidc', externalId: 'owners', name: 'owners' } as const
    await members.addMember(system, 'p', { group }, 'projectAdmin')
    const { id } = await database.read.selectFrom('user_group').select('id').executeTakeFirstOrThrow()
    await database.write(async (tx) => {
      await tx.insertInto('user_group_member').values({ user_id: ada.id, group_id: id }).execute()
    })
    expect(await codeOf(members.addMember(ada, 'p', 'ada', 'guest'))).toBe('FORBIDDEN')
    await join(ada, 'guest')
    expect(await codeOf(members.setMemberRole(ada, 'p', 'ada', 'projectAdmin'))).toBe('FORBIDDEN')
    expect(await roleOf('ada')).toBe(roleIds.guest)
    await userNamed('bob')
    expect(await codeOf(members.addMember(ada, 'p', 'bob', 'projectAdmin'))).toBeUndefined()
  })

  test('a personal token gives what it names and no more, whoever its owner is', async () => {
    const { members, userNamed, join, composed, database, clock } = await compose()
    const ada = await userNamed('ada')
    await join(ada, 'projectAdmin')
    await userNamed('bob')
    for (const permission of every) {
      const permissions = new Set(['member:create', 'member:update', permission])
      const { id } = await database.write((tx) =>
        tx
          .insertInto('personal_token')
          .values({
            user_id: ada.id,
            name: permission,
            description: '',
            secret_hash: permission,
            projects: null,
            permissions: JSON.stringify([...permissions]),
            expires_at: null,
            last_used_at: null,
            created_at: clock.now(),
          })
          .returning('id')
          .executeTakeFirstOrThrow(),
      )
      const token: Actor = { ...ada, limits: { tokenId: id, projectIds: undefined, permissions } }
      for (const role of Object.keys(roleIds) as RoleName[])
        expect(await codeOf(members.addMember(token, 'p', 'bob', role))).toBe('FORBIDDEN')
      const role = await composed(permission)
      expect(await codeOf(members.addMember(token, 'p', 'bob', role))).toBeUndefined()
      await members.removeMember(system, 'p', 'bob')
    }
  })

  test('a membership that is refused leaves no group behind, whatever it is refused for', async () => {
    const { members, userNamed, join, composed, database } = await compose()
    const ada = await userNamed('ada')
    await join(ada, await composed('member:create'))
    const group = { kind: 'oidc', externalId: 'ghost', name: 'ghost' } as const
    for (const role of [999, 'guest'] as RoleReference[])
      expect(await codeOf(members.addMember(ada, 'p', { group }, role))).toBeDefined()
    expect(await codeOf(members.addMember(system, 'p', { group }, 999))).toBe('BAD_REQUEST')
    expect(await codeOf(members.addMember(system, 'nowhere', { group }, 'guest'))).toBe('PROJECT_UNKNOWN')
    expect(await database.read.selectFrom('user_group').selectAll().execute()).toEqual([])
    expect(await codeOf(members.addMember(system, 'p', { group }, 'guest'))).toBeUndefined()
    expect(await codeOf(members.addMember(system, 'p', { group }, 'guest'))).toBe('CONFLICT')
  })

  test('an id and a name of two people are refused', async () => {
    const { members, userNamed } = await compose()
    const { id: userId } = await userNamed('ada')
    const add = (username: string) => members.addMember(system, 'p', { userId, username }, 'guest')
    expect([await codeOf(add('bob')), await codeOf(add('ada'))]).toEqual(['BAD_REQUEST', undefined])
  })

  test('who makes a project public has what that gives everybody', async () => {
    const { projects, members, userNamed, join, composed } = await compose()
    const narrow = ['project:update', 'metadata:update', 'metadata:create', 'metadata:delete'] as const
    const ada = await userNamed('ada')
    await join(ada, await composed(...narrow))
    const doors = [
      () => projects.updateProject(ada, 'p', { public: true }),
      () => projects.setMetadata(ada, 'p', ['public', 'true'], true),
    ]
    for (const door of doors) expect(await codeOf(door())).toBe('FORBIDDEN')
    expect((await projects.findProject(system, 'p'))?.public).toBe(false)
    await members.setMemberRole(system, 'p', 'ada', 'projectAdmin')
    for (const door of doors) {
      expect(await codeOf(door())).toBeUndefined()
      expect((await projects.findProject(system, 'p'))?.public).toBe(true)
      await members.setMemberRole(system, 'p', 'ada', await composed(...narrow))
      expect(await codeOf(projects.updateProject(ada, 'p', { public: true }))).toBeUndefined()
      expect(await codeOf(projects.updateProject(ada, 'p', { public: false }))).toBeUndefined()
      await members.setMemberRole(system, 'p', 'ada', 'projectAdmin')
    }
  })

  test('what counts is what the actor has at the moment of the change, not when the request came', async () => {
    const { members, projects, users, userNamed, join } = await compose()
    await users.ensureAdministrator(password)
    const root = await userNamed('root')
    await users.setAdmin(system, 'root', true)
    const asAdministrator: Actor = { ...root, admin: true }
    await join(await userNamed('bob'), 'guest')
    await users.setAdmin(system, 'root', false)
    expect(await codeOf(members.setMemberRole(asAdministrator, 'p', 'bob', 'maintainer'))).toBe('FORBIDDEN')
    await join(root, 'projectAdmin')
    expect(await codeOf(members.setMemberRole(root, 'p', 'bob', 'maintainer'))).toBeUndefined()
    await users.disableUser(system, 'root')
    expect(await codeOf(members.setMemberRole(root, 'p', 'bob', 'guest'))).toBe('UNAUTHENTICATED')
    expect(await codeOf(projects.createProject(root, { name: 'late', public: false }))).toBe('UNAUTHENTICATED')
    await users.deleteUser(system, 'root')
    expect(await codeOf(members.setMemberRole(root, 'p', 'bob', 'guest'))).toBe('UNAUTHENTICATED')
  })
})
