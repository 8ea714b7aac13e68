import type { Account } from '../domain/access/accounts/accounts.ts'
import type { AssertAdmitted } from '../domain/access/credentials/known-password.ts'
import { hashOfSession, type Sessions } from '../domain/access/credentials/sessions.ts'
import type { SecondFactorProofs } from '../domain/access/second-factor/second-factor-proofs.ts'
import { DomainError } from '../domain/errors.ts'

/** Harbor's name for it; its clients look for it. */
const sessionCookie = 'sid'

/** The value of a cookie; undefined when the request has none of that name. */
export function cookieOf(request: Request, name: string): string | undefined {
  const header = request.headers.get('cookie')
  if (header === null) return undefined
  for (const pair of header.split(';')) {
    const equals = pair.indexOf('=')
    if (equals > 0 && pair.slice(0, equals).trim() === name) return pair.slice(equals + 1).trim()
  }
  return undefined
}

export const sessionTokenOf = (request: Request): string | undefined => cookieOf(request, sessionCookie)

/**
 * The account whose browser sends the request, and by which session; undefined without a living session of somebody who is
 * admitted, and has a second factor if the registry asks for one since.
 */
export function composeSessionAccount(
  sessions: Sessions,
  assertAdmitted: AssertAdmitted,
  proofs: Pick<SecondFactorProofs, 'demandOn'>,
): (request: Request) => Promise<{ account: Account; session: string } | undefined> {
  return async (request) => {
    const token = sessionTokenOf(request)
    if (token === undefined) return undefined
    // A request that a page makes by itself, without a person doing anything, says so and does not keep the session
    // alive.
    const prolong = request.headers.get('x-harbor-no-session-renewal') !== 'true'
    const account = await sessions.findSession(token, { prolong })
    if (account === undefined || !(await isAdmitted(account, assertAdmitted))) return undefined
    if ((await proofs.demandOn(account)) === 'enrolment') return undefined
    return { account, session: hashOfSession(token) }
  }
}

/** A browser hears why at the form where it signs in: pages without an account can still be shown. */
async function isAdmitted(account: Account, assertAdmitted: AssertAdmitted): Promise<boolean> {
  try {
    await assertAdmitted(account)
    return true
  } catch (error) {
    if (error instanceof DomainError && error.code === 'FORBIDDEN') return false
    throw error
  }
}

/** RFC 6265 §4.1. Lax: a link into the console finds its session, a form of another site does not. */
export function setSessionCookie(token: string, secure: boolean): string {
  return `${sessionCookie}=${token}; Path=/; HttpOnly; SameSite=Lax${secure ? '; Secure' : ''}`
}

export function clearSessionCookie(secure: boolean): string {
  return `${sessionCookie}=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax${secure ? '; Secure' : ''}`
}
