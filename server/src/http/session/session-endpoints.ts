import type { Enrolment } from '../../domain/access/second-factor/second-factors.ts'
import type { Database } from '../../database/database.ts'
import { actorOf, findAccount, type Account } from '../../domain/access/accounts/accounts.ts'
import { isSystemAdministrator } from '../../domain/access/actor.ts'
import type { SignIn } from '../../domain/access/credentials/sign-in.ts'
import type { UserProfiles } from '../../domain/access/accounts/user-profiles.ts'
import type { Users } from '../../domain/access/accounts/users.ts'
import { DomainError, type DomainErrorCode } from '../../domain/errors.ts'
import type { Settings } from '../../domain/settings/settings.ts'
import { presentUser } from '../harbor/access/users.ts'
import { harborErrorOf } from '../harbor/frame/harbor-error.ts'
import { clearSessionCookie, sessionTokenOf, setSessionCookie } from '../session-cookie.ts'
import { composeOidcEndpoints, type OidcEndpointsOptions } from './oidc-endpoints.ts'
import { composePasskeyEndpoints, type PasskeyEndpointsOptions } from './passkey-endpoints.ts'
import { takeSecondStep, type SecondStepOptions } from './second-step.ts'
import { assertOwnPage, plain, readBytes, type SessionCall } from './session-call.ts'

export interface SessionEndpointsOptions extends OidcEndpointsOptions, SecondStepOptions, PasskeyEndpointsOptions {
  readonly signIn: SignIn
  readonly profiles: UserProfiles
  readonly users: Pick<Users, 'usesDefaultPassword' | 'setPassword' | 'assertPasswordTakable'>
  readonly settings: Settings
  readonly database: Pick<Database, 'read'>
  /** Throws for a password that is too old. */
  readonly assertPasswordFresh: (account: Account) => Promise<void>
  readonly originOf: (request: Request) => string
  /** Hears why another server could not be asked; the browser does not. */
  readonly onError: (error: unknown) => void
}

/** Where Harbor's own console signs in and out. */
export const sessionPrefix = '/c/'

/**
 * Signing in and out as Harbor's own console does it: forms under /c/.
 * Throws DomainError TOO_MANY_REQUESTS after too many wrong passwords from the address.
 */
export function composeSessionEndpoints(options: SessionEndpointsOptions): (call: SessionCall) => Promise<Response> {
  const secure = (request: Request) => options.originOf(request).startsWith('https:')

  const login = async (call: SessionCall): Promise<Response> => {
    const form = await readForm(call)
    const credentials = { username: form?.get('principal') ?? '', password: form?.get('password') ?? '' }
    const account = await options.signIn.signIn(credentials, call.clientAddress)
    if (account === undefined) {
      const { auth_mode: mode } = await options.settings.getSettings()
      // Harbor sends people to their provider from here; whether there is such an account, it does not say.
      return mode === 'oidc_auth'
        ? Response.json({ redirect_location: '/c/oidc/login' }, { status: 403 })
        : plain(401, '')
    }
    const { clientAddress, request } = call
    const newPassword = form?.get('new_password') ?? undefined
    if (newPassword === undefined) await options.assertPasswordFresh(account)
    else if (newPassword === credentials.password) throw samePassword()
    // Before the code of a second factor, which is good once.
    else await options.users.assertPasswordTakable(actorOf(account), account.username, newPassword)
    const issuer = new URL(options.originOf(request)).host
    const step = await takeSecondStep(options, account, { code: form?.get('code') ?? '', issuer, clientAddress })
    if (step.kind === 'enrolment') return enrolmentAnswer(step.enrolment)
    const renewed = newPassword === undefined ? step.account : await renewPassword(options, step.account, newPassword)
    // Never the token that the browser brought along: another site may have put it there.
    const token = await options.sessions.startSession(renewed, step)
    const before = sessionTokenOf(request)
    if (before !== undefined) await options.sessions.endSession(before)
    const headers = { 'set-cookie': setSessionCookie(token, secure(request)) }
    if (step.recoveryCodes === undefined) return plain(200, '', headers)
    return Response.json(
      { recovery_codes: step.recoveryCodes },
      { headers: { ...headers, 'cache-control': 'no-store' } },
    )
  }

  const logout = async ({ request }: SessionCall): Promise<Response> => {
    assertOwnPage(request, options.originOf(request))
    const token = sessionTokenOf(request)
    if (token !== undefined) await options.sessions.endSession(token)
    return plain(200, '', { 'set-cookie': clearSessionCookie(secure(request)) })
  }

  const userExists = async (call: SessionCall): Promise<Response> => {
    const { self_registration: open } = await options.settings.getSettings()
    if (!open && !isSystemAdministrator(call.actor)) {
      return plain(412, 'self registration disabled, only sysadmin can check user existence')
    }
    const form = await readForm(call)
    const target = form?.get('target')
    if (target !== 'username' && target !== 'email') return plain(400, 'target is username or email')
    return Response.json(await options.profiles.isTaken(target, form?.get('value') ?? ''))
  }

  /**
   * The start of a page: it says which account is signed in, and gives (as a header) the proof that the next request
   * comes from the page. All that a page must know before it is drawn is in one answer, since each more is a way there and back.
   */
  const session = async ({ actor }: SessionCall): Promise<Response> => {
    const headers = { 'cache-control': 'no-store' }
    const open = actor.kind === 'open'
    if (actor.kind !== 'user') return Response.json({ signed_in: false, open }, { headers })
    const user = presentUser(await options.profiles.getUserById(actor, actor.id))
    // The account that every installation begins with, and that every reader of the manual knows.
    const mustChange = actor.id === 1 && isSystemAdministrator(actor) && (await options.users.usesDefaultPassword())
    const start = { signed_in: true, open, user, apart: actor.apart ?? [], must_change_password: mustChange }
    return Response.json(start, { headers })
  }

  const endpoints: Readonly<Record<string, readonly [method: string, (call: SessionCall) => Promise<Response>]>> = {
    login: ['POST', login],
    log_out: ['GET', logout],
    session: ['GET', session],
    userExists: ['POST', userExists],
    ...composeOidcEndpoints(options),
    ...composePasskeyEndpoints(options),
  }

  return async (call) => {
    const [method, answer] = (Object.hasOwn(endpoints, call.path) ? endpoints[call.path] : undefined) ?? []
    if (answer === undefined) return plain(404, 'nothing here\n')
    if (call.request.method !== method) return plain(405, '', { allow: method! })
    try {
      return await answer(call)
    } catch (error) {
      if (!(error instanceof DomainError) || error.code === 'TOO_MANY_REQUESTS') throw error
      if (error.code === 'UNAVAILABLE') options.onError(error)
      // The form of the console tells this one from an account that signs in at a provider.
      if (isForPage(call.path, error)) return harborErrorOf(error)
      return plain(statuses[error.code] ?? 400, `${error.message}\n`)
    }
  }
}

