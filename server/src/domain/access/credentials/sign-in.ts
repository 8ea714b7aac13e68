import type { Database } from '../../../database/database.ts'
import type { Clock } from '../../clock.ts'
import { DomainError } from '../../errors.ts'
import { findAccountByName, type Account, type AccountWithPassword } from '../accounts/accounts.ts'
import type { ActorLimits } from '../actor.ts'
import { CredentialCache } from './credential-cache.ts'
import { upgradeHash } from './hash-upgrade.ts'
import type { AssertAdmitted } from './known-password.ts'
import { LoginBrake, type LoginAttempt } from './login-brake.ts'
import type { Passwords } from './passwords.ts'
import { isPersonalToken } from '../tokens/personal-token-secret.ts'
import {
  findRobotByUsername,
  isRobotUsable,
  standardRobotPrefix,
  type RobotAccount,
  type RobotWithSecret,
} from '../robots/robot-accounts.ts'
import { isFastHash, verifyRobotSecret } from '../robots/robot-secret.ts'

/** Longer is no password of ours and is not worth hashing. */
const maxPasswordLength = 1_024
/** A token of another issuer, which a robot may have instead of a secret. */
const jwtPattern = /^eyJ[A-Za-z0-9_-]{10,8000}\.[A-Za-z0-9_-]{10,16000}\.[A-Za-z0-9_-]{10,8000}$/
const maxJwtLength = 16_384
const maxUsernameLength = 255

// They belong to no username, and PostgreSQL would fail on some.
// oxlint-disable-next-line no-control-regex
const controlCharacters = /[\u0000-\u001f]/

export interface SignInOptions {
  readonly database: Database
  readonly clock: Clock
  readonly passwords: Passwords
  /** What the usernames of robots begin with at this moment; Harbor's standard when left out. */
  readonly robotPrefix?: () => Promise<string>
  /** Asked about names that are unknown here and accounts for which others vouch; nobody when left out. */
  readonly external?: ExternalSignIn
  /** Finds whom a personal token stands for; nobody when left out. */
  readonly personalTokens?: FindPersonalToken
  /** Whether a token of another issuer stands for a robot's secret; none does when left out. */
  readonly isTrustedFor?: (robotId: number, token: string) => Promise<boolean>
  /** Asked about every user who proved who they are; throws what keeps them out all the same. */
  readonly assertAdmitted?: AssertAdmitted
  /** Asked about every program that comes with a user's password; throws where that is not enough. */
  readonly assertPasswordSuffices?: (account: Account) => Promise<void>
  /** Hears of every login that failed; `username` is what was claimed. Not called for what the brake holds back. */
  readonly onFailure?: (username: string, clientAddress: string) => Promise<void>
  /** Hears of every attempt that the brake holds back, with what the client is told. */
  readonly onBraked?: (username: string, clientAddress: string, message: string) => void
  /** Hears of a login that ended the failures before it. */
  readonly onForgiven?: (username: string, clientAddress: string) => void
}

/**
 * The account of who has just proved to another server who they are; undefined when they did not, or no server is
 * asked. Throws what keeps the server from being asked: then nobody is let in, and nobody is told that they are wrong.
 */
export type ExternalSignIn = (
  credentials: { username: string; password: string },
  known: AccountWithPassword | undefined,
) => Promise<ExternalVerdict>

export interface ExternalVerdict {
  readonly account: Account | undefined
  /** The answer cost a slow hash of ours, so that another would make this account slower than others. */
  readonly hashed: boolean
}

/** Whom a personal token stands for and what it narrows them to, as it is at this moment. */
export type FindPersonalToken = (
  secret: string,
) => Promise<{ readonly account: Account; readonly limits: ActorLimits } | undefined>

/** Who came with a username and a password. */
export type SignedIn =
  | { readonly kind: 'user'; readonly account: Account; readonly limits?: ActorLimits }
  | { readonly kind: 'robot'; readonly robot: RobotAccount }

/** Turns a username and a password into an account. */
export class SignIn {
  readonly #database: Database
  readonly #clock: Clock
  readonly #passwords: Passwords
  readonly #robotPrefix: () => Promise<string>
  readonly #external: ExternalSignIn | undefined
  readonly #personalTokens: FindPersonalToken | undefined
  readonly #isTrustedFor: (robotId: number, token: string) => Promise<boolean>
  readonly #assertAdmitted: AssertAdmitted
  readonly #assertPasswordSuffices: (account: Account) => Promise<void>
  readonly #onFailure: (username: string, clientAddress: string) => Promise<void>
  readonly #onForgiven: (username: string, clientAddress: string) => void
  readonly #onBraked: (username: string, clientAddress: string, message: string) => void
  readonly #cache: CredentialCache
  readonly #brake: LoginBrake
  /** One verification for clients that come with the same password many times at once, as docker does. */
  readonly #underWay = new Map<string, Promise<Account | undefined>>()

