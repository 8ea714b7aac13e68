import { expect, test } from 'bun:test'
import { pbkdf2Sync } from 'node:crypto'
import { describeEachDatabase } from '#server-test/databases.ts'
import { TestClock } from '#server-test/registry-for-test.ts'
import { formatHarborHash } from './harbor-hash.ts'
import { Passwords } from './passwords.ts'
import { SignIn } from './sign-in.ts'
import { Users } from '../accounts/users.ts'
import { Events } from '../../events/events.ts'

/** As Harbor's src/common/utils/encrypt.go computes it. */
const harborHash = (password: string, salt: string, digest: string, iterations: number) =>
  pbkdf2Sync(password, salt, iterations, 16, digest).toString('hex')

const password = 'Harbor12345 大'
const salt = 'xYz0Salt0123456789abcdefghijkLMN'

test.each([
  ['sha1', 'sha1', 4_096],
  ['sha256', 'sha256', 4_096],
  ['pbkdf2_sha256', 'sha256', 600_000],
])('a password that Harbor kept by %s is verified', async (version, digest, iterations) => {
  const stored = formatHarborHash({ hash: harborHash(password, salt, digest, iterations), salt, version })!
  const passwords = new Passwords()
  expect(await passwords.verify(password, stored)).toBe(true)
  expect(await passwords.verify(`${password} `, stored)).toBe(false)
})

test('what no version of Harbor wrote is not taken', () => {
  const hash = harborHash(password, salt, 'sha256', 4_096)
  expect(formatHarborHash({ hash, salt, version: 'md5' })).toBeUndefined()
  expect(formatHarborHash({ hash, salt, version: 'toString' })).toBeUndefined()
  expect(formatHarborHash({ hash: '', salt, version: 'sha256' })).toBeUndefined()
})

describeEachDatabase('an account that moved in with its hash', (open) => {
  test('signs in with its old password, which is our own hash from then on', async () => {
    const database = await open()
    const [clock, passwords] = [new TestClock(), new Passwords()]
    const users = new Users({ database, clock, events: new Events({ clock }), passwords })
    const stored = formatHarborHash({ hash: harborHash(password, salt, 'sha256', 4_096), salt, version: 'sha256' })!
    await users.createUser({ kind: 'system', name: 'test' }, { username: 'ada' })
    await database.write((tx) => tx.updateTable('user_account').set({ password_hash: stored }).execute())
    const hashOf = async () =>
      (await database.read.selectFrom('user_account').select('password_hash').executeTakeFirstOrThrow()).password_hash
    const signIn = new SignIn({ database, clock, passwords })
    expect(await signIn.signIn({ username: 'ada', password: 'wrong' }, '192.0.2.1')).toBeUndefined()
    expect(await hashOf()).toBe(stored)
    const account = await signIn.signIn({ username: 'ada', password }, '192.0.2.1')
    expect(account?.username).toBe('ada')
    expect(await hashOf()).toStartWith('$argon2id$')
    const again = await new SignIn({ database, clock, passwords }).signIn({ username: 'ada', password }, '192.0.2.1')
    expect(again?.version).toBe(account!.version)
  })
})
