import { expect, test } from 'bun:test'
import { describeEachDatabase } from '#server-test/databases.ts'
import { systemClock } from '../clock.ts'
import { Events } from '../events/events.ts'
import { ExternalAccounts, type ExternalPerson } from './external-accounts.ts'

const bob: ExternalPerson = {
  source: 'ldap',
  externalId: 'uid=bob,ou=people,dc=x',
  stableId: 'entryuuid 1',
  username: 'bob',
  nameIsTheirs: true,
  email: 'bob@example.org',
  realName: 'Bob',
  groups: [],
  admin: false,
}

describeEachDatabase('people of a directory', (open) => {
  const begin = async () => {
    const database = await open()
    const clock = systemClock
    const accounts = new ExternalAccounts({ database, clock, events: new Events({ clock }) })
    const signIn = async (person: Partial<ExternalPerson> = {}) =>
      await accounts.recogniseAccount({ ...bob, ...person }, { onboard: true })
    const kept = async () =>
      await database.read.selectFrom('user_account').select(['external_id', 'stable_id']).execute()
    return { accounts, database, signIn, kept }
  }

  test('who moves to another place keeps the account, by the id that does not change', async () => {
    const { signIn, kept, accounts } = await begin()
    const first = await signIn()
    const moved = { externalId: 'uid=bob,ou=moved,dc=x' }
    expect(await accounts.isKnown({ ...bob, ...moved })).toBe(true)
    expect((await signIn(moved))?.id).toBe(first!.id)
    expect(await kept()).toEqual([{ external_id: moved.externalId, stable_id: bob.stableId! }])
  })

  test('who is renamed keeps the account, under the name that it has here', async () => {
    const { signIn } = await begin()
    const first = await signIn()
    const renamed = await signIn({ username: 'robert', externalId: 'uid=robert,ou=people,dc=x' })
    expect(renamed).toMatchObject({ id: first!.id, username: 'bob' })
  })

  test('an account without the id is found by its place, then by its username, and keeps the id from then on', async () => {
    const { signIn, kept } = await begin()
    const first = await signIn({ stableId: undefined })
    expect((await signIn({ stableId: undefined, externalId: 'uid=bob,ou=b,dc=x' }))?.id).toBe(first!.id)
    expect((await signIn({ externalId: 'uid=bob,ou=c,dc=x' }))?.id).toBe(first!.id)
    expect(await kept()).toEqual([{ external_id: 'uid=bob,ou=c,dc=x', stable_id: bob.stableId! }])
  })

  test('somebody new with the name and the place of a person who left does not get their account', async () => {
    const { signIn } = await begin()
    await signIn()
    expect(await signIn({ stableId: 'entryuuid 2' }).catch((error) => error)).toMatchObject({
      code: 'CONFLICT',
      message: expect.stringContaining('berth user relink bob'),
    })
  })

  test('a username that was made harmless takes no account over, nor does one of a provider', async () => {
    const { signIn } = await begin()
    await signIn({ stableId: undefined })
    const other = { externalId: 'uid=bob,ou=b,dc=x', stableId: undefined }
    for (const stranger of [
      { ...other, nameIsTheirs: false },
      { ...other, source: 'oidc' as const },
    ])
      expect(await signIn(stranger).catch((error) => error)).toMatchObject({ code: 'CONFLICT' })
  })

  test('a place that somebody else has now is taken from the account of who was there', async () => {
    const { signIn, kept } = await begin()
    await signIn()
    const eve = { username: 'eve', stableId: 'entryuuid 2', externalId: 'uid=eve,dc=x' }
    await signIn(eve)
    await signIn({ ...eve, externalId: bob.externalId })
    expect(await kept()).toContainEqual({ external_id: null, stable_id: bob.stableId! })
    expect((await signIn({ externalId: 'uid=bob,dc=x' }))?.username).toBe('bob')
  })
})
