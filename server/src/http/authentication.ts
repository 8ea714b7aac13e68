import { ContractError } from '#contract/contract-error.ts'
import { canonicalRepositoryName, type RepositoryName } from '#contract/repository-name.ts'
import type { TokenAccess } from '#contract/token-scope.ts'
import type { Database } from '../database/database.ts'
import type { AccessTokens, VerifiedToken } from '../domain/access/tokens/access-tokens.ts'
import { EpochCache } from '../database/epoch-cache.ts'
import { actorOf, findAccount, type Account } from '../domain/access/accounts/accounts.ts'
import { anonymous, type Actor } from '../domain/access/actor.ts'
import { robotActor, type FindRobot } from '../domain/access/robots/robot-accounts.ts'
import { isPersonalToken } from '../domain/access/tokens/personal-token-secret.ts'
import type { PersonalTokens } from '../domain/access/tokens/personal-tokens.ts'
import type { AssertAdmitted } from '../domain/access/credentials/known-password.ts'
import type { SignedIn, SignIn } from '../domain/access/credentials/sign-in.ts'

export interface Authentication {
  readonly actor: Actor
  /** The request had an Authorization header, whatever was in it, or a session. */
  readonly authorizationSent: boolean
  /** Credentials were sent and are not good: wrong password, unknown or expired token, disabled account. */
  readonly failedLogin: boolean
}

export interface AuthenticationOptions {
  readonly database: Database
  readonly signIn: SignIn
  readonly tokens: AccessTokens
  /** The robot behind a token; undefined when it may not come in any more. */
  readonly findRobot: FindRobot
  readonly personalTokens?: PersonalTokens
  /** The account whose browser sends the request, by its session. */
  readonly sessionAccount?: (request: Request) => Promise<{ account: Account; session: string } | undefined>
  /** Asked about every user behind a token; throws what keeps them out all the same. */
  readonly assertAdmitted?: AssertAdmitted
  /** Project of names without one, in the scopes of tokens too. */
  readonly defaultProject: string | undefined
  /** Everyone may do everything, whatever credentials come along. */
  readonly open: boolean
}

export type Authenticate = (request: Request, clientAddress: string) => Promise<Authentication>

const cachedAccounts = 1_024
/** In the audit log, and for the brake: a bearer claims no username. */
const bearerOfPersonalToken = 'personal token'

const noCredentials: Authentication = { actor: anonymous, authorizationSent: false, failedLogin: false }
const wrongCredentials: Authentication = { actor: anonymous, authorizationSent: true, failedLogin: true }
/** May do nothing, not even what everyone may: a client with a dead token shall hear so and fetch a new one. */
const wrongToken: Authentication = {
  actor: { kind: 'anonymous', access: [] },
  authorizationSent: true,
  failedLogin: true,
}
const openToAll: Authentication = { actor: { kind: 'open' }, authorizationSent: false, failedLogin: false }

/**
 * The actor of a request under /v2.
 * As in Harbor, wrong Basic credentials do not fail by themselves: the request goes on as anonymous and reaches public
 * content. Where that is not enough it is answered 401, as is `/v2/` itself, which clients use to try a login.
 * A bad token gives nothing at all (RFC 6750 §3.1), which costs clients a new one.
 * Throws DomainError TOO_MANY_REQUESTS after too many wrong passwords from the address, FORBIDDEN for an account that
 * is admitted from elsewhere only.
 */
export function composeAuthenticate(options: AuthenticationOptions): Authenticate {
  const accounts = new EpochCache<Account>(options.database, cachedAccounts)
  return async (request, clientAddress) => {
    if (options.open) return openToAll
    const header = request.headers.get('authorization')
    if (header === null) return await bySession(options, request)
    const { scheme, value } = splitAuthorization(header)
    if (scheme === 'bearer' && isPersonalToken(value)) return await byPersonalToken(options, value, clientAddress)
    if (scheme === 'bearer') return await byToken(options, accounts, value)
    const credentials = scheme === 'basic' ? parseBasicCredentials(value) : undefined
    if (credentials === undefined) return wrongCredentials
    const signedIn = await options.signIn.signInAnyone(credentials, clientAddress)
    if (signedIn === undefined) return wrongCredentials
    return { actor: actorBehind(signedIn), authorizationSent: true, failedLogin: false }
  }
}

export function actorBehind(signedIn: SignedIn): Extract<Actor, { kind: 'user' | 'robot' }> {
  if (signedIn.kind === 'robot') return robotActor(signedIn.robot)
  return { ...actorOf(signedIn.account), ...(signedIn.limits === undefined ? {} : { limits: signedIn.limits }) }
}