/** The account with the password that it chose at the door. Throws as `Users.setPassword`. */
async function renewPassword(
  { users, database }: Pick<SessionEndpointsOptions, 'users' | 'database'>,
  account: Account,
  password: string,
): Promise<Account> {
  await users.setPassword(actorOf(account), account.username, password)
  const renewed = await findAccount(database.read, account.id)
  if (renewed === undefined) throw new DomainError('UNAUTHENTICATED', 'the account was deleted meanwhile')
  return renewed
}

const samePassword = (): DomainError =>
  new DomainError('BAD_REQUEST', 'New password is identical to old password', { reason: 'PASSWORD_USED_BEFORE' })

/** What the page to sign in tells apart by its reason. */
const isForPage = (path: string, { code }: DomainError): boolean =>
  (path === 'login' && (code === 'FORBIDDEN' || code === 'BAD_REQUEST')) || path.startsWith('passkey_')

/** Harbor's form of an error, with what the app of the person takes up. */
function enrolmentAnswer({ secret, uri }: Enrolment): Response {
  const message = 'this registry asks you for a second factor: set up an authenticator app, and sign in with its code'
  return Response.json(
    { errors: [{ code: 'FORBIDDEN', message }], second_factor: { secret, uri } },
    { status: 403, headers: { 'cache-control': 'no-store', 'x-berth-error': 'SECOND_FACTOR_UNSET' } },
  )
}

/** A person reads these in a browser: a sentence, not an object. */
const statuses: Readonly<Partial<Record<DomainErrorCode, number>>> = {
  FORBIDDEN: 403,
  CONFLICT: 409,
  PRECONDITION: 412,
  UNAVAILABLE: 503,
}

/** Fields of a form, urlencoded or multipart; undefined when it is none or too long. */
async function readForm(call: SessionCall): Promise<URLSearchParams | undefined> {
  const bytes = await readBytes(call)
  if (bytes === undefined) return undefined
  const type = call.request.headers.get('content-type') ?? ''
  if (!type.startsWith('multipart/form-data')) return new URLSearchParams(bytes.toString('utf8'))
  try {
    const form = await new Response(bytes, { headers: { 'content-type': type } }).formData()
    const texts = [...form].filter((field): field is [string, string] => typeof field[1] === 'string')
    return new URLSearchParams(texts)
  } catch {
    return undefined // not a form: as good as one without the fields
  }
}
