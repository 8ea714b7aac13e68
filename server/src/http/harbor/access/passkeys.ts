import { z } from 'zod'
import { timeAnswer, timeOf } from '../frame/answers.ts'
import { route, type Route } from '../frame/route.ts'

const collection = '/users/current/passkeys'
const bytes = (max: number) => z.string().min(1).max(max)

const questionAnswer = z.object({
  options: z.record(z.string(), z.unknown()).describe('For PublicKeyCredential.parseCreationOptionsFromJSON.'),
  state: z.string().describe('Comes back with the answer, within five minutes.'),
})

/** Of what a browser says, what is needed; authenticators add what they like. */
const registrationBody = z.object({
  name: z.string().default(''),
  state: bytes(2_048),
  credential: z.object({
    id: bytes(1_400),
    rawId: bytes(1_400),
    type: z.literal('public-key'),
    response: z.object({ clientDataJSON: bytes(8_192), attestationObject: bytes(16_384) }),
  }),
})

/** Beyond Harbor: keys that sign a person in without a password. */
export const passkeyRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: collection,
    tag: 'second factor',
    operationId: 'listOwnPasskeys',
    summary: 'Beyond Harbor: the passkeys of who asks, the newest first.',
    access: { kind: 'signed-in' },
    answers: {
      200: z.array(
        z.object({
          id: z.string(),
          name: z.string(),
          host: z.string().describe('The host name that it works for.'),
          creation_time: timeAnswer,
          last_used_at: timeAnswer.optional(),
        }),
      ),
    },
    handle: async ({ actor }, { passkeys }) => ({
      body: (await passkeys.listOwn(actor)).map(({ id, name, host, createdAt, lastUsedAt }) => ({
        ...{ id, name, host },
        creation_time: timeOf(createdAt),
        last_used_at: lastUsedAt === undefined ? undefined : timeOf(lastUsedAt),
      })),
    }),
  }),

  route({
    method: 'POST',
    path: `${collection}/question`,
    tag: 'second factor',
    operationId: 'beginPasskey',
    summary: 'Beyond Harbor: what a browser asks an authenticator for, for a new passkey of who asks.',
    access: { kind: 'signed-in' },
    answers: { 200: questionAnswer },
    handle: async ({ actor, request }, { passkeys, system }) => {
      const { options, state } = await passkeys.beginRegistration(actor, { origin: system.originOf(request) })
      return { body: { options: { ...options }, state }, headers: { 'cache-control': 'no-store' } }
    },
  }),

  route({
    method: 'POST',
    path: collection,
    tag: 'second factor',
    operationId: 'createPasskey',
    summary: 'Beyond Harbor: keeps the passkey that an authenticator made.',
    access: { kind: 'signed-in' },
    body: registrationBody,
    answers: { 201: z.object({ id: z.string() }) },
    handle: async ({ actor, body, path, request }, { passkeys, system }) => {
      const { name, state, credential: answer } = body
      const id = await passkeys.register(actor, { name, state, answer }, { origin: system.originOf(request) })
      return { status: 201, body: { id }, headers: { location: `${path}/${id}` } }
    },
  }),

  route({
    method: 'DELETE',
    path: `${collection}/{passkey_id}`,
    tag: 'second factor',
    operationId: 'deletePasskey',
    summary: 'Beyond Harbor: forgets a passkey of who asks.',
    access: { kind: 'signed-in' },
    params: z.object({ passkey_id: bytes(1_400) }),
    answers: { 200: null },
    handle: async ({ actor, params }, { passkeys }) => {
      await passkeys.removeOwn(actor, params.passkey_id)
      return {}
    },
  }),
]