  constructor({
    database,
    clock,
    passwords,
    robotPrefix,
    external,
    personalTokens,
    isTrustedFor,
    assertAdmitted,
    assertPasswordSuffices,
    onFailure,
    onForgiven,
    onBraked,
  }: SignInOptions) {
    this.#database = database
    this.#clock = clock
    this.#passwords = passwords
    this.#robotPrefix = robotPrefix ?? (async () => standardRobotPrefix)
    this.#external = external
    this.#personalTokens = personalTokens
    this.#isTrustedFor = isTrustedFor ?? (async () => false)
    this.#assertAdmitted = assertAdmitted ?? (async () => {})
    this.#assertPasswordSuffices = assertPasswordSuffices ?? (async () => {})
    this.#onFailure = onFailure ?? (async () => {})
    this.#onForgiven = onForgiven ?? (() => {})
    this.#onBraked = onBraked ?? (() => {})
    this.#cache = new CredentialCache(clock)
    this.#brake = new LoginBrake(clock)
  }

  /**
   * The account or the robot, for the doors of programs: nobody is there who could be asked for a second factor. A username with the prefix of robots is a user's only
   * where there is no such robot. Else as `signIn`, and FORBIDDEN for who has to show more than a password.
   */
  async signInAnyone(
    credentials: { username: string; password: string },
    clientAddress: string,
  ): Promise<SignedIn | undefined> {
    if (!isPlausible(credentials)) return undefined
    if (isPersonalToken(credentials.password)) return await this.#signInByToken(credentials, clientAddress)
    const prefix = await this.#robotPrefix()
    const found = await findRobotByUsername(this.#database.read, prefix, credentials.username)
    // Robots that are not there take the path of those that are: neither answer nor time tells them apart.
    const mayBeRobot = found !== undefined || (prefix !== '' && credentials.username.startsWith(prefix))
    if (mayBeRobot && isJwt(credentials.password)) return await this.#signInByJwt(found, credentials, clientAddress)
    if (found !== undefined) {
      const robot = await this.#signInRobot(found, credentials, clientAddress)
      return robot === undefined ? undefined : { kind: 'robot', robot }
    }
    const account = await this.signIn(credentials, clientAddress)
    if (account === undefined) return undefined
    await this.#assertPasswordSuffices(account)
    return { kind: 'user', account }
  }

  /**
   * A user's account by the password alone; the caller asks for a second factor where one is due. Undefined when the username, the password or the account's state is wrong: which of them, neither the answer nor its time says.
   * @throws DomainError TOO_MANY_REQUESTS after too many failures, or when too many logins wait; FORBIDDEN for who is
   * admitted from elsewhere only
   */
  async signIn(
    credentials: { username: string; password: string },
    clientAddress: string,
  ): Promise<Account | undefined> {
    if (!isPlausible(credentials)) return undefined
    const account = await this.#verifyPassword(credentials, clientAddress)
    if (account !== undefined) await this.#assertAdmitted(account)
    return account
  }

  async #verifyPassword(
    credentials: { username: string; password: string },
    clientAddress: string,
  ): Promise<Account | undefined> {
    const { username, password } = credentials
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
    const verified = await verification
    // What another server says is not remembered: it may say something else next time.
    if (verified !== undefined && found?.source === 'local') this.#cache.remember(key, verified)
    return verified
  }

  /** Another process of this registry was guessed at. */
  failedElsewhere(username: string, clientAddress: string): void {
    this.#brake.failedElsewhere(clientAddress, username)
  }

  /** It was no guess after all. */
  succeededElsewhere(username: string, clientAddress: string): void {
    this.#brake.succeededElsewhere(clientAddress, username)
  }

  /**
   * A secret that another door found to be wrong: it counts as a guess, and has its row in the audit log.
   * @throws DomainError TOO_MANY_REQUESTS instead, while the address has to wait
   */
  async refuseGuess(username: string, clientAddress: string): Promise<void> {
    await this.#guess({ username, clientAddress }, async () => undefined)
  }

  /**
   * Whether it is the account's password, for an administrator who sets another: a hit tells them the password, so it
   * counts as a guess.
   * @throws DomainError TOO_MANY_REQUESTS
   */
  async isCurrentPassword(
    { username, password }: { username: string; password: string },
    clientAddress: string,
  ): Promise<boolean> {
    const found = await findAccountByName(this.#database.read, username)
    // A trail of its own: guesses at the login must not keep an administrator from setting a new password.
    const attempt = this.#brake.begin(clientAddress, `new password of ${username}`)
    let isHit = false
    try {
      isHit = await this.#passwords.verify(password, found?.passwordHash ?? null)
    } finally {
      if (isHit) attempt.failed()
      else attempt.abandoned()
    }
    if (isHit) await this.#onFailure(username, clientAddress)
    return isHit
  }

  async #verify(
    found: AccountWithPassword | undefined,
    credentials: { username: string; password: string },
    clientAddress: string,
  ): Promise<Account | undefined> {
    const { username } = credentials
    return await this.#guess({ username, clientAddress }, async () => await this.#verifyOnce(found, credentials))
  }

