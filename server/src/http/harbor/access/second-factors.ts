import { z } from 'zod'
import { personOf } from '../../../domain/access/accounts/person.ts'
import type { Actor } from '../../../domain/access/actor.ts'
import { DomainError } from '../../../domain/errors.ts'
import { idParam, timeAnswer, timeOf } from '../frame/answers.ts'
import type { HarborServices } from '../frame/services.ts'
import { route, type Route } from '../frame/route.ts'

const own = '/users/current/second_factor'
const code = z.string().max(64).default('').describe('Of the authenticator app, or a recovery code.')
const recoveryCodes = z.object({ recovery_codes: z.array(z.string()).describe('Each is good once. Told this once.') })
const untold = { 'cache-control': 'no-store' }

/** Beyond Harbor: the codes that people show beside their password. */
export const secondFactorRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: own,
    tag: 'second factor',
    operationId: 'getOwnSecondFactor',
    summary: 'Beyond Harbor: whether who asks shows a code beside their password.',
    access: { kind: 'signed-in' },
    answers: {
      200: z.object({
        since: timeAnswer.optional().describe('Left out without a second factor.'),
        recovery_codes_left: z.number().int(),
        required: z.boolean().describe('The registry asks this person for one.'),
        elsewhere: z.boolean().describe('The person signs in at a provider, and has it there.'),
      }),
    },
    handle: async ({ actor }, { secondFactors }) => {
      const { since, recoveryCodesLeft, required, elsewhere } = await secondFactors.getOwn(actor)
      return {
        body: {
          since: since === undefined ? undefined : timeOf(since),
          recovery_codes_left: recoveryCodesLeft,
          required,
          elsewhere,
        },
      }
    },
  }),

  route({
    method: 'POST',
    path: own,
    tag: 'second factor',
    operationId: 'beginSecondFactor',
    summary:
      'Beyond Harbor: a new secret for the app of who asks and knows their password; it counts once a code of it came.',
    access: { kind: 'signed-in' },
    body: z.strictObject({ password: z.string().default('') }),
    answers: { 201: z.object({ secret: z.string(), uri: z.string().describe('For the picture that apps scan.') }) },
    handle: async ({ actor, body, request, clientAddress }, { secondFactors, signIn, system }) => {
      const { username } = personAsking(actor)
      const wrong = () => new DomainError('BAD_REQUEST', 'Current password is incorrect', { reason: 'PASSWORD_WRONG' })
      if (body.password === '') throw wrong()
      const account = await signIn.signIn({ username, password: body.password }, clientAddress)
      if (account === undefined) throw wrong()
      const issuer = new URL(system.originOf(request)).host
      return { status: 201, body: await secondFactors.beginEnrolment(account, issuer), headers: untold }
    },
  }),

  route({
    method: 'PUT',
    path: own,
    tag: 'second factor',
    operationId: 'confirmSecondFactor',
    summary: 'Beyond Harbor: switches the second factor on that was begun. All other sessions of the person end.',
    access: { kind: 'signed-in' },
    body: z.strictObject({ code }),
    answers: { 200: recoveryCodes },
    handle: async (call, services) => {
      const { secondFactors } = services
      const confirm = async () => await secondFactors.confirmOwn(call.actor, call.body.code)
      return { body: { recovery_codes: [...(await guessing(call, services, confirm))] }, headers: untold }
    },
  }),

  route({
    method: 'POST',
    path: `${own}/proof`,
    tag: 'second factor',
    operationId: 'proveSecondFactor',
    summary:
      'Beyond Harbor: a code for what asks for one once more (error STEP_UP_REQUIRED). It holds for this session and 15 minutes.',
    access: { kind: 'signed-in' },
    body: z.strictObject({ code }),
    answers: { 200: null },
    handle: async (call, services) => {
      await guessing(call, services, async () => await services.secondFactors.proveSession(call.actor, call.body.code))
      return {}
    },
  }),

  route({
    method: 'POST',
    path: `${own}/removal`,
    tag: 'second factor',
    operationId: 'removeOwnSecondFactor',
    summary: 'Beyond Harbor: takes the second factor of who asks away, with a last code of it.',
    access: { kind: 'signed-in' },
    body: z.strictObject({ code }),
    answers: { 200: null },
    handle: async (call, services) => {
      await guessing(call, services, async () => await services.secondFactors.removeOwn(call.actor, call.body.code))
      return {}
    },
  }),

  route({
    method: 'POST',
    path: `${own}/recovery_codes`,
    tag: 'second factor',
    operationId: 'renewRecoveryCodes',
    summary: 'Beyond Harbor: ten new recovery codes in the place of those that are left.',
    access: { kind: 'signed-in' },
    body: z.strictObject({ code }),
    answers: { 200: recoveryCodes },
    handle: async (call, services) => {
      const { secondFactors } = services
      const renew = async () => await secondFactors.renewRecoveryCodes(call.actor, call.body.code)
      return { body: { recovery_codes: [...(await guessing(call, services, renew))] }, headers: untold }
    },
  }),

  route({
    method: 'DELETE',
    path: '/users/{user_id}/second_factor',
    tag: 'second factor',
    operationId: 'resetSecondFactor',
    summary: 'Beyond Harbor: takes the second factor of somebody away who has lost phone and recovery codes.',
    access: { kind: 'system-administrator' },
    params: z.object({ user_id: idParam }),
    answers: { 200: null },
    handle: async ({ actor, params }, { secondFactors }) => {
      await secondFactors.reset(actor, params.user_id)
      return {}
    },
  }),
]

/** A wrong code counts as a guess of whoever sends it, as a wrong password does. */
async function guessing<Result>(
  { actor, clientAddress }: { readonly actor: Actor; readonly clientAddress: string },
  { signIn }: Pick<HarborServices, 'signIn'>,
  act: () => Promise<Result>,
): Promise<Result> {
  try {
    return await act()
  } catch (error) {
    if (error instanceof DomainError && error.reason === 'SECOND_FACTOR_WRONG')
      await signIn.refuseGuess(personAsking(actor).username, clientAddress)
    throw error
  }
}

const personAsking = (actor: Actor) =>
  personOf(actor, 'second factors belong to people who signed in with their password')
