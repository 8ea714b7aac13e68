import type { Database } from '../../database/database.ts'
import type { Clock } from '../clock.ts'
import { findAccountByName, type Account, type AccountWithPassword } from './accounts.ts'
import { CredentialCache } from './credential-cache.ts'
import { LoginBrake } from './login-brake.ts'
import type { Passwords } from './passwords.ts'

/** Longer is no password of ours and is not worth hashing. */
const maxPasswordLength = 1_024
const maxUsernameLength = 255

// They belong to no username, and PostgreSQL would fail on some.
// oxlint-disable-next-line no-control-regex
const controlCharacters = /[\u0000-\u001f]/

export interface SignInOptions {
  readonly database: Database
  readonly clock: Clock
  readonly passwords: Passwords
}

/** Turns a username and a password into an account. */
export class SignIn {
  readonly #database: Database
  readonly #passwords: Passwords
  readonly #cache: CredentialCache
  readonly #brake: LoginBrake
  /** One verification for clients that come with the same password many times at once, as docker does. */
  readonly #underWay = new Map<string, Promise<boolean>>()

  constructor({ database, clock, passwords }: SignInOptions) {
    this.#database = database
    this.#passwords = passwords
    this.#cache = new CredentialCache(clock)
    this.#brake = new LoginBrake(clock)
  }

  /**
   * The account, or undefined when the username, the password or the account's state is wrong: which of them,
   * neither the answer nor its time says.
   * @throws DomainError TOO_MANY_REQUESTS after too many failures, or when too many logins wait
   */
  async signIn(
    credentials: { username: string; password: string },
    clientAddress: string,
  ): Promise<Account | undefined> {
    const { username, password } = credentials
    if (
      username.length > maxUsernameLength ||
      password.length > maxPasswordLength ||
      controlCharacters.test(username)
    ) {
      return undefined
    }
    const found = await findAccountByName(this.#database.read, username)
    const account = found?.account
    const key = this.#cache.keyOf(username, password)
    // Not a guess any more, so the brake has no say: a user is not locked out by others behind the same address.
    if (account !== undefined && !account.disabled && this.#cache.isVerified(key, account)) return account
    // By version too: a password that was changed meanwhile must not be answered by the old one's verification.
    const flight = `${key} ${account?.version ?? ''} ${clientAddress}`
    let verification = this.#underWay.get(flight)
    if (verification === undefined) {
      verification = this.#verify(found, credentials, clientAddress).finally(() => this.#underWay.delete(flight))
      this.#underWay.set(flight, verification)
    }
    if (!(await verification) || account === undefined) return undefined
    this.#cache.remember(key, account)
    return account
  }

  async #verify(
    found: AccountWithPassword | undefined,
    { username, password }: { username: string; password: string },
    clientAddress: string,
  ): Promise<boolean> {
    const attempt = this.#brake.begin(clientAddress, username)
    let verified: boolean
    try {
      const right = await this.#passwords.verify(password, found?.passwordHash ?? null)
      verified = right && found?.account.disabled === false
    } catch (error) {
      attempt.abandoned()
      throw error
    }
    if (verified) attempt.succeeded()
    else attempt.failed()
    return verified
  }
}
