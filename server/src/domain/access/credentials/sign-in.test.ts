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