/** A session that ended says nothing: its browser is anonymous again. */
async function bySession({ sessionAccount }: AuthenticationOptions, request: Request): Promise<Authentication> {
  const found = await sessionAccount?.(request)
  if (found === undefined) return noCredentials
  const actor = { ...actorOf(found.account), session: found.session }
  return { actor, authorizationSent: true, failedLogin: false }
}

/** As a bearer, for tools that have no place for a username. */
async function byPersonalToken(
  { personalTokens, signIn, assertAdmitted }: AuthenticationOptions,
  secret: string,
  clientAddress: string,
): Promise<Authentication> {
  const found = await personalTokens?.findBySecret(secret)
  if (found === undefined) {
    await signIn.refuseGuess(bearerOfPersonalToken, clientAddress)
    return wrongToken
  }
  await assertAdmitted?.(found.account)
  return { actor: actorBehind({ kind: 'user', ...found }), authorizationSent: true, failedLogin: false }
}

async function byToken(
  options: AuthenticationOptions,
  accounts: EpochCache<Account>,
  token: string,
): Promise<Authentication> {
  const { tokens, database, findRobot, personalTokens, assertAdmitted, defaultProject } = options
  const verified = await tokens.verifyToken(token)
  if (verified === undefined) return wrongToken
  const access = canonicalAccess(verified.access, defaultProject)
  if (verified.account === undefined) {
    return { actor: { kind: 'anonymous', access }, authorizationSent: true, failedLogin: false }
  }
  const { id, version } = verified.account
  const ofToken = { access, tokenIssuedAt: verified.issuedAt }
  if (verified.account.robot === true) {
    const robot = await findRobot(id)
    if (robot === undefined || robot.version !== version) return wrongToken
    return { actor: { ...robotActor(robot), ...ofToken }, authorizationSent: true, failedLogin: false }
  }
  if (verified.account.personalToken !== undefined) {
    const found = await personalTokens?.findById(verified.account.personalToken)
    if (found === undefined || found.account.id !== id || found.account.version !== version) return wrongToken
    await assertAdmitted?.(found.account)
    const actor = { ...actorOf(found.account), limits: found.limits, ...ofToken }
    return { actor, authorizationSent: true, failedLogin: false }
  }
  const account = await accounts.get(String(id), () => findAccount(database.read, id))
  if (account === undefined || account.disabled || account.version !== version) return wrongToken
  await assertAdmitted?.(account)
  const before = authenticated.get(verified)
  if (before?.account === account) return before.authentication
  const actor = { ...actorOf(account), ...ofToken }
  const authentication = { actor, authorizationSent: true, failedLogin: false }
  authenticated.set(verified, { account, authentication })
  return authentication
}

/** The cached token with its cached account: a client sends hundreds of requests with one token. */
const authenticated = new WeakMap<
  VerifiedToken,
  { readonly account: Account; readonly authentication: Authentication }
>()

/** Tokens name repositories as their client does (`nginx`); here everything is compared by full names. */
function canonicalAccess(access: readonly TokenAccess[], defaultProject: string | undefined): readonly TokenAccess[] {
  if (access.every(({ type, name }) => type !== 'repository' || name.includes('/'))) return access
  return access.map((entry) => {
    const name = entry.type === 'repository' ? findCanonicalName(entry.name, defaultProject) : entry.name
    return name === undefined ? { ...entry, actions: [] } : { ...entry, name }
  })
}

export function findCanonicalName(name: string, defaultProject: string | undefined): RepositoryName | undefined {
  try {
    return canonicalRepositoryName(name, defaultProject)
  } catch (error) {
    if (error instanceof ContractError) return undefined
    throw error
  }
}

/** RFC 9110 §11.4; the scheme in lower case. */
export function splitAuthorization(header: string): { scheme: string; value: string } {
  const trimmed = header.trim()
  const space = trimmed.indexOf(' ')
  if (space < 0) return { scheme: trimmed.toLowerCase(), value: '' }
  return { scheme: trimmed.slice(0, space).toLowerCase(), value: trimmed.slice(space + 1).trimStart() }
}

/** RFC 7617, in UTF-8; undefined when it is not that. */
export function parseBasicCredentials(value: string): { username: string; password: string } | undefined {
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(value)) return undefined
  const text = Buffer.from(value, 'base64').toString('utf8')
  const colon = text.indexOf(':')
  if (colon < 1) return undefined
  return { username: text.slice(0, colon), password: text.slice(colon + 1) }
}
