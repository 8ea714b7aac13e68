import { expect, test } from 'bun:test'
import type { KyselyPlugin } from 'kysely'
import { composeAccessForTest, system } from '../../../test/access.ts'
import { describeEachDatabase } from '../../../test/databases.ts'
import type { Actor } from '../access/actor.ts'
import { rolePermissions, type RoleName } from '../access/roles/permissions.ts'
import { findProjectAccess } from './project-access.ts'
import { listProjectDetails } from './project-list.ts'

const anonymous: Actor = { kind: 'anonymous' }

async function codeOf(work: Promise<unknown>): Promise<string> {
  return await work.then(
    () => 'done',
    (error: { code: string }) => error.code,
  )
}

describeEachDatabase('projects', (open) => {
  async function compose() {
    const access = composeAccessForTest(await open())
    const userActor = async (username: string): Promise<Extract<Actor, { kind: 'user' }>> => {
      const { id } = await access.users.createUser(system, { username })
      return { kind: 'user', id, username, admin: false }
    }
    const events = async () => {
      const rows = await access.database.read
        .selectFrom('event')
        .select(['type', 'resource', 'project_id', 'payload'])
        .orderBy('id')
        .execute()
      return rows.map(({ payload, ...row }) => ({ ...row, ...(JSON.parse(payload) as object) }))
    }
    return { ...access, userActor, events }
  }

  test('who creates a project is its admin', async () => {
    const { projects, userActor, database } = await compose()
    const ada = await userActor('ada')
    const project = await projects.createProject(ada, { name: 'p', public: false })
    expect(project).toMatchObject({ name: 'p', public: false, ownerId: ada.id })
    expect(await findProjectAccess(database, ada, 'p')).toEqual({
      project: { id: project.id, name: 'p', public: false, createdAt: project.createdAt, registryId: undefined },
      roleIds: [1],
      granted: rolePermissions.projectAdmin,
    })
    expect((await findProjectAccess(database, anonymous, 'p'))?.roleIds).toEqual([])
    expect(await findProjectAccess(database, ada, 'q')).toBeUndefined()
  })

  test('a named owner is the admin; only an administrator may name somebody else', async () => {
    const { projects, userActor, database } = await compose()
    const ada = await userActor('ada')
    await userActor('bob')
    await projects.createProject(system, { name: 'p', public: false, owner: 'ada' })
    expect((await findProjectAccess(database, ada, 'p'))?.roleIds).toEqual([1])
    expect(await codeOf(projects.createProject(ada, { name: 'q', public: false, owner: 'bob' }))).toBe('FORBIDDEN')
    expect(await codeOf(projects.createProject(system, { name: 'q', public: false, owner: 'eve' }))).toBe(
      'USER_UNKNOWN',
    )
    expect(await projects.findProject(system, 'q')).toBeUndefined()
  })

  test('nobody creates a project without an account or by access token', async () => {
    const { projects, userActor } = await compose()
    const ada = await userActor('ada')
    expect(await codeOf(projects.createProject(anonymous, { name: 'p', public: true }))).toBe('UNAUTHENTICATED')
    const byToken: Actor = { ...ada, access: [], tokenIssuedAt: 0 }
    expect(await codeOf(projects.createProject(byToken, { name: 'p', public: true }))).toBe('FORBIDDEN')
  })

  test('a name is taken once, also when many take it at the same time', async () => {
    const { projects, events } = await compose()
    const outcomes = await Promise.all(
      Array.from({ length: 8 }, () => codeOf(projects.createProject(system, { name: 'p', public: false }))),
    )
    expect(outcomes.filter((outcome) => outcome === 'done').length).toBe(1)
    expect(outcomes.filter((outcome) => outcome === 'CONFLICT').length).toBe(7)
    expect((await events()).length).toBe(1)
  })

  test.each(['', 'P', 'a/b', 'a b', '../x', '-a', 'a'.repeat(256)])('the name %j is refused', async (name) => {
    const { projects } = await compose()
    expect(await codeOf(projects.createProject(system, { name, public: false }))).toBe('NAME_INVALID')
  })

  test('private projects are seen by members and administrators only, found and listed', async () => {
    const { projects, members, userActor } = await compose()
    const ada = await userActor('ada')
    const bob = await userActor('bob')
    await projects.createProject(system, { name: 'hidden', public: false })
    await projects.createProject(system, { name: 'open', public: true })
    await members.addMember(system, 'hidden', 'ada', 'limitedGuest')
    const seen = async (actor: Actor) =>
      (await projects.listProjects(actor, { limit: 10 })).projects.map(({ name }) => name)
    expect(await seen(ada)).toEqual(['hidden', 'open'])
    expect(await seen(bob)).toEqual(['open'])
    expect(await seen(anonymous)).toEqual(['open'])
    expect(await seen(system)).toEqual(['hidden', 'open'])
    expect(await projects.findProject(ada, 'hidden')).toBeDefined()
    expect(await projects.findProject(bob, 'hidden')).toBeUndefined()
    expect(await projects.findProject(anonymous, 'open')).toBeDefined()
  })

  test('lists are filtered before they are cut into pages', async () => {
    const { projects } = await compose()
    for (const name of ['a', 'b', 'c', 'd', 'e']) await projects.createProject(system, { name, public: name > 'c' })
    const first = await projects.listProjects(anonymous, { limit: 1 })
    expect([first.projects.map(({ name }) => name), first.next]).toEqual([['d'], 'd'])
    const second = await projects.listProjects(anonymous, { after: first.next, limit: 1 })
    expect([second.projects.map(({ name }) => name), second.next]).toEqual([['e'], undefined])
  })

  const managers: [RoleName, string][] = [
    ['projectAdmin', 'done'],
    ['maintainer', 'FORBIDDEN'],
    ['developer', 'FORBIDDEN'],
    ['guest', 'FORBIDDEN'],
    ['limitedGuest', 'FORBIDDEN'],
  ]
  test.each(managers)('a %s who changes the project or its members: %s', async (role, outcome) => {
    const { projects, members, userActor } = await compose()
    const ada = await userActor('ada')
    await userActor('bob')
    await projects.createProject(system, { name: 'p', public: false })
    await members.addMember(system, 'p', 'ada', role)
    expect(await codeOf(projects.setPublic(ada, 'p', true))).toBe(outcome)
    await members.removeMember(system, 'p', 'bob').catch(() => undefined)
    expect(await codeOf(members.addMember(ada, 'p', 'bob', 'guest'))).toBe(outcome)
    await members.addMember(system, 'p', 'bob', 'guest').catch(() => undefined)
    expect(await codeOf(members.setMemberRole(ada, 'p', 'bob', 'developer'))).toBe(outcome)
    expect(await codeOf(members.removeMember(ada, 'p', 'bob'))).toBe(outcome)
    expect(await codeOf(projects.deleteProject(ada, 'p'))).toBe(outcome)
  })

  test('who may not see a project cannot tell it from a missing one', async () => {
    const { projects, members, userActor } = await compose()
    const bob = await userActor('bob')
    await projects.createProject(system, { name: 'hidden', public: false })
    const refusals = async (name: string) => {
      const attempts: Promise<unknown>[] = [
        projects.setPublic(bob, name, true),
        projects.deleteProject(bob, name),
        members.addMember(bob, name, 'bob', 'projectAdmin'),
        members.listMembers(bob, name, { limit: 1 }),
      ]
      return (await Promise.allSettled(attempts)).map((attempt) =>
        attempt.status === 'fulfilled' ? 'done' : String(attempt.reason).replaceAll(name, 'NAME'),
      )
    }
    expect(await refusals('hidden')).toEqual(await refusals('missing'))
    expect(await refusals('hidden')).not.toContain('done')
    expect(await codeOf(projects.deleteProject(system, 'missing'))).toBe('PROJECT_UNKNOWN')
  })

  test('a repository into which nothing was pushed to the end does not keep its project', async () => {
    const { projects, database } = await compose()
    const { id } = await projects.createProject(system, { name: 'p', public: false })
    const upload = { actor: 'a', offset: 0, algorithm: 'sha256', created_at: 1, expires_at: 1 } as const
    await database.write(async (tx) => {
      const repository = await tx
        .insertInto('repository')
        .values({ project_id: id, name: 'p/app', description: '', created_at: 1, updated_at: 1 })
        .returning('id')
        .executeTakeFirstOrThrow()
      await tx
        .insertInto('upload')
        .values({ id: 'u', repository_id: repository.id, ...upload })
        .execute()
    })
    // Its row alone knows which bytes are to be forgotten.
    expect(await codeOf(projects.deleteProject(system, 'p'))).toBe('PRECONDITION')
    await database.write(async (tx) => void (await tx.deleteFrom('upload').execute()))
    await projects.deleteProject(system, 'p')
    expect(await database.read.selectFrom('repository').selectAll().execute()).toEqual([])
  })

  test('a project with repositories stays', async () => {
    const { projects, database, events } = await compose()
    const { id } = await projects.createProject(system, { name: 'p', public: false })
    await database.write(async (tx) => {
      const repository = await tx
        .insertInto('repository')
        .values({ project_id: id, name: 'p/app', description: '', created_at: 1, updated_at: 1 })
        .returning('id')
        .executeTakeFirstOrThrow()
      const types = { media_type: 'm', artifact_type: '', subject_digest: null, annotations: null }
      const facts = { digest: 'sha256:1', manifest_size: 1, size: 1, pushed_at: 1, pulled_at: null }
      await tx
        .insertInto('artifact')
        .values({ repository_id: repository.id, ...types, ...facts })
        .execute()
    })
    expect(await codeOf(projects.deleteProject(system, 'p'))).toBe('PRECONDITION')
    expect((await events()).map(({ type }) => type)).toEqual(['create_project'])
    await database.write(async (tx) => {
      await tx.deleteFrom('repository').execute()
    })
    await projects.deleteProject(system, 'p')
    expect(await projects.findProject(system, 'p')).toBeUndefined()
  })

  test('a deleted project takes its members along', async () => {
    const { projects, members, userActor, database } = await compose()
    await userActor('ada')
    await projects.createProject(system, { name: 'p', public: false })
    await members.addMember(system, 'p', 'ada', 'guest')
    await projects.deleteProject(system, 'p')
    expect(await database.read.selectFrom('project_member').selectAll().execute()).toEqual([])
  })

  test('the default project is made once and left as it is', async () => {
    const { projects, users, events } = await compose()
    await users.ensureAdministrator('x')
    await Promise.all(Array.from({ length: 4 }, () => projects.ensureDefaultProject('library', true)))
    await projects.setPublic(system, 'library', false)
    await projects.ensureDefaultProject('library', true)
    expect(await projects.findProject(system, 'library')).toMatchObject({
      public: false,
      ownerId: (await users.getUser('admin')).id,
    })
    expect((await events()).filter(({ type }) => type === 'create_project').length).toBe(1)
  })

  test('every change is announced with the project it belongs to', async () => {
    const { projects, members, userActor, events } = await compose()
    const ada = await userActor('ada')
    const { id } = await projects.createProject(system, { name: 'p', public: false })
    await projects.setPublic(system, 'p', true)
    await projects.setPublic(system, 'p', true)
    await members.addMember(system, 'p', 'ada', 'guest')
    await members.setMemberRole(system, 'p', 'ada', 'maintainer')
    await members.removeMember(system, 'p', 'ada')
    await projects.deleteProject(system, 'p')
    expect((await events()).slice(1)).toMatchObject([
      { type: 'create_project', resource: 'p', project_id: id, public: false },
      { type: 'update_project', resource: 'p', project_id: id, public: true },
      { type: 'create_member', resource: 'p/ada', project_id: id, userId: ada.id, role: 'guest' },
      { type: 'update_member', resource: 'p/ada', project_id: id, role: 'maintainer' },
      { type: 'delete_member', resource: 'p/ada', project_id: id },
      { type: 'delete_project', resource: 'p', project_id: id },
    ])
  })

  test('a member is added once, and only an existing one is changed or removed', async () => {
    const { projects, members, userActor } = await compose()
    await userActor('ada')
    await projects.createProject(system, { name: 'p', public: false })
    expect(await codeOf(members.setMemberRole(system, 'p', 'ada', 'guest'))).toBe('MEMBER_UNKNOWN')
    expect(await codeOf(members.removeMember(system, 'p', 'ada'))).toBe('MEMBER_UNKNOWN')
    expect(await codeOf(members.addMember(system, 'p', 'eve', 'guest'))).toBe('USER_UNKNOWN')
    expect(await codeOf(members.addMember(system, 'p', 'ada', 'guest'))).toBe('done')
    expect(await codeOf(members.addMember(system, 'p', 'ada', 'maintainer'))).toBe('CONFLICT')
    expect((await members.listMembers(system, 'p', { limit: 10 })).members).toMatchObject([
      { name: 'ada', roleName: 'guest' },
    ])
  })

  test('a page of projects takes the same number of queries however many are on it, for members of groups too', async () => {
    const { projects, userActor, database } = await compose()
    const ada = await userActor('ada')
    let queries = 0
    const plugin: KyselyPlugin = {
      transformQuery: ({ node }) => {
        queries += 1
        return node
      },
      transformResult: async ({ result }) => result,
    }
    const counted = { read: database.read.withPlugin(plugin) }
    const queriesFor = async () => {
      queries = 0
      const { rows } = await listProjectDetails(counted, ada, {}, { limit: 100, offset: 0 })
      return { queries, rows: rows.length }
    }
    await projects.createProject(ada, { name: 'p0', public: false })
    const forOne = await queriesFor()
    for (let at = 1; at < 30; at++) await projects.createProject(ada, { name: `p${at}`, public: false })
    expect(await queriesFor()).toEqual({ queries: forOne.queries, rows: 30 })
  })
})
