import { secretsForTest } from '#server-test/secrets.ts'
import { expect, test } from 'bun:test'
import { composeAccessForTest, ManualClock, system } from '../../../test/access.ts'
import { describeEachDatabase } from '../../../test/databases.ts'
import type { RegistryAddress } from './probe-registry.ts'
import type { Actor } from '../access/actor.ts'
import { rightsOf } from '../access/robots/robot-rights.ts'
import { DomainError } from '../errors.ts'
import type { RegistryFields } from './check-registry.ts'
import { Registries } from './registries.ts'
import { Events } from '../events/events.ts'

const codeOf = async (work: Promise<unknown>): Promise<string | undefined> =>
  await work.then(
    () => undefined,
    (error: unknown) => (error instanceof DomainError ? error.code : String(error)),
  )

const fields: RegistryFields = {
  name: 'upstream',
  type: 'harbor',
  url: 'https://registry.example.org/',
  description: '',
  insecure: false,
  authority: undefined,
  credentialType: '',
  accessKey: 'ada',
  accessSecret: 'A-Secret-1',
}

describeEachDatabase('remote registries', (open) => {
  async function compose() {
    const database = await open()
    const probed: RegistryAddress[] = []
    let problem: string | undefined
    let meanwhile: () => Promise<void> = async () => {}
    const registries = new Registries({
      database,
      clock: new ManualClock(),
      events: new Events({ clock: new ManualClock() }),
      secrets: secretsForTest(database),
      probe: async (remote) => {
        probed.push(remote)
        await meanwhile()
        return problem
      },
    })
    const breakDown = (why: string | undefined) => (problem = why)
    return { database, registries, probed, breakDown, duringProbe: (work: typeof meanwhile) => (meanwhile = work) }
  }

  test('is tried with its credential before it is taken', async () => {
    const { registries, probed, breakDown } = await compose()
    const id = await registries.createRegistry(system, fields)
    expect(probed).toEqual([
      {
        url: 'https://registry.example.org',
        credential: { accessKey: 'ada', accessSecret: 'A-Secret-1' },
        insecure: false,
        tokenHosts: [],
        authority: undefined,
      },
    ])
    expect(await registries.getRegistry(system, id)).toMatchObject({ status: 'healthy', credentialType: 'basic' })
    breakDown('no answer')
    expect(await codeOf(registries.createRegistry(system, { ...fields, name: 'other' }))).toBe('BAD_REQUEST')
    expect(await codeOf(registries.updateRegistry(system, id, { description: 'x' }))).toBe('BAD_REQUEST')
    expect((await registries.pageRegistries(system, { limit: 9, offset: 0 })).total).toBe(1)
  })

  test('is not taken from who lost the right while it was tried', async () => {
    const { database, registries, duringProbe } = await compose()
    const { users } = composeAccessForTest(database)
    const { id: keeper } = await users.createUser(system, { username: 'keeper', admin: true })
    const ada: Actor = { kind: 'user', id: keeper, username: 'keeper', admin: true }
    await users.createUser(system, { username: 'other', admin: true })
    const known = await registries.createRegistry(system, fields)
    duringProbe(() => users.setAdmin(system, 'keeper', false))
    expect(await codeOf(registries.createRegistry(ada, { ...fields, name: 'late' }))).toBe('FORBIDDEN')
    expect(await codeOf(registries.updateRegistry(ada, known, { description: 'late' }))).toBe('FORBIDDEN')
    duringProbe(() => users.deleteUser(system, 'keeper'))
    expect(await codeOf(registries.createRegistry(ada, { ...fields, name: 'later' }))).toBe('UNAUTHENTICATED')
    expect((await registries.pageRegistries(system, { limit: 9, offset: 0 })).rows).toMatchObject([{ description: '' }])
  })

  test('nobody reads its secret, and no event holds it', async () => {
    const { registries, database } = await compose()
    const id = await registries.createRegistry(system, fields)
    const events = await database.read.selectFrom('event').selectAll().execute()
    const seen = JSON.stringify([await registries.getRegistry(system, id), events])
    expect(seen).toContain('upstream')
    expect(seen).not.toContain('A-Secret-1')
  })

  test('a secret goes to no other place than the one it was given for', async () => {
    const { registries, probed } = await compose()
    const id = await registries.createRegistry(system, fields)
    for (const change of [
      { url: 'https://evil.example.net' },
      { url: 'http://registry.example.org' },
      { insecure: true },
    ]) {
      expect(await codeOf(registries.updateRegistry(system, id, change))).toBe('BAD_REQUEST')
      expect(await codeOf(registries.pingRegistry(system, id, change))).toBe('BAD_REQUEST')
    }
    expect(probed).toHaveLength(1)
    await registries.updateRegistry(system, id, { url: 'https://new.example.org', accessSecret: 'B-Secret-2' })
    expect(probed[1]).toMatchObject({ url: 'https://new.example.org', credential: { accessSecret: 'B-Secret-2' } })
  })

  test.each([
    ['no name', { name: '' }],
    ['a type that is not known', { type: 'constructor' }],
    ['another protocol', { url: 'file:///etc/passwd' }],
    ['a url with a password', { url: 'https://ada:secret@registry.example.org' }],
    ['no url', { url: '' }],
  ] as [string, Partial<RegistryFields>][])('is refused with %s', async (_, change) => {
    const { registries, probed } = await compose()
    expect(await codeOf(registries.createRegistry(system, { ...fields, ...change }))).toBe('BAD_REQUEST')
    expect(probed).toEqual([])
  })

  test('a name is taken once', async () => {
    const { registries } = await compose()
    await registries.createRegistry(system, fields)
    expect(await codeOf(registries.createRegistry(system, fields))).toBe('CONFLICT')
    const id = await registries.createRegistry(system, { ...fields, name: 'other' })
    expect(await codeOf(registries.updateRegistry(system, id, { name: 'upstream' }))).toBe('CONFLICT')
  })

  test('a ping of a known one remembers how it is, and one of an unknown one remembers nothing', async () => {
    const { registries, breakDown } = await compose()
    const id = await registries.createRegistry(system, fields)
    breakDown('no answer')
    expect(await codeOf(registries.pingRegistry(system, id, {}))).toBe('BAD_REQUEST')
    expect((await registries.getRegistry(system, id)).status).toBe('unhealthy')
    breakDown(undefined)
    expect(await codeOf(registries.pingRegistry(system, id, {}))).toBeUndefined()
    expect((await registries.getRegistry(system, id)).status).toBe('healthy')
    await registries.pingRegistry(system, undefined, { type: 'harbor', url: 'registry.example.org' })
    expect(await codeOf(registries.pingRegistry(system, 999, {}))).toBe('REGISTRY_UNKNOWN')
    expect((await registries.pageRegistries(system, { limit: 9, offset: 0 })).total).toBe(1)
  })

  test('what happens to it leaves an event', async () => {
    const { registries, database } = await compose()
    const id = await registries.createRegistry(system, fields)
    await registries.updateRegistry(system, id, { description: 'x' })
    await registries.deleteRegistry(system, id)
    expect(await codeOf(registries.deleteRegistry(system, id))).toBe('REGISTRY_UNKNOWN')
    const events = await database.read.selectFrom('event').select(['type', 'resource']).orderBy('id').execute()
    expect(events.map(({ type, resource }) => `${type} ${resource}`)).toEqual([
      'create_registry upstream',
      'update_registry upstream',
      'delete_registry upstream',
    ])
  })

  test('is for system administrators, and for robots as far as their permissions go', async () => {
    const { registries } = await compose()
    const id = await registries.createRegistry(system, fields)
    const user: Actor = { kind: 'user', id: 1, username: 'ada', admin: false }
    const robot: Actor = {
      kind: 'robot',
      id: 1,
      username: 'robot$ci',
      rights: rightsOf([{ scope: 'system', access: ['registry:read'] }]),
    }
    const doors = (actor: Actor) => [
      registries.createRegistry(actor, { ...fields, name: 'x' }),
      registries.updateRegistry(actor, id, { description: 'x' }),
      registries.deleteRegistry(actor, id),
      registries.pageRegistries(actor, { limit: 1, offset: 0 }),
      registries.getRegistry(actor, id),
      registries.pingRegistry(actor, id, {}),
    ]
    expect(await Promise.all(doors(user).map(codeOf))).toEqual(Array<string>(6).fill('FORBIDDEN'))
    expect(await Promise.all(doors({ kind: 'anonymous' }).map(codeOf))).toEqual(
      Array<string>(6).fill('UNAUTHENTICATED'),
    )
    expect(await Promise.all(doors(robot).map(codeOf))).toEqual([
      ...Array<string>(4).fill('FORBIDDEN'),
      undefined,
      undefined,
    ])
  })
})
