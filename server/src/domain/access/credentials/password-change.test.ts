import { expect, test } from 'bun:test'
import { composeAccessForTest, password, system } from '../../../../test/access.ts'
import { describeEachDatabase } from '../../../../test/databases.ts'
import type { DomainError } from '../../errors.ts'
import type { Actor } from '../actor.ts'
import { Passwords } from './passwords.ts'
import { changePassword } from './password-change.ts'
import { SignIn } from './sign-in.ts'

const clientAddress = '203.0.113.7'

class CountingPasswords extends Passwords {
  verified = 0
  override async verify(secret: string, phc: string | null): Promise<boolean> {
    this.verified += 1
    return await super.verify(secret, phc)
  }
}

describeEachDatabase('changing a password', (open) => {
  async function compose() {
    const { database, clock, users } = composeAccessForTest(await open())
    const ada = await users.createUser(system, { username: 'ada', password })
    const bob = await users.createUser(system, { username: 'bob', password: 'Passw0rd1' })
    const root = await users.createUser(system, { username: 'root', admin: true })
    const admin: Actor = { kind: 'user', id: root.id, username: 'root', admin: true }
    const passwords = new CountingPasswords()
    const failures: string[] = []
    const onFailure = async (username: string) => void failures.push(username)
    const signIn = new SignIn({ database, clock, passwords, onFailure })
    const change = async (actor: Actor, user: typeof ada, newPassword: string, oldPassword = '') =>
      await changePassword({ users, signIn }, actor, user, { oldPassword, newPassword, clientAddress }).then(
        () => 'changed',
        (error: DomainError) => error.code,
      )
    return { ada, bob, admin, users, passwords, failures, signIn, change }
  }

  const limits = { tokenId: 1, projectIds: undefined, permissions: new Set(['tag:list']) }

  test.each<[string, (id: number) => Actor]>([
    ['another user', (id) => ({ kind: 'user', id: id + 1, username: 'bob', admin: false })],
    ['the owner by a personal token', (id) => ({ kind: 'user', id, username: 'ada', admin: false, limits })],
    ['an administrator by a personal token', (id) => ({ kind: 'user', id, username: 'ada', admin: true, limits })],
    ['the owner by an access token', (id) => ({ kind: 'user', id, username: 'ada', admin: false, access: [] })],
    [
      'a robot that reads accounts',
      () =>
        ({
          kind: 'robot',
          id: 1,
          username: 'robot$reader',
          rights: { system: ['user:read'], everyProject: [], projects: new Map() },
        }) as unknown as Actor,
    ],
    ['nobody', () => ({ kind: 'anonymous' })],
  ])('%s hears the same for the right and for wrong passwords, and none is compared', async (_, actorOf) => {
    const { ada, passwords, change } = await compose()
    const actor = actorOf(ada.id)
    const refusal = actor.kind === 'anonymous' ? 'UNAUTHENTICATED' : 'FORBIDDEN'
    for (const guess of [password, 'Wrong12345', 'weak', '']) {
      expect(await change(actor, ada, guess)).toBe(refusal)
      expect(await change(actor, ada, guess, password)).toBe(refusal)
    }
    expect(passwords.verified).toBe(0)
  })

  test('an administrator who hits the present password is braked and recorded like any guess', async () => {
    const { bob, admin, failures, change } = await compose()
    for (let round = 0; round < 5; round += 1) expect(await change(admin, bob, 'Passw0rd1')).toBe('BAD_REQUEST')
    expect(await change(admin, bob, 'Passw0rd1')).toBe('TOO_MANY_REQUESTS')
    expect(failures).toEqual(Array.from({ length: 5 }, () => 'bob'))
  })

  test('a new password that is too weak is refused before anything is compared', async () => {
    const { bob, admin, passwords, change } = await compose()
    expect(await change(admin, bob, 'weak')).toBe('BAD_REQUEST')
    expect(passwords.verified).toBe(0)
  })

  test('wrong passwords at the login do not keep an administrator from setting a new one', async () => {
    const { bob, admin, signIn, change } = await compose()
    for (let round = 0; round < 5; round += 1)
      await signIn.signIn({ username: 'bob', password: `guess ${round}` }, clientAddress)
    expect(await change(admin, bob, 'Another12345')).toBe('changed')
  })

  test('an owner tells the old password, and may not set the same again', async () => {
    const { ada, change } = await compose()
    const owner: Actor = { kind: 'user', id: ada.id, username: 'ada', admin: false }
    expect(await change(owner, ada, 'Another12345', 'Wrong12345')).toBe('FORBIDDEN')
    expect(await change(owner, ada, password, password)).toBe('BAD_REQUEST')
    expect(await change(owner, ada, 'Another12345', password)).toBe('changed')
  })
})
