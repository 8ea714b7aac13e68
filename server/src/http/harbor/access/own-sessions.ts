import { z } from 'zod'
import { sessionTokenOf } from '../../session-cookie.ts'
import { timeAnswer, timeOf } from '../frame/answers.ts'
import { route, type Route } from '../frame/route.ts'

const sessionAnswer = z.object({
  id: z.string(),
  current: z.boolean().describe('The browser that asks.'),
  creation_time: timeAnswer,
  expires_at: timeAnswer.describe('Later whenever it is used.'),
})

const collection = '/users/current/sessions'

/** Beyond Harbor: the browsers in which who asks is signed in. */
export const ownSessionRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: collection,
    tag: 'session',
    operationId: 'listOwnSessions',
    summary: 'Beyond Harbor: where who asks is signed in, the newest first.',
    access: { kind: 'signed-in' },
    answers: { 200: z.array(sessionAnswer) },
    handle: async ({ actor, request }, { ownSessions }) => ({
      body: (await ownSessions.listSessions(actor, sessionTokenOf(request))).map((session) => ({
        id: session.id,
        current: session.current,
        creation_time: timeOf(session.createdAt),
        expires_at: timeOf(session.expiresAt),
      })),
    }),
  }),

  route({
    method: 'DELETE',
    path: `${collection}/{session_id}`,
    tag: 'session',
    operationId: 'endOwnSession',
    summary: 'Beyond Harbor: signs a browser of who asks out; nothing happens when it is signed out already.',
    access: { kind: 'signed-in' },
    params: z.object({ session_id: z.string().max(64) }),
    answers: { 200: null },
    handle: async ({ actor, params }, { ownSessions }) => {
      await ownSessions.endSession(actor, params.session_id)
      return {}
    },
  }),
]
