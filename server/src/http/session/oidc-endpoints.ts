import type { SignIn } from '../../domain/access/credentials/sign-in.ts'
import { budgets, parseForeignJson } from '#contract/budget.ts'
import type { Sessions } from '../../domain/access/credentials/sessions.ts'
import type { CliSecrets } from '../../domain/identities/cli-secrets.ts'
import type { ExternalAccounts } from '../../domain/identities/external-accounts.ts'
import type { Oidc, OidcPerson } from '../../domain/identities/oidc.ts'
import type { PendingSignIns } from '../../domain/identities/pending-sign-ins.ts'
import { DomainError } from '../../domain/errors.ts'
import type { Settings } from '../../domain/settings/settings.ts'
import { clearSessionCookie, cookieOf, sessionTokenOf, setSessionCookie } from '../session-cookie.ts'
import { assertOwnPage, plain, readBody, type SessionCall } from './session-call.ts'

export interface OidcEndpointsOptions {
  readonly oidc: Oidc
  readonly pendingSignIns: PendingSignIns
  readonly externalAccounts: ExternalAccounts
  readonly cliSecrets: CliSecrets
  readonly sessions: Sessions
  readonly signIn: SignIn
  readonly settings: Settings
  readonly originOf: (request: Request) => string
}

/** The cookie of a sign-in: to the provider and back, and until a new person has chosen a name. */
const pendingCookie = 'berth_oidc'
const callbackPath = '/c/oidc/callback'
/** In the audit log, and for the brake: the account is not known yet. */
const loginAtProvider = 'login at the OIDC provider'

interface PendingLogin {
  readonly state: string
  readonly nonce: string
  readonly codeVerifier: string
  readonly redirect: string
}

interface PendingOnboarding {
  readonly answer: OidcPerson
  readonly redirect: string
}

type Endpoint = (call: SessionCall) => Promise<Response>

