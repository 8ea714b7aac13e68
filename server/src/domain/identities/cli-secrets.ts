import type { Database, Reader } from '../../database/database.ts'
import type { Account } from '../access/accounts/accounts.ts'
import type { Actor } from '../access/actor.ts'
import type { ExternalVerdict } from '../access/credentials/sign-in.ts'
import { currentActor } from '../access/current-actor.ts'
import type { Passwords } from '../access/credentials/passwords.ts'
import {
  assertSecretStrong,
  hashRobotSecret,
  isFastHash,
  newRobotSecret,
  verifyRobotSecret,
} from '../access/robots/robot-secret.ts'
import { isSelf } from '../access/accounts/user-profiles.ts'
import { assertMayRuleDuty } from '../access/accounts/account-rules.ts'
import { assertSystemAdministrator } from '../access/roles/authorise.ts'
import type { Clock } from '../clock.ts'
import { DomainError } from '../errors.ts'
import type { Events } from '../events/events.ts'
import { placeIn, sealedColumn } from '../secrets/sealed-column.ts'
import type { Secrets } from '../secrets/secrets.ts'
import type { ExternalAccounts } from './external-accounts.ts'
import type { Oidc, OidcPerson } from './oidc.ts'

/** Within this time the provider's word is good for another login by secret. */
const askAgainMs = 60_000

export const refreshTokenSecrets = sealedColumn({
  ...{ table: 'oidc_session', column: 'refresh_token', key: 'user_id' },
  holds: 'tokens by which an OIDC provider is asked again for people',
  givenUp: 'emptied',
})

export interface CliSecretsOptions {
  readonly database: Database
  readonly clock: Clock
  readonly events: Events
  readonly secrets: Secrets
  readonly passwords: Passwords
  readonly oidc: Oidc
  readonly accounts: ExternalAccounts
}

/**
 * Secrets that stand for the password of people who sign in at an OIDC provider, for docker and its like. As in Harbor
 * they live as long as the provider vouches: it is asked again at a login. A personal token does not depend on it.
 */
export class CliSecrets {
  readonly #database: Database
  readonly #clock: Clock
  readonly #events: Events
  readonly #secrets: Secrets
  readonly #passwords: Passwords
  readonly #oidc: Oidc
  readonly #accounts: ExternalAccounts

  constructor({ database, clock, events, secrets, passwords, oidc, accounts }: CliSecretsOptions) {
    this.#database = database
    this.#clock = clock
    this.#events = events
    this.#secrets = secrets
    this.#passwords = passwords
    this.#oidc = oidc
    this.#accounts = accounts
  }

  /** Stores the tokens of a login at the provider, in the place of those of an earlier login. */
  async rememberLogin(account: Account, { issuer, refreshToken, expiresAt }: OidcPerson): Promise<void> {
    await this.#database.write(async (tx) => {
      const sealed = await this.#secrets.seal(tx, placeIn(refreshTokenSecrets, account.id), refreshToken ?? '')
      const values = {
        issuer,
        refresh_token: sealed === '' ? null : sealed,
        valid_until: this.#validUntil(refreshToken, expiresAt),
      }
      await tx
        .insertInto('oidc_session')
        .values({ user_id: account.id, cli_secret_hash: null, ...values })
        .onConflict((conflict) => conflict.column('user_id').doUpdateSet(values))
        .execute()
    })
  }

  /**
   * Sets the secret, or makes a new one when none is given. Returns it, once.
   * @throws DomainError BAD_REQUEST (weak), PRECONDITION (no account of an OIDC provider), FORBIDDEN
   */
  async setSecret(
    actor: Actor,
    user: { readonly id: number; readonly username: string },
    secret = '',
  ): Promise<string> {
    const assertMay = (asker: Actor) => {
      if (!isSelf(asker, user.id)) assertSystemAdministrator(asker)
    }
    assertMay(actor)
    if (secret !== '') assertSecretStrong(secret)
    const given = secret === '' ? newRobotSecret() : secret
    const hash = secret === '' ? hashRobotSecret(given) : await this.#passwords.hash(given)
    await this.#database.write(async (tx) => {
      const asker = await currentActor(tx, actor, this.#clock.now())
      assertMay(asker)
      if (!isSelf(asker, user.id)) await assertNoDuty(tx, asker, user)
      const updated = await tx
        .updateTable('oidc_session')
        .set({ cli_secret_hash: hash })
        .where('user_id', '=', user.id)
        .executeTakeFirst()
      if (updated.numUpdatedRows === 0n)
        throw new DomainError(
          'PRECONDITION',
          `unable to update CLI secret: ${user.username} has never signed in by OIDC`,
        )
      const { id: userId, username } = user
      await this.#events.record(tx, actor, { type: 'update_user', userId, username, change: 'cli-secret' })
    })
    return given
  }

  /**
   * The account as the provider describes it now, when it is its secret and the provider still vouches; and whether the
   * secret was compared by a slow hash.
   * @throws DomainError UNAVAILABLE when the provider cannot be asked
   */
  async verifySecret(account: Account, secret: string): Promise<ExternalVerdict> {
    const row = await this.#findSession(account.id)
    if (row === undefined || row.cli_secret_hash === null || row.external_id === null)
      return { account: undefined, hashed: false }
    const hashed = !isFastHash(row.cli_secret_hash)
    if (!(await verifyRobotSecret(secret, row.cli_secret_hash, this.#passwords))) return { account: undefined, hashed }
    if (this.#clock.now() < row.valid_until) return { account, hashed }
    const refreshToken = await this.#openToken(account.id, row.refresh_token)
    if (refreshToken === '') return { account: undefined, hashed }
    const subject = row.external_id.slice(row.external_id.indexOf(' ') + 1)
    return { account: await this.#askAgain(account, refreshToken, subject), hashed }
  }

  async #findSession(userId: number) {
    return await this.#database.read
      .selectFrom('oidc_session')
      .innerJoin('user_account', 'user_account.id', 'oidc_session.user_id')
      .select(['cli_secret_hash', 'refresh_token', 'valid_until', 'user_account.external_id'])
      .where('user_id', '=', userId)
      .executeTakeFirst()
  }

  async #openToken(userId: number, sealed: string | null): Promise<string> {
    return await this.#secrets.open(this.#database.read, placeIn(refreshTokenSecrets, userId), sealed ?? '')
  }

  async #askAgain(account: Account, refreshToken: string, subject: string): Promise<Account | undefined> {
    let answer: OidcPerson
    try {
      answer = await this.#oidc.refresh(refreshToken, subject)
    } catch (error) {
      if (error instanceof DomainError && error.code === 'FORBIDDEN') return undefined
      throw error
    }
    const recognised = await this.#accounts.recogniseAccount(answer.person, { onboard: false })
    if (recognised?.id !== account.id) return undefined
    await this.rememberLogin(recognised, answer)
    return recognised
  }

  /** With a refresh token the provider is asked again soon. Without one, the ID token stands until it expires. */
  #validUntil(refreshToken: string | undefined, expiresAt: number): number {
    return refreshToken === undefined ? expiresAt : this.#clock.now() + askAgainMs
  }
}

async function assertNoDuty(reader: Reader, asker: Actor, { id, username }: { id: number; username: string }) {
  const row = await reader.selectFrom('user_account').select('duty').where('id', '=', id).executeTakeFirst()
  assertMayRuleDuty(asker, { username, duty: row?.duty ?? undefined })
}
