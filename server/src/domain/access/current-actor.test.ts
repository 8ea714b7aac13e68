import { expect, test } from 'bun:test'
import { basic, composeAccessForTest, password, system, type AccessForTest } from '#server-test/access.ts'
import { describeEachDatabase, type OpenDatabase } from '#server-test/databases.ts'
import { DomainError } from '../errors.ts'
import { actorOf, findAccount } from './accounts/accounts.ts'
import type { Actor } from './actor.ts'
import { hashOfSession, Sessions } from './credentials/sessions.ts'
import { currentActor } from './current-actor.ts'
import { findRobotAccount, robotActor, standardRobotPrefix } from './robots/robot-accounts.ts'
import { PersonalTokens } from './tokens/personal-tokens.ts'

async function compose(open: OpenDatabase) {
  const access = composeAccessForTest(await open())
  const { id } = await access.users.createUser(system, { username: 'ada', password })
  await access.projects.createProject(system, { name: 'p', public: false })
  const account = async () => (await findAccount(access.database.read, id))!
  return { ...access, id, account, ada: actorOf(await account()) }
}

const now = async ({ database, clock }: AccessForTest, actor: Actor): Promise<Actor | string> =>
  await currentActor(database.read, actor, clock.now()).catch((error: unknown) => {
    if (error instanceof DomainError) return error.code
    throw error
  })

describeEachDatabase('an actor at this moment', (open) => {
  test('is who they were while nothing changed, and so are those without an account', async () => {
    const { ada, ...access } = await compose(open)
    for (const actor of [ada, system, { kind: 'anonymous' }, { kind: 'open' }] as const) {
      expect(await now(access, actor)).toEqual(actor)
    }
  })

  test('is what authentication says of it, whatever it came with', async () => {
    const access = await compose(open)
    const request = new Request('http://registry/v2/', { headers: { authorization: basic('ada') } })
    const { actor } = await access.authenticate(request, '192.0.2.1')
    expect(actor).toEqual(access.ada)
  })

  test('is nobody after the account was deleted, disabled, or has another password', async () => {
    const { ada, id, ...access } = await compose(open)
    await access.users.disableUser(system, 'ada')
    expect(await now(access, ada)).toBe('UNAUTHENTICATED')
    await access.users.enableUser(system, 'ada')
    const again = actorOf((await findAccount(access.database.read, id))!)
    expect(await now(access, again)).toEqual(again)
    await access.users.setPassword(system, 'ada', 'Another-Horse-2')
    expect(await now(access, again)).toBe('UNAUTHENTICATED')
    await access.users.deleteUser(system, 'ada')
    expect(await now(access, ada)).toBe('UNAUTHENTICATED')
  })

  test('is no administrator any more when they are none, whatever their version', async () => {
    const { ada, ...access } = await compose(open)
    const { version: _, ...without } = ada
    expect(await now(access, { ...without, admin: true })).toMatchObject({ admin: false })
  })

  test('has the session that it came with, or is nobody', async () => {
    const { ada, account, ...access } = await compose(open)
    const { database, clock, events } = access
    const sessions = new Sessions({ database, clock, events, lifetimeMs: async () => 60_000 })
    const token = await sessions.startSession(await account())
    const inBrowser = { ...ada, session: hashOfSession(token) }
    expect(await now(access, inBrowser)).toEqual(inBrowser)
    await sessions.endSession(token)
    expect(await now(access, inBrowser)).toBe('UNAUTHENTICATED')
    expect(await now(access, ada)).toEqual(ada)
  })

  test('has the personal token that it came with, until that is deleted or ends', async () => {
    const { ada, ...access } = await compose(open)
    const { database, clock, events } = access
    const tokens = new PersonalTokens({ database, clock, events })
    const fields = { description: '', projectIds: undefined, permissions: ['repository:push'], lifetimeDays: 1 }
    const made = await tokens.createToken(ada, { name: 'ci', ...fields })
    const { limits } = (await tokens.findBySecret(made.secret))!
    const byToken: Actor = { ...ada, limits }
    expect(await now(access, byToken)).toEqual(byToken)
    clock.advance(86_400_000)
    expect(await now(access, byToken)).toBe('UNAUTHENTICATED')
    clock.advance(-86_400_000)
    await tokens.deleteToken(ada, made.id)
    expect(await now(access, byToken)).toBe('UNAUTHENTICATED')
  })

  test('is a robot with the permissions it has by now, until it is disabled, ends, or has another secret', async () => {
    const access = await compose(open)
    const { database } = access
    const permission = (action: string) => ({ resource: 'repository', action })
    const created = await access.robots.createRobot(system, {
      name: 'ci',
      description: '',
      projectId: undefined,
      durationDays: -1,
      permissions: [{ kind: 'project', namespace: 'p', access: ['pull', 'push'].map(permission) }],
    })
    const robot = robotActor((await findRobotAccount(database.read, standardRobotPrefix, created.robot.id))!)
    expect(await now(access, robot)).toEqual(robot)
    await database.write(async (tx) => {
      await tx.updateTable('robot_permission').set({ access: '["repository:pull"]' }).execute()
    })
    const { rights } = (await now(access, robot)) as Extract<Actor, { kind: 'robot' }>
    expect([...rights.projects.values()].map((set) => [...set])).toEqual([['repository:pull']])
    await database.write(async (tx) => void (await tx.updateTable('robot').set({ disabled: 1 }).execute()))
    expect(await now(access, robot)).toBe('UNAUTHENTICATED')
    const soon = access.clock.now() + 1
    await database.write(async (tx) => {
      await tx.updateTable('robot').set({ disabled: 0, expires_at: soon }).execute()
    })
    expect(await now(access, robot)).toMatchObject({ kind: 'robot' })
    access.clock.advance(1)
    expect(await now(access, robot)).toBe('UNAUTHENTICATED')
    await database.write(async (tx) => {
      await tx
        .updateTable('robot')
        .set({ expires_at: null, credentials_changed_at: soon + 5 })
        .execute()
    })
    expect(await now(access, robot)).toBe('UNAUTHENTICATED')
    await database.write(async (tx) => void (await tx.deleteFrom('robot').execute()))
    expect(await now(access, robot)).toBe('UNAUTHENTICATED')
  })
})
