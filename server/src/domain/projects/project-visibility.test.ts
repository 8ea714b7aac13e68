import { expect, test } from 'bun:test'
import { composeAccessForTest, system } from '../../../test/access.ts'
import { describeEachDatabase } from '../../../test/databases.ts'
import type { Actor } from '../access/actor.ts'
import { setGroupsOf } from '../access/accounts/user-groups.ts'
import { can } from '../access/roles/authorise.ts'
import { allPermissions, type Permission, type RoleName } from '../access/roles/permissions.ts'
import { Roles } from '../access/roles/roles.ts'
import { rightsOf, type Grant } from '../access/robots/robot-rights.ts'
import { findProjectAccess } from './project-access.ts'
import { listProjectDetails } from './project-list.ts'
import { visibleTo } from './project-visibility.ts'

const projectNames = ['open', 'own', 'of-a-group', 'foreign'] as const
const everything = { limit: 100, offset: 0 }

describeEachDatabase('the projects that lists show', (open) => {
  async function compose() {
    const access = composeAccessForTest(await open())
    const ids = new Map<string, number>()
    for (const name of projectNames) {
      const { id } = await access.projects.createProject(system, { name, public: name === 'open' })
      ids.set(name, id)
    }
    const account = async (username: string, admin = false) => {
      const { id } = await access.users.createUser(system, { username })
      return { kind: 'user', id, username, admin } as const
    }
    const robot = (grants: readonly Grant[]): Actor => ({
      kind: 'robot',
      id: 1,
      username: 'robot$r',
      rights: rightsOf(grants),
    })
    const member = async (username: string, role: RoleName | number) => {
      const actor = await account(username)
      await access.members.addMember(system, 'own', username, role)
      return actor
    }
    const roles = new Roles({ database: access.database, clock: access.clock, events: access.events })
    const composed = (name: string, permissions: readonly Permission[]) =>
      roles.createRole(system, { name, description: '', permissions })
    return { ...access, ids, account, member, robot, composed }
  }

  type Composed = Awaited<ReturnType<typeof compose>>

  async function actorsOf({ database, clock, events, members, ids, account, member, robot, composed }: Composed) {
    const inGroup = await account('in-a-group')
    await database.write(async (tx) => {
      await setGroupsOf(tx, { clock, events }, system, inGroup.id, [{ kind: 'oidc', name: 'team', externalId: 'team' }])
    })
    const group = await database.read.selectFrom('user_group').select('id').executeTakeFirstOrThrow()
    await members.addMember(system, 'of-a-group', { groupId: group.id }, await composed('of-team', ['project:read']))
    const limited = (actor: Actor & { kind: 'user' }, permissions: readonly string[], names?: readonly string[]) => ({
      ...actor,
      limits: {
        tokenId: 1,
        permissions: new Set(permissions),
        projectIds: names === undefined ? undefined : new Set(names.map((name) => ids.get(name)!)),
      },
    })
    const owner = await member('owner', 'projectAdmin')
    const admin = await account('root', true)
    return new Map<string, Actor>([
      ['nobody', { kind: 'anonymous' }],
      ['a stranger', await account('stranger')],
      ['the owner', owner],
      ['a limited guest', await member('guest', 'limitedGuest')],
      ['a labeller', await member('labeller', await composed('labeller', ['label:read']))],
      ['one in a group', inGroup],
      ['an administrator', admin],
      ['a token for quotas', limited(owner, ['quota:read'])],
      ['a token for one project', limited(owner, ['project:read', 'repository:list'], ['own'])],
      ['a token for the project of others', limited(owner, ['project:read'], ['foreign'])],
      ['a token for nothing', limited(owner, ['project:read'], [])],
      ["an administrator's token", limited(admin, ['repository:list'])],
      ['a robot for labels everywhere', robot([{ scope: 'every-project', access: ['label:read'] }])],
      ['a robot for one project', robot([{ scope: ids.get('own')!, access: ['repository:list', 'tag:list'] }])],
      ['a robot of the registry', robot([{ scope: 'system', access: ['quota:list'] }])],
    ])
  }

  test('are those in which each may do what the list is about, for everybody and every permission', async () => {
    const composed = await compose()
    const { database } = composed
    let shown = 0
    for (const [name, actor] of await actorsOf(composed)) {
      const standings = await Promise.all(projectNames.map((project) => findProjectAccess(database, actor, project)))
      for (const permission of allPermissions) {
        const rows = await database.read
          .selectFrom('project')
          .select('project.name')
          .where(visibleTo(actor, permission))
          .execute()
        const allowed = projectNames.filter((_, index) => can(actor, permission, standings[index]))
        expect([name, permission, rows.map((row) => row.name).toSorted()]).toEqual([
          name,
          permission,
          allowed.toSorted(),
        ])
        shown += rows.length
      }
    }
    expect(shown).toBeGreaterThan(100)
  }, 60_000)

  test('are all for a robot that was given the list of projects', async () => {
    const { database, robot } = await compose()
    const lister = robot([{ scope: 'system', access: ['project:list'] }])
    expect((await listProjectDetails(database, lister, {}, everything)).total).toBe(projectNames.length)
    const other = robot([{ scope: 'system', access: ['label:read'] }])
    expect((await listProjectDetails(database, other, {}, everything)).rows.map(({ name }) => name)).toEqual(['open'])
  })
})
