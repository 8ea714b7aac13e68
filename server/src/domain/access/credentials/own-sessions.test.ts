import { expect, test } from 'bun:test'
import { composeAccessForTest, password, system } from '../../../../test/access.ts'
import { describeEachDatabase } from '../../../../test/databases.ts'
import type { Account } from '../accounts/accounts.ts'
import { OwnSessions } from './own-sessions.ts'
import { Passwords } from './passwords.ts'
import { Sessions } from './sessions.ts'
import { SignIn } from './sign-in.ts'
import { Events } from '../../events/events.ts'

const lifetimeMs = 3_600_000

describeEachDatabase('sessions of a person', (open) => {
  async function compose() {
    const access = composeAccessForTest(await open())
    const { database, clock } = access
    const signIn = new SignIn({ database, clock, passwords: new Passwords() })
    const account = async (username: string): Promise<Account> => {
      await access.users.createUser(system, { username, password })
      const found = await signIn.signIn({ username, password }, '203.0.113.7')
      if (found === undefined) throw new Error(`${username} cannot sign in`)
      return found
    }
    const actor = ({ id, username }: Account) => ({ kind: 'user', id, username, admin: false }) as const
    const sessions = new Sessions({
      database,
      clock,
      events: new Events({ clock }),
      lifetimeMs: async () => lifetimeMs,
    })
    return {
      ...access,
      sessions,
      own: new OwnSessions({ database, clock, events: new Events({ clock }) }),
      account,
      actor,
    }
  }

  test('are listed for them alone, and none of their ids is the token or its hash', async () => {
    const { sessions, own, account, actor, database } = await compose()
    const [ada, wei] = [await account('ada'), await account('wei')]
    const token = await sessions.startSession(ada)
    await sessions.startSession(ada)
    await sessions.startSession(wei)
    const listed = await own.listSessions(actor(ada), token)
    expect(listed.length).toBe(2)
    expect(listed.filter(({ current }) => current).length).toBe(1)
    const hashes = (await database.read.selectFrom('session').select('id_hash').execute()).map((row) => row.id_hash)
    for (const { id } of listed) expect([token, ...hashes].some((kept) => kept.includes(id))).toBe(false)
  })

  test('one that is ended is found no more, and the others are', async () => {
    const { sessions, own, account, actor } = await compose()
    const ada = await account('ada')
    const [here, there] = [await sessions.startSession(ada), await sessions.startSession(ada)]
    const other = (await own.listSessions(actor(ada), here)).find(({ current }) => !current)
    await own.endSession(actor(ada), other!.id)
    expect(await sessions.findSession(there, { prolong: false })).toBeUndefined()
    expect(await sessions.findSession(here, { prolong: false })).toMatchObject({ username: 'ada' })
  })

  test('of somebody else cannot be ended', async () => {
    const { sessions, own, account, actor } = await compose()
    const [ada, wei] = [await account('ada'), await account('wei')]
    const token = await sessions.startSession(ada)
    const [session] = await own.listSessions(actor(ada), token)
    await own.endSession(actor(wei), session!.id)
    expect(await sessions.findSession(token, { prolong: false })).toMatchObject({ username: 'ada' })
  })

  test('that expired are not listed', async () => {
    const { sessions, own, account, actor, clock } = await compose()
    const ada = await account('ada')
    await sessions.startSession(ada)
    clock.advance(lifetimeMs)
    expect(await own.listSessions(actor(ada), undefined)).toEqual([])
  })

  test('are refused to tokens of the person', async () => {
    const { own, account, actor } = await compose()
    const ada = actor(await account('ada'))
    const limits = { tokenId: 1, projectIds: undefined, permissions: new Set<string>() }
    await expect(own.listSessions({ ...ada, limits }, undefined)).rejects.toMatchObject({ code: 'FORBIDDEN' })
    await expect(own.endSession({ ...ada, access: [] }, 'any')).rejects.toMatchObject({ code: 'FORBIDDEN' })
  })
})
