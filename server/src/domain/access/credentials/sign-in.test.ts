import { describe, expect, test } from 'bun:test'
import { composeAccessForTest, ManualClock, password, system } from '../../../../test/access.ts'
import { describeEachDatabase } from '../../../../test/databases.ts'
import type { DomainError } from '../../errors.ts'
import { CredentialCache } from './credential-cache.ts'
import { Passwords } from './passwords.ts'
import { SignIn } from './sign-in.ts'

const here = '203.0.113.7'
const credentials = { username: 'ada', password }

/** Counts what reaches the hash function. */
class CountingPasswords extends Passwords {
  verified = 0
  override async verify(secret: string, phc: string | null): Promise<boolean> {
    this.verified += 1
    return await super.verify(secret, phc)
  }
}

describeEachDatabase('signing in', (open) => {
  async function compose() {
    const access = composeAccessForTest(await open())
    await access.users.createUser(system, { username: 'ada', password })
    const passwords = new CountingPasswords()
    const { database, clock } = access
    return { ...access, passwords, signIn: new SignIn({ database, clock, passwords }) }
  }

  test('a verified password is not hashed again for five minutes', async () => {
    const { signIn, passwords, clock } = await compose()
    for (let round = 0; round < 5; round += 1)
      expect(await signIn.signIn(credentials, here)).toMatchObject({ username: 'ada' })
    expect(passwords.verified).toBe(1)
    clock.advance(5 * 60_000)
    await signIn.signIn(credentials, here)
    expect(passwords.verified).toBe(2)
  })

  test('many clients with the same password at once cost one hash', async () => {
    const { signIn, passwords } = await compose()
    const accounts = await Promise.all(Array.from({ length: 50 }, () => signIn.signIn(credentials, here)))
    expect(accounts.every((account) => account?.username === 'ada')).toBe(true)
    expect(passwords.verified).toBe(1)
  })

  test('a wrong password is never cached as right', async () => {
    const { signIn } = await compose()
    await signIn.signIn(credentials, here)
    expect(await signIn.signIn({ username: 'ada', password: 'wrong' }, here)).toBeUndefined()
    expect(await signIn.signIn({ username: 'ad', password: `a${password}` }, here)).toBeUndefined()
  })

  test('whatever is wrong with a login costs one hash: its time tells nothing', async () => {
    const { signIn, passwords, users } = await compose()
    await users.createUser(system, { username: 'machine' })
    await users.createUser(system, { username: 'gone', password })
    await users.disableUser(system, 'gone')
    const failing = [
      { username: 'eve', password },
      { username: 'ada', password: 'wrong' },
      { username: 'ada', password: '' },
      { username: 'machine', password },
      { username: 'gone', password },
      { username: 'gone', password: 'wrong' },
    ]
    for (const [at, attempt] of failing.entries()) {
      expect(await signIn.signIn(attempt, here)).toBeUndefined()
      expect({ attempt, hashes: passwords.verified }).toEqual({ attempt, hashes: at + 1 })
    }
  })

  test('an account without a password opens to none', async () => {
    const { signIn, users } = await compose()
    await users.createUser(system, { username: 'machine' })
    for (const secret of ['', password])
      expect(await signIn.signIn({ username: 'machine', password: secret }, here)).toBeUndefined()
  })

  test('a disabled account stays out although its password is cached', async () => {
    const { signIn, users } = await compose()
    await signIn.signIn(credentials, here)
    await users.disableUser(system, 'ada')
    expect(await signIn.signIn(credentials, here)).toBeUndefined()
    await users.enableUser(system, 'ada')
    expect(await signIn.signIn(credentials, here)).toMatchObject({ username: 'ada' })
  })

  test('guessing ends in TOO_MANY_REQUESTS, for the right password too, and not for another address', async () => {
    const { signIn } = await compose()
    for (let round = 0; round < 5; round += 1)
      await signIn.signIn({ username: 'ada', password: `guess ${round}` }, here)
    const error = (await signIn.signIn(credentials, here).catch((thrown: unknown) => thrown)) as DomainError
    expect(error.code).toBe('TOO_MANY_REQUESTS')
    expect(error.retryAfterSeconds).toBe(1)
    expect(await signIn.signIn(credentials, '198.51.100.1')).toMatchObject({ username: 'ada' })
  })

  test('who signed in before is not locked out by guesses from behind the same address', async () => {
    const { signIn } = await compose()
    await signIn.signIn(credentials, here)
    for (let round = 0; round < 5; round += 1)
      await signIn.signIn({ username: 'ada', password: `guess ${round}` }, here)
    expect(await signIn.signIn(credentials, here)).toMatchObject({ username: 'ada' })
  })

  test('what is too long or cannot be a username is refused without a hash', async () => {
    const { signIn, passwords } = await compose()
    expect(await signIn.signIn({ username: 'a'.repeat(256), password }, here)).toBeUndefined()
    expect(await signIn.signIn({ username: 'ada', password: 'x'.repeat(1025) }, here)).toBeUndefined()
    expect(await signIn.signIn({ username: 'ada\u0000', password }, here)).toBeUndefined()
    expect(passwords.verified).toBe(0)
  })

  test('the account that comes back carries no hash', async () => {
    const { signIn } = await compose()
    expect(JSON.stringify(await signIn.signIn(credentials, here))).not.toContain('argon2')
  })

  const jwt = `eyJ${'a'.repeat(20)}.${'b'.repeat(20)}.${'c'.repeat(20)}`

  test('a token in the place of a robot’s secret fails alike whether the robot is there, disabled, expired or not', async () => {
    const failures: string[] = []
    const { robots, passwords, database, clock } = await compose()
    const grant = { kind: 'system', namespace: '/', access: [{ resource: 'user', action: 'list' }] }
    const robot = { description: '', projectId: undefined, durationDays: 1, disabled: false, permissions: [grant] }
    await robots.createRobot(system, { ...robot, name: 'here' })
    await robots.createRobot(system, { ...robot, name: 'stopped', disabled: true })
    clock.advance(2 * 86_400_000)
    await robots.createRobot(system, { ...robot, name: 'good' })
    const onFailure = async (username: string) => void failures.push(username)
    const signIn = new SignIn({ database, clock, passwords, onFailure })
    const names = ['robot$here', 'robot$stopped', 'robot$good', 'robot$none', 'robot$alpha+none', 'robot$', 'robot$+']
    for (const [at, username] of names.entries()) {
      const outcomes = []
      const hashes = passwords.verified
      for (let round = 0; round < 6; round += 1)
        outcomes.push(
          await signIn
            .signInAnyone({ username, password: jwt }, `198.51.100.${at}`)
            .catch((error: DomainError) => error.code),
        )
      expect({ username, outcomes }).toEqual({
        username,
        outcomes: [...Array.from({ length: 5 }, () => undefined), 'TOO_MANY_REQUESTS'],
      })
      expect({ username, hashes: passwords.verified - hashes }).toEqual({ username, hashes: 5 })
    }
    expect(failures).toEqual(names.flatMap((name) => Array.from({ length: 5 }, () => name)))
  })

  test('a token that a rule trusts is let in although others from its address failed', async () => {
    const { robots, passwords, database, clock } = await compose()
    const grant = { kind: 'system', namespace: '/', access: [{ resource: 'user', action: 'list' }] }
    const robot = { name: 'ci', description: '', projectId: undefined, durationDays: 1, disabled: false }
    await robots.createRobot(system, { ...robot, permissions: [grant] })
    const isTrustedFor = async (_: number, token: string) => token.endsWith('good')
    const signIn = new SignIn({ database, clock, passwords, isTrustedFor })
    const come = async (token: string) =>
      await signIn
        .signInAnyone({ username: 'robot$ci', password: token }, here)
        .catch((error: DomainError) => error.code)
    for (let round = 0; round < 5; round += 1) await come(jwt)
    expect(await come(jwt)).toBe('TOO_MANY_REQUESTS')
    expect(await come(`${jwt}good`)).toMatchObject({ kind: 'robot' })
  })

  test('a wrong personal token counts as a guess, whatever name comes with it', async () => {
    const { database, clock, passwords } = await compose()
    const failures: string[] = []
    const onFailure = async (username: string) => void failures.push(username)
    const signIn = new SignIn({ database, clock, passwords, onFailure, personalTokens: async () => undefined })
    const secret = `berth_pat_${'A'.repeat(43)}`
    for (const [at, username] of ['ada', 'nobody', 'robot$none'].entries()) {
      const come = () => signIn.signInAnyone({ username, password: secret }, `198.51.100.${at}`)
      for (let round = 0; round < 5; round += 1) expect(await come()).toBeUndefined()
      expect(come()).rejects.toThrow('too many failed logins')
    }
    expect(failures).toHaveLength(15)
    // A name with a line end would forge a line of the audit log.
    expect(await signIn.signInAnyone({ username: 'ada\nroot', password: secret }, '198.51.100.9')).toBeUndefined()
    expect(failures).toHaveLength(15)
  })

  test('an account for which others vouch costs one hash when it fails, as all do', async () => {
    const { database, clock, passwords } = await compose()
    const insert = {
      email: null,
      real_name: '',
      comment: '',
      password_hash: null,
      admin: 0,
      credentials_changed_at: 1,
    } as const
    for (const [username, disabled] of [
      ['olga', 0],
      ['oleg', 1],
    ] as const)
      await database.write(async (tx) => {
        const row = {
          ...insert,
          username,
          disabled,
          source: 'oidc',
          external_id: username,
          created_at: 1,
          updated_at: 1,
        } as const
        await tx.insertInto('user_account').values(row).execute()
      })
    const asked: string[] = []
    for (const hashed of [false, true]) {
      const external = async ({ username }: { username: string }) => {
        asked.push(username)
        if (hashed) await passwords.verify('x', null)
        return { account: undefined, hashed }
      }
      const signIn = new SignIn({ database, clock, passwords, external })
      for (const username of ['olga', 'oleg', 'nobody']) {
        const before = passwords.verified
        expect(await signIn.signIn({ username, password: 'Wrong12345' }, here)).toBeUndefined()
        expect({ username, hashed, hashes: passwords.verified - before }).toEqual({ username, hashed, hashes: 1 })
      }
    }
    expect(asked).toEqual(['olga', 'oleg', 'nobody', 'olga', 'oleg', 'nobody'])
  })
})

