import { expect, test } from 'bun:test'
import { composeAccessForTest, password, system } from '#server-test/access.ts'
import { describeEachDatabase } from '#server-test/databases.ts'
import { secretsForTest } from '#server-test/secrets.ts'
import { findAccountByName, actorOf } from '../accounts/accounts.ts'
import { hashOfSession, Sessions } from '../credentials/sessions.ts'
import { PersonalTokens } from '../tokens/personal-tokens.ts'
import { SecondFactorProofs, type SecondFactorRule } from './second-factor-proofs.ts'
import { SecondFactors } from './second-factors.ts'
import { totpCode } from './totp.ts'

const issuer = 'reg.example.com'
const stepMs = 30_000

describeEachDatabase('a second factor', (open) => {
  async function compose({ rule = 'off' }: { rule?: SecondFactorRule } = {}) {
    const access = composeAccessForTest(await open())
    const { database, clock, events, users } = access
    const secrets = secretsForTest(database)
    const proofs = new SecondFactorProofs({ database, clock, events, secrets, required: async () => rule })
    const factors = new SecondFactors({ database, clock, events, secrets, proofs })
    const sessions = new Sessions({ database, clock, events, lifetimeMs: async () => 86_400_000 })
    await users.createUser(system, { username: 'ada', password })
    const account = async (username = 'ada') => {
      const found = await findAccountByName(database.read, username)
      if (found === undefined) throw new Error('ada is gone')
      return found.account
    }
    const codeNow = (secret: string) => totpCode(secret, Math.floor(clock.now() / stepMs))
    const enrol = async () => {
      const { secret } = await factors.beginEnrolment(await account(), issuer)
      const made = await factors.confirmEnrolment(await account(), codeNow(secret))
      if (made === undefined) throw new Error('the code was wrong')
      return { secret, ...made }
    }
    return { ...access, proofs, factors, sessions, account, codeNow, enrol }
  }

  test('counts from the first right code on, and not before', async () => {
    const { factors, proofs, account, codeNow } = await compose()
    const { secret } = await factors.beginEnrolment(await account(), issuer)
    expect(await proofs.demandOn(await account())).toBe('nothing')
    expect(await proofs.prove(await account(), codeNow(secret))).toBe(false)
    expect(await factors.confirmEnrolment(await account(), '000000')).toBeUndefined()
    expect(await proofs.demandOn(await account())).toBe('nothing')
    expect(await factors.confirmEnrolment(await account(), codeNow(secret))).toBeDefined()
    expect(await proofs.demandOn(await account())).toBe('code')
  })

  test('takes a code once, also when it comes twice at the same time', async () => {
    const { enrol, proofs, account, codeNow, clock } = await compose()
    const { secret } = await enrol()
    const ada = await account()
    expect(await proofs.prove(ada, codeNow(secret))).toBe(false)
    clock.advance(stepMs)
    const both = await Promise.all([1, 2].map(async () => await proofs.prove(ada, codeNow(secret))))
    expect(both.toSorted()).toEqual([false, true])
  })

  test('is replaced by a recovery code once', async () => {
    const { enrol, proofs, account, factors } = await compose()
    const { recoveryCodes } = await enrol()
    const ada = await account()
    expect(await proofs.prove(ada, recoveryCodes[3]!.toLowerCase())).toBe(true)
    expect(await proofs.prove(ada, recoveryCodes[3]!)).toBe(false)
    expect(await factors.getOwn(actorOf(ada))).toMatchObject({ recoveryCodesLeft: 9 })
  })

  test('that was begun by somebody else meanwhile is not the one that counts', async () => {
    const { factors, account, codeNow } = await compose()
    const seen = await factors.beginEnrolment(await account(), issuer)
    const own = await factors.beginEnrolment(await account(), issuer)
    expect(await factors.confirmEnrolment(await account(), codeNow(seen.secret))).toBeUndefined()
    expect(await factors.confirmEnrolment(await account(), codeNow(own.secret))).toBeDefined()
    await expect(factors.beginEnrolment(await account(), issuer)).rejects.toMatchObject({ code: 'PRECONDITION' })
  })

  test('lies sealed in the database, and recovery codes as hashes', async () => {
    const { enrol, database } = await compose()
    const { secret, recoveryCodes } = await enrol()
    const rows = JSON.stringify([
      await database.read.selectFrom('second_factor').selectAll().execute(),
      await database.read.selectFrom('recovery_code').selectAll().execute(),
      await database.read.selectFrom('event').selectAll().execute(),
    ])
    for (const word of [secret, ...recoveryCodes]) expect(rows).not.toContain(word)
  })

  test('takes no code for a while after ten wrong ones, and recovery codes all the same', async () => {
    const { enrol, proofs, account, codeNow, clock } = await compose()
    const { secret, recoveryCodes } = await enrol()
    const ada = await account()
    clock.advance(stepMs)
    const wrong = codeNow(secret) === '123456' ? '654321' : '123456'
    for (let tried = 0; tried < 10; tried++) expect(await proofs.prove(ada, wrong)).toBe(false)
    await expect(proofs.prove(ada, codeNow(secret))).rejects.toMatchObject({ code: 'TOO_MANY_REQUESTS' })
    expect(await proofs.prove(ada, recoveryCodes[0]!)).toBe(true)
    clock.advance(15 * 60_000)
    expect(await proofs.prove(ada, codeNow(secret))).toBe(true)
  })

  test('ends the other sessions when it comes and when it goes, and leaves the one that asks', async () => {
    const { factors, sessions, account, codeNow, clock } = await compose()
    const [here, there] = [await sessions.startSession(await account()), await sessions.startSession(await account())]
    const session = hashOfSession(here)
    const { secret } = await factors.beginEnrolment(await account(), issuer)
    await factors.confirmEnrolment(await account(), codeNow(secret), session)
    expect(await sessions.findSession(here, { prolong: false })).toMatchObject({ username: 'ada', secondFactor: true })
    expect(await sessions.findSession(there, { prolong: false })).toBeUndefined()
    clock.advance(stepMs)
    const third = await sessions.startSession(await account())
    await factors.removeOwn({ ...actorOf(await account()), session }, codeNow(secret))
    expect(await sessions.findSession(here, { prolong: false })).toMatchObject({ secondFactor: false })
    expect(await sessions.findSession(third, { prolong: false })).toBeUndefined()
  })

  test('is asked of administrators, or of everyone, and never of who signs in at a provider', async () => {
    const rules: readonly SecondFactorRule[] = ['off', 'administrators', 'everyone']
    const demands = async (who: { admin: boolean; provedElsewhere: boolean }) => {
      const all: string[] = []
      for (const rule of rules) {
        const { proofs } = await compose({ rule })
        all.push(await proofs.demandOn({ ...who, secondFactor: false }))
      }
      return all
    }
    expect(await demands({ admin: false, provedElsewhere: false })).toEqual(['nothing', 'nothing', 'enrolment'])
    expect(await demands({ admin: true, provedElsewhere: false })).toEqual(['nothing', 'enrolment', 'enrolment'])
    expect(await demands({ admin: true, provedElsewhere: true })).toEqual(['nothing', 'nothing', 'nothing'])
  })

  test('of somebody else is taken away by an administrator alone, and one’s own is not', async () => {
    const { enrol, users, factors, account, proofs } = await compose()
    await enrol()
    await users.createUser(system, { username: 'wei', password })
    await users.createUser(system, { username: 'root2', password, admin: true })
    const [ada, wei, root] = [await account(), await account('wei'), await account('root2')]
    await expect(factors.reset(actorOf(wei), ada.id)).rejects.toMatchObject({ code: 'FORBIDDEN' })
    await expect(factors.reset(actorOf(root), root.id)).rejects.toMatchObject({ reason: 'OWN_ACCOUNT' })
    await factors.reset(actorOf(root), ada.id)
    expect(await proofs.demandOn(await account())).toBe('nothing')
    expect((await account()).version).toBeGreaterThan(ada.version)
  })

  test('is not confirmed for an account that was changed since its password was shown', async () => {
    const { factors, users, account, codeNow } = await compose()
    const before = await account()
    const { secret } = await factors.beginEnrolment(before, issuer)
    await users.setPassword(system, 'ada', 'Another-Horse-2')
    await expect(factors.confirmEnrolment(before, codeNow(secret))).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
  })

  test('is shown again before an act that outlives the session, once the last time is a while ago', async () => {
    const { enrol, users, factors, sessions, account, database, clock, events } = await compose()
    const tokens = new PersonalTokens({ database, clock, events })
    const actor = async (token: string) => ({ ...actorOf(await account()), session: hashOfSession(token) })
    const make = async (token: string, name: string) =>
      await tokens.createToken(await actor(token), {
        ...{ name, description: '', projectIds: undefined, permissions: ['repository:pull'], lifetimeDays: 1 },
      })
    await make(await sessions.startSession(await account()), 'without one nothing is asked')
    const { recoveryCodes: codes } = await enrol()
    const here = await sessions.startSession(await account(), { proved: true })
    await make(here, 'fresh')
    clock.advance(15 * 60_000)
    const again = { reason: 'STEP_UP_REQUIRED' }
    await expect(make(here, 'late')).rejects.toMatchObject(again)
    await expect(users.setPassword(await actor(here), 'ada', 'Another-Horse-2')).rejects.toMatchObject(again)
    await factors.proveSession(await actor(here), codes[0]!)
    await make(here, 'proved')
    const other = await sessions.startSession(await account())
    await expect(make(other, 'of another session')).rejects.toMatchObject(again)
  })
})
