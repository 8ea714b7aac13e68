import { secretsForTest } from '#server-test/secrets.ts'
import { expect, test } from 'bun:test'
import { composeAccessForTest, system } from '../../../test/access.ts'
import { describeEachDatabase } from '../../../test/databases.ts'
import { Passwords } from '../access/credentials/passwords.ts'
import { DomainError } from '../errors.ts'
import { CliSecrets } from './cli-secrets.ts'
import { ExternalAccounts, type ExternalPerson } from './external-accounts.ts'
import type { Oidc, OidcPerson } from './oidc.ts'
import { Events } from '../events/events.ts'

/** The provider's answer: a person, a refusal, or no answer. */
class ProviderForTest {
  says: ExternalPerson | DomainError
  asked: string[] = []

  constructor(person: ExternalPerson) {
    this.says = person
  }

  async refresh(refreshToken: string, subject: string): Promise<OidcPerson> {
    this.asked.push(`${refreshToken} ${subject}`)
    if (this.says instanceof DomainError) throw this.says
    return { person: this.says, issuer: 'https://login.test', refreshToken: 'rotated', expiresAt: 0 }
  }
}

const refused = { account: undefined, hashed: false }

describeEachDatabase('CLI secrets', (open) => {
  const person: ExternalPerson = {
    source: 'oidc',
    externalId: 'https://login.test 7',
    username: 'ada',
    email: 'ada@example.org',
    realName: 'Ada',
    groups: [{ kind: 'oidc', name: 'team', externalId: 'team' }],
    admin: false,
  }

  async function compose({ refreshToken }: { refreshToken: string | undefined }) {
    const { database, clock } = composeAccessForTest(await open())
    const provider = new ProviderForTest(person)
    const accounts = new ExternalAccounts({ database, clock, events: new Events({ clock }) })
    const oidc = provider as unknown as Oidc
    const secrets = new CliSecrets({
      database,
      clock,
      events: new Events({ clock }),
      secrets: secretsForTest(database),
      passwords: new Passwords(),
      oidc,
      accounts,
    })
    const account = (await accounts.recogniseAccount(person, { onboard: true }))!
    const expiresAt = clock.now() + 10 * 60_000
    await secrets.rememberLogin(account, { person, issuer: 'https://login.test', refreshToken, expiresAt })
    const secret = await secrets.setSecret(system, account)
    const groups = async () =>
      (await database.read.selectFrom('user_group_member').select('user_id').execute()).map((row) => row.user_id)
    return { database, clock, provider, secrets, account, secret, groups }
  }

  test('within a minute after the provider vouched, it is not asked again; a wrong secret never reaches it', async () => {
    const { provider, secrets, account, secret, clock } = await compose({ refreshToken: 'r' })
    expect(await secrets.verifySecret(account, secret)).toEqual({ account, hashed: false })
    clock.advance(61_000)
    expect(await secrets.verifySecret(account, `${secret}x`)).toEqual(refused)
    expect(provider.asked).toEqual([])
    expect(await secrets.verifySecret(account, secret)).toEqual({ account, hashed: false })
    expect(provider.asked).toEqual(['r 7'])
    clock.advance(61_000)
    await secrets.verifySecret(account, secret)
    expect(provider.asked).toEqual(['r 7', 'rotated 7'])
  })

  test('a group that the provider does not name any more is gone with the next login', async () => {
    const { provider, secrets, account, secret, clock, groups } = await compose({ refreshToken: 'r' })
    expect(await groups()).toEqual([account.id])
    provider.says = { ...person, groups: [] }
    clock.advance(61_000)
    await secrets.verifySecret(account, secret)
    expect(await groups()).toEqual([])
  })

  test('when the provider refuses, the secret is refused; when it is away, nobody is told that they are wrong', async () => {
    const { provider, secrets, account, secret, clock } = await compose({ refreshToken: 'r' })
    clock.advance(61_000)
    provider.says = new DomainError('FORBIDDEN', 'invalid_grant')
    expect(await secrets.verifySecret(account, secret)).toEqual(refused)
    provider.says = new DomainError('UNAVAILABLE', 'away')
    expect(secrets.verifySecret(account, secret)).rejects.toThrow('away')
  })

  test('where the provider gives no way to ask again, the secret ends with the ID token', async () => {
    const { secrets, account, secret, clock } = await compose({ refreshToken: undefined })
    clock.advance(9 * 60_000)
    expect(await secrets.verifySecret(account, secret)).toEqual({ account, hashed: false })
    clock.advance(61_000)
    expect(await secrets.verifySecret(account, secret)).toEqual(refused)
  })

  test('an account of another person at the provider is not taken for this one', async () => {
    const { provider, secrets, account, secret, clock } = await compose({ refreshToken: 'r' })
    provider.says = { ...person, externalId: 'https://login.test 8' }
    clock.advance(61_000)
    expect(await secrets.verifySecret(account, secret)).toEqual(refused)
  })
})
