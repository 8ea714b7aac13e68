import { expect, test } from 'bun:test'
import { composeAccessForTest, password, system } from '#server-test/access.ts'
import { describeEachDatabase } from '#server-test/databases.ts'
import { secretsForTest } from '#server-test/secrets.ts'
import { SoftwareAuthenticator } from '#server-test/software-authenticator.ts'
import { actorOf, findAccountByName } from '../accounts/accounts.ts'
import { PasskeyChallenges } from './passkey-challenges.ts'
import { Passkeys, type Question } from './passkeys.ts'
import { resetSecondFactor } from './second-factor-changes.ts'
import { SecondFactorProofs } from './second-factor-proofs.ts'
import { SecondFactors } from './second-factors.ts'
import { totpCode } from './totp.ts'

const origin = 'https://registry.example.com:8443'
const party = { origin }
const refused = { code: 'BAD_REQUEST' }

const challengeOf = ({ options }: Question) => (options as { challenge: string }).challenge

describeEachDatabase('a passkey', (open) => {
  async function compose() {
    const access = composeAccessForTest(await open())
    const { database, clock, events, users, keys } = access
    const secrets = secretsForTest(database)
    const proofs = new SecondFactorProofs({ database, clock, events, secrets, required: async () => 'off' })
    const factors = new SecondFactors({ database, clock, events, secrets, proofs })
    const challenges = new PasskeyChallenges({ keys, clock })
    const passkeys = new Passkeys({ database, clock, events, challenges, assertAdmitted: async () => {} })
    const account = async (username: string) => (await findAccountByName(database.read, username))!.account
    const newPerson = async (username: string) => {
      await users.createUser(system, { username, password })
      const { secret } = await factors.beginEnrolment(await account(username), 'reg')
      const code = totpCode(secret, Math.floor(clock.now() / 30_000))
      await factors.confirmEnrolment(await account(username), code)
      return actorOf(await account(username))
    }
    const ada = await newPerson('ada')
    const authenticator = new SoftwareAuthenticator()
    const enrol = async (as = ada, key = authenticator) => {
      const question = await passkeys.beginRegistration(as, party)
      const answer = key.register({ origin, challenge: challengeOf(question) })
      return await passkeys.register(as, { name: 'laptop', state: question.state, answer }, party)
    }
    return { ...access, passkeys, authenticator, ada, newPerson, enrol, account }
  }

  test('signs its owner in, and every answer counts once', async () => {
    const { passkeys, authenticator, enrol } = await compose()
    await enrol()
    const question = await passkeys.beginSignIn(party)
    const answer = authenticator.signIn({ origin, challenge: challengeOf(question) })
    expect(await passkeys.signIn({ state: question.state, answer }, party)).toMatchObject({ username: 'ada' })
    await expect(passkeys.signIn({ state: question.state, answer }, party)).rejects.toMatchObject(refused)
  })

  test('does not answer for another page, another host, another question, without a finger, or too late', async () => {
    const { passkeys, authenticator, enrol, clock } = await compose()
    await enrol()
    const attempt = async (change: object, { late = 0, state }: { late?: number; state?: string } = {}) => {
      const question = await passkeys.beginSignIn(party)
      const answer = authenticator.signIn({ origin, challenge: challengeOf(question), ...change })
      clock.advance(late)
      await expect(passkeys.signIn({ state: state ?? question.state, answer }, party)).rejects.toMatchObject(refused)
    }
    await attempt({ origin: 'https://registry.example.com.evil.example:8443', rpId: 'registry.example.com' })
    await attempt({ rpId: 'evil.example' })
    await attempt({ challenge: Buffer.alloc(32).toString('base64url') })
    await attempt({ unverified: true })
    await attempt({}, { late: 400_000 })
    await attempt({}, { state: (await passkeys.beginSignIn(party)).state })
    await attempt({}, { state: 'none' })
    const elsewhere = { origin: 'https://other.example.com' }
    const question = await passkeys.beginSignIn(elsewhere)
    const answer = authenticator.signIn({ ...elsewhere, challenge: challengeOf(question) })
    await expect(passkeys.signIn({ state: question.state, answer }, elsewhere)).rejects.toMatchObject(refused)
  })

  test('a question to sign in is none to register, and one for somebody is none for somebody else', async () => {
    const { passkeys, authenticator, ada, newPerson } = await compose()
    const wei = await newPerson('wei')
    const register = async (question: Question, as = ada) => {
      const answer = authenticator.register({ origin, challenge: challengeOf(question) })
      return await passkeys.register(as, { name: 'x', state: question.state, answer }, party)
    }
    await expect(register(await passkeys.beginSignIn(party))).rejects.toMatchObject(refused)
    await expect(register(await passkeys.beginRegistration(wei, party))).rejects.toMatchObject(refused)
    await register(await passkeys.beginRegistration(ada, party))
    await expect(register(await passkeys.beginRegistration(wei, party), wei)).rejects.toMatchObject({
      code: 'CONFLICT',
    })
  })

  test('with a statement that nobody asked for is refused before its certificates lead anywhere', async () => {
    const { passkeys, authenticator, ada } = await compose()
    let asked = 0
    await using server = Bun.serve({ port: 0, fetch: () => (asked++, new Response('')) })
    const question = await passkeys.beginRegistration(ada, party)
    const answer = authenticator.register(
      { origin, challenge: challengeOf(question) },
      {
        format: 'packed',
        statement: {
          alg: -7,
          sig: new Uint8Array(70),
          x5c: [new Uint8Array(8), new TextEncoder().encode(server.url.href)],
        },
      },
    )
    await expect(passkeys.register(ada, { name: 'x', state: question.state, answer }, party)).rejects.toMatchObject(
      refused,
    )
    expect(asked).toBe(0)
  })

  test('goes with the second factor, and with the account', async () => {
    const { passkeys, authenticator, enrol, database, clock, events, account } = await compose()
    await enrol()
    await resetSecondFactor({ database, clock, events }, system, (await account('ada')).id)
    const question = await passkeys.beginSignIn(party)
    const answer = authenticator.signIn({ origin, challenge: challengeOf(question) })
    await expect(passkeys.signIn({ state: question.state, answer }, party)).rejects.toMatchObject(refused)
    expect(await passkeys.listOwn(actorOf(await account('ada')))).toEqual([])
  })

  test('signs nobody in who is disabled', async () => {
    const { passkeys, authenticator, enrol, users } = await compose()
    await enrol()
    await users.disableUser(system, 'ada')
    const question = await passkeys.beginSignIn(party)
    const answer = authenticator.signIn({ origin, challenge: challengeOf(question) })
    await expect(passkeys.signIn({ state: question.state, answer }, party)).rejects.toMatchObject(refused)
  })

  test('needs codes of an app first, which are the way back', async () => {
    const { passkeys, users, account } = await compose()
    await users.createUser(system, { username: 'bo', password })
    await expect(passkeys.beginRegistration(actorOf(await account('bo')), party)).rejects.toMatchObject({
      code: 'PRECONDITION',
    })
  })
})