/** Signing in at an OIDC provider, at Harbor's addresses below /c/oidc/. */
export function composeOidcEndpoints(
  options: OidcEndpointsOptions,
): Readonly<Record<string, readonly [method: string, endpoint: Endpoint]>> {
  const { oidc, pendingSignIns, externalAccounts, cliSecrets, sessions, signIn, settings, originOf } = options
  const secure = (request: Request) => originOf(request).startsWith('https:')

  const login: Endpoint = async ({ request }) => {
    const { url, ...login } = await oidc.beginLogin(originOf(request) + callbackPath)
    const redirect = localPath(new URL(request.url).searchParams.get('redirect_url'))
    const token = await pendingSignIns.keep('oidc-login', { ...login, redirect } satisfies PendingLogin)
    return redirectTo(url, [pendingCookieOf(token, secure(request))])
  }

  const callback: Endpoint = async (call) => {
    const { request } = call
    const pending = await takePending<PendingLogin>(call, 'oidc-login')
    const answer = await finishLogin(call, pending)
    const { oidc_auto_onboard: automatic } = await settings.getSettings()
    if (automatic || (await externalAccounts.isKnown(answer.person)))
      return await enter(request, answer, pending.redirect)
    // A new person, who chooses a username.
    const { redirect } = pending
    const token = await pendingSignIns.keep('oidc-onboarding', { answer, redirect } satisfies PendingOnboarding)
    const query = new URLSearchParams({ username: answer.person.username, redirect_url: redirect })
    return redirectTo(`/oidc-onboard?${query}`, [pendingCookieOf(token, secure(request))])
  }

  const onboard: Endpoint = async (call) => {
    const username = usernameIn(await readBody(call))
    const pending = await takePending<PendingOnboarding>(call, 'oidc-onboarding')
    const { answer, redirect } = pending
    try {
      const entered = await enter(call.request, { ...answer, person: { ...answer.person, username } }, redirect)
      const cookies = entered.headers.getSetCookie()
      return withCookies(plain(200, ''), cookies)
    } catch (error) {
      if (!(error instanceof DomainError) || (error.code !== 'CONFLICT' && error.code !== 'BAD_REQUEST')) throw error
      // Another name may be free: they need not go to the provider again.
      const token = await pendingSignIns.keep('oidc-onboarding', pending)
      const refused = plain(error.code === 'CONFLICT' ? 409 : 400, `${error.message}\n`)
      return withCookies(refused, [pendingCookieOf(token, secure(call.request))])
    }
  }

  const logout: Endpoint = async ({ request }) => {
    assertOwnPage(request, originOf(request))
    const token = sessionTokenOf(request)
    if (token !== undefined) await sessions.endSession(token)
    const there = await oidc.findEndSessionUrl(`${originOf(request)}/`)
    return redirectTo(there ?? '/', [clearSessionCookie(secure(request))])
  }

  const enter = async (request: Request, answer: OidcPerson, redirect: string): Promise<Response> => {
    const account = await externalAccounts.recogniseAccount(answer.person, { onboard: true })
    if (account === undefined) throw new DomainError('FORBIDDEN', 'this account is disabled; ask an administrator')
    await cliSecrets.rememberLogin(account, answer)
    const token = await sessions.startSession(account)
    const before = sessionTokenOf(request)
    if (before !== undefined) await sessions.endSession(before)
    return redirectTo(redirect, [
      setSessionCookie(token, secure(request)),
      `${pendingCookie}=; Path=/c/oidc; Max-Age=0; HttpOnly; SameSite=Lax`,
    ])
  }

  /** @throws DomainError BAD_REQUEST without a login that began in this browser */
  const takePending = async <Content>({ request, clientAddress }: SessionCall, kind: string): Promise<Content> => {
    const token = cookieOf(request, pendingCookie)
    const pending = token === undefined ? undefined : await pendingSignIns.take<Content>(kind, token)
    return pending ?? (await refuse(clientAddress))
  }

  /** An answer that belongs to no login of this browser counts as a guess. @throws DomainError BAD_REQUEST */
  const refuse = async (clientAddress: string): Promise<never> => {
    await signIn.refuseGuess(loginAtProvider, clientAddress)
    throw new DomainError('BAD_REQUEST', 'this login began too long ago, or in another browser; sign in again')
  }

  const finishLogin = async ({ request, clientAddress }: SessionCall, pending: PendingLogin): Promise<OidcPerson> => {
    const { search, searchParams } = new URL(request.url)
    if (searchParams.get('state') !== pending.state) return await refuse(clientAddress)
    try {
      return await oidc.finishLogin(new URL(originOf(request) + callbackPath + search), pending)
    } catch (error) {
      // The provider does not know the code: it is made up, or used already.
      if (error instanceof DomainError && error.code === 'FORBIDDEN')
        await signIn.refuseGuess(loginAtProvider, clientAddress)
      throw error
    }
  }

  return {
    'oidc/login': ['GET', login],
    'oidc/callback': ['GET', callback],
    'oidc/onboard': ['POST', onboard],
    'oidc/logout': ['GET', logout],
  }
}

/** Where to go after the login: a place of ours, or the beginning. */
export function localPath(text: string | null): string {
  // `//host` and `/\host` lead elsewhere; so does what a URL parser makes of tabs and line ends.
  if (text === null || !/^\/(?![/\\])[\u0021-\u007e]*$/.test(text) || text.includes('\\')) return '/'
  return text
}

/** Lax: the provider sends the browser back from its own site. */
const pendingCookieOf = (token: string, secure: boolean): string =>
  `${pendingCookie}=${token}; Path=/c/oidc; Max-Age=600; HttpOnly; SameSite=Lax${secure ? '; Secure' : ''}`

function usernameIn(body: string | undefined): string {
  try {
    const { username } = parseForeignJson(body ?? '', budgets.fragment) as Record<string, unknown>
    if (typeof username === 'string' && username.trim() !== '') return username.trim()
  } catch {
    // Not JSON: as good as without a name.
  }
  throw new DomainError('BAD_REQUEST', 'the body should be {"username": "ada"}')
}

function redirectTo(location: string, cookies: readonly string[]): Response {
  return withCookies(plain(302, '', { location }), cookies)
}

function withCookies(response: Response, cookies: readonly string[]): Response {
  for (const cookie of cookies) response.headers.append('set-cookie', cookie)
  return response
}
