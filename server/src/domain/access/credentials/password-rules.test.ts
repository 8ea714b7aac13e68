import { expect, test } from 'bun:test'
import { composeAccessForTest, system } from '#server-test/access.ts'
import { describeEachDatabase } from '#server-test/databases.ts'
import { actorOf, findAccountByName } from '../accounts/accounts.ts'
import { Users } from '../accounts/users.ts'
import { assertPasswordYoung, standardPasswordRules, type PasswordRules } from './password-rules.ts'
import { Sessions } from './sessions.ts'

const first = 'First-Horse-1'
const dayMs = 86_400_000

describeEachDatabase('the rules of passwords', (open) => {
  async function compose(changed: Partial<PasswordRules> = {}) {
    const access = composeAccessForTest(await open())
    const { database, clock, events, passwords } = access
    const rules = async () => ({ ...standardPasswordRules, ...changed })
    const users = new Users({ database, clock, events, passwords, rules })
    await users.createUser(system, { username: 'ada', password: first })
    const account = async () => (await findAccountByName(database.read, 'ada'))!.account
    const change = async (password: string) => await users.setPassword(actorOf(await account()), 'ada', password)
    return { ...access, users, rules, account, change }
  }

  test('a short one is refused, for a new account too', async () => {
    const { users, change } = await compose({ minLength: 12 })
    const refused = { code: 'BAD_REQUEST', reason: 'PASSWORD_TOO_SHORT' }
    await expect(change('Short-One-1')).rejects.toMatchObject(refused)
    await expect(users.createUser(system, { username: 'wei', password: 'Short-One-1' })).rejects.toMatchObject(refused)
    await change('Long-Enough-12')
  })

  test('a former one is not taken again, as far back as the rule reaches', async () => {
    const { change } = await compose({ history: 2 })
    for (const next of ['Second-Horse-2', 'Third-Horse-3']) await change(next)
    const refused = { reason: 'PASSWORD_USED_BEFORE' }
    await expect(change(first)).rejects.toMatchObject(refused)
    await expect(change('Second-Horse-2')).rejects.toMatchObject(refused)
    await change('Fourth-Horse-4')
    await change(first)
  })

  test('who sets the password of somebody else is not told what it was', async () => {
    const { users, change } = await compose({ history: 5 })
    await change('Second-Horse-2')
    await users.setPassword(system, 'ada', first)
  })

  test('no more hashes are kept than the rule can ask for', async () => {
    const { users, database } = await compose()
    for (let at = 0; at < 26; at++) await users.setPassword(system, 'ada', `Horse-Number-${at}`)
    expect(await database.read.selectFrom('former_password').select('id').execute()).toHaveLength(24)
  })

  test('one is too old from its day on, and a new one is not', async () => {
    const { rules, account, change, clock } = await compose({ maxAgeDays: 90 })
    const judge = async () => await assertPasswordYoung({ clock, rules }, await account())
    clock.advance(90 * dayMs - 1)
    await judge()
    clock.advance(1)
    await expect(judge()).rejects.toMatchObject({ code: 'FORBIDDEN', reason: 'PASSWORD_EXPIRED' })
    await change('Second-Horse-2')
    await judge()
  })

  test('a browser too many ends the session that is oldest', async () => {
    const { database, clock, events, account } = await compose()
    const sessions = new Sessions({
      ...{ database, clock, events },
      lifetimeMs: async () => dayMs,
      maxPerUser: async () => 2,
    })
    const tokens: string[] = []
    for (let at = 0; at < 3; at++) {
      tokens.push(await sessions.startSession(await account()))
      clock.advance(1_000)
    }
    const found = await Promise.all(tokens.map((token) => sessions.findSession(token, { prolong: false })))
    expect(found.map((each) => each?.username)).toEqual([undefined, 'ada', 'ada'])
  })
})