  /** One guess under the brake, with a row in the audit log when it is wrong. */
  async #guess<Found>(
    { username, clientAddress }: { username: string; clientAddress: string },
    verify: () => Promise<Found | undefined>,
  ): Promise<Found | undefined> {
    const attempt = this.#begin(username, clientAddress)
    let found: Found | undefined
    try {
      found = await verify()
    } catch (error) {
      attempt.abandoned()
      throw error
    }
    if (found !== undefined) {
      if (attempt.succeeded()) this.#onForgiven(username, clientAddress)
      return found
    }
    attempt.failed()
    await this.#onFailure(username, clientAddress)
    return undefined
  }

  #begin(username: string, clientAddress: string): LoginAttempt {
    try {
      return this.#brake.begin(clientAddress, username)
    } catch (error) {
      if (error instanceof DomainError) this.#onBraked(username, clientAddress, error.message)
      throw error
    }
  }

  async #verifyOnce(
    found: AccountWithPassword | undefined,
    credentials: { username: string; password: string },
  ): Promise<Account | undefined> {
    if (found?.source !== 'local') {
      // Disabled accounts are asked about like all others: a quick refusal would tell them apart.
      const verdict = await this.#external?.(credentials, found)
      if (verdict?.account?.disabled === false && found?.account.disabled !== true) return verdict.account
      if (verdict?.hashed === true) return undefined
    }
    // Without a hash to compare to, one is computed all the same: the time tells nobody which accounts exist.
    const right = await this.#passwords.verify(credentials.password, found?.passwordHash ?? null)
    if (!right || found?.account.disabled !== false) return undefined
    const { account, passwordHash } = found
    await upgradeHash(
      { database: this.#database, passwords: this.#passwords },
      { kind: 'user', id: account.id },
      { password: credentials.password, hash: passwordHash },
    )
    return account
  }

  /** The username must be the owner's: who knows a token but not whose it is, has it from somewhere else. */
  async #signInByToken(
    { username, password }: { username: string; password: string },
    clientAddress: string,
  ): Promise<SignedIn | undefined> {
    const found = await this.#personalTokens?.(password)
    if (found !== undefined && found.account.username === username) {
      await this.#assertAdmitted(found.account)
      return { kind: 'user', ...found }
    }
    await this.refuseGuess(username, clientAddress)
    return undefined
  }

  /**
   * A token of another issuer in the place of a robot's secret. It is verified before the brake is asked, since every
   * job of a CI service brings another one: a signature is no guess. A refused one costs a hash, as all others do.
   */
  async #signInByJwt(
    found: RobotWithSecret | undefined,
    { username, password }: { username: string; password: string },
    clientAddress: string,
  ): Promise<SignedIn | undefined> {
    const usable = found !== undefined && isRobotUsable(found.robot, this.#clock.now())
    if (usable && (await this.#isTrustedFor(found.robot.id, password))) return { kind: 'robot', robot: found.robot }
    return await this.#guess({ username, clientAddress }, async () => {
      await this.#passwords.verify(password, null)
      return undefined
    })
  }

  async #signInRobot(
    { robot, secretHash }: RobotWithSecret,
    { username, password }: { username: string; password: string },
    clientAddress: string,
  ): Promise<RobotAccount | undefined> {
    const usable = isRobotUsable(robot, this.#clock.now())
    const fast = isFastHash(secretHash)
    const key = this.#cache.keyOf(username, password)
    // As with users: who has the secret is not held up by others behind the same address who have not.
    if (usable && !fast && this.#cache.isVerified(key, robot)) return robot
    const right = fast && (await verifyRobotSecret(password, secretHash, this.#passwords))
    if (usable && right) return robot
    return await this.#guess({ username, clientAddress }, async () => {
      // Without a slow hash to compare to, one is computed all the same: the time tells nobody which robots exist.
      const verified = (await this.#passwords.verify(password, fast ? null : secretHash)) && usable
      if (!verified) return undefined
      await upgradeHash(
        { database: this.#database, passwords: this.#passwords },
        { kind: 'robot', id: robot.id },
        { password, hash: secretHash },
      )
      this.#cache.remember(key, robot)
      return robot
    })
  }
}

function isPlausible({ username, password }: { username: string; password: string }): boolean {
  return (
    username.length <= maxUsernameLength &&
    (password.length <= maxPasswordLength || isJwt(password)) &&
    !controlCharacters.test(username)
  )
}

const isJwt = (text: string): boolean => text.length <= maxJwtLength && jwtPattern.test(text)
