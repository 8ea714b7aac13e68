import { z } from 'zod'
import { ContractError } from '#contract/contract-error.ts'
import { budgets, parseForeignJson } from '#contract/budget.ts'
import type { Sessions } from '../../domain/access/credentials/sessions.ts'
import type { SignIn } from '../../domain/access/credentials/sign-in.ts'
import type { Passkeys } from '../../domain/access/second-factor/passkeys.ts'
import { DomainError } from '../../domain/errors.ts'
import { setSessionCookie } from '../session-cookie.ts'
import { plain, readBody, type SessionCall } from './session-call.ts'

export interface PasskeyEndpointsOptions {
  readonly passkeys: Passkeys
  readonly sessions: Sessions
  readonly signIn: Pick<SignIn, 'refuseGuess'>
  readonly originOf: (request: Request) => string
}

/** In the audit log, and for the brake: an authenticator claims no username. */
const bearerOfPasskey = 'passkey'

const text = (max: number) => z.string().min(1).max(max)
const signInBody = z.object({
  state: text(2_048),
  credential: z.object({
    id: text(1_400),
    rawId: text(1_400),
    type: z.literal('public-key'),
    response: z.object({
      clientDataJSON: text(8_192),
      authenticatorData: text(8_192),
      signature: text(8_192),
    }),
  }),
})

/** Signing in with a passkey alone: a question for the browser, and its answer. */
export function composePasskeyEndpoints({ passkeys, sessions, signIn, originOf }: PasskeyEndpointsOptions) {
  const question = async ({ request }: SessionCall): Promise<Response> => {
    const { options, state } = await passkeys.beginSignIn({ origin: originOf(request) })
    return Response.json({ options, state }, { headers: { 'cache-control': 'no-store' } })
  }

  const login = async (call: SessionCall): Promise<Response> => {
    const { request, clientAddress } = call
    const parsed = signInBody.safeParse(parseJson((await readBody(call)) ?? ''))
    if (!parsed.success) throw new DomainError('BAD_REQUEST', 'this is no answer of an authenticator')
    const { state, credential: answer } = parsed.data
    const origin = originOf(request)
    const account = await passkeys.signIn({ state, answer }, { origin }).catch(async (error: unknown) => {
      if (error instanceof DomainError && error.code === 'BAD_REQUEST')
        await signIn.refuseGuess(bearerOfPasskey, clientAddress)
      throw error
    })
    const token = await sessions.startSession(account, { proved: true })
    return plain(200, '', { 'set-cookie': setSessionCookie(token, origin.startsWith('https:')) })
  }

  return { passkey_question: ['POST', question], passkey_login: ['POST', login] } as const
}

/** @throws DomainError BAD_REQUEST */
function parseJson(given: string): unknown {
  try {
    return parseForeignJson(given, budgets.passkeyAnswer)
  } catch (cause) {
    if (!(cause instanceof ContractError)) throw cause
    throw new DomainError('BAD_REQUEST', cause.message, { cause })
  }
}