describe('the credential cache', () => {
  test('holds for one version of one account and for five minutes', () => {
    const clock = new ManualClock()
    const cache = new CredentialCache(clock)
    const key = cache.keyOf('ada', password)
    cache.remember(key, { id: 1, version: 7 })
    expect(cache.isVerified(key, { id: 1, version: 7 })).toBe(true)
    clock.advance(5 * 60_000)
    expect(cache.isVerified(key, { id: 1, version: 7 })).toBe(false)
  })

  test.each([
    ['a later version', { id: 1, version: 8 }],
    ['another account', { id: 2, version: 7 }],
  ])('forgets what was remembered when asked for %s', (_, account) => {
    const cache = new CredentialCache(new ManualClock())
    const key = cache.keyOf('ada', password)
    cache.remember(key, { id: 1, version: 7 })
    expect(cache.isVerified(key, account)).toBe(false)
    expect(cache.isVerified(key, { id: 1, version: 7 })).toBe(false)
  })

  test('has other keys in every process, and none that two credentials share', () => {
    const clock = new ManualClock()
    const cache = new CredentialCache(clock)
    expect(cache.keyOf('ada', 'x')).not.toBe(new CredentialCache(clock).keyOf('ada', 'x'))
    expect(cache.keyOf('ab', 'c')).not.toBe(cache.keyOf('a', 'bc'))
  })
})
