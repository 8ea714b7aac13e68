import { z } from 'zod'
import { idParam, timeAnswer, timeOf } from '../frame/answers.ts'
import { route, type Route } from '../frame/route.ts'

const tokenAnswer = z.object({
  id: z.number().int(),
  name: z.string(),
  description: z.string(),
  project_ids: z.array(z.number().int()).optional(),
  permissions: z.array(z.string()),
  expires_at: timeAnswer.optional(),
  last_used_at: timeAnswer.optional(),
  creation_time: timeAnswer,
})

/** Strict: a word that is passed over might have narrowed what the token may do. */
const tokenBody = z.strictObject({
  name: z.string().default(''),
  description: z.string().default(''),
  project_ids: z.array(z.number().int().min(1)).max(1_000).nullish(),
  permissions: z.array(z.string()).max(500).default([]),
  /** Days; without them it does not end. */
  lifetime_days: z.number().int().nullish(),
})

const collection = '/users/current/tokens'

/** Beyond Harbor: secrets that stand for a person, narrower than the person, with an end of their own. */
export const personalTokenRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: collection,
    tag: 'personal token',
    operationId: 'listPersonalTokens',
    summary: 'The personal tokens of who asks, without their secrets.',
    access: { kind: 'signed-in' },
    answers: { 200: z.array(tokenAnswer) },
    handle: async ({ actor }, { personalTokens }) => ({
      body: (await personalTokens.listTokens(actor)).map((token) => ({
        id: token.id,
        name: token.name,
        description: token.description,
        project_ids: token.projectIds === undefined ? undefined : [...token.projectIds],
        permissions: [...token.permissions],
        expires_at: token.expiresAt === undefined ? undefined : timeOf(token.expiresAt),
        last_used_at: token.lastUsedAt === undefined ? undefined : timeOf(token.lastUsedAt),
        creation_time: timeOf(token.createdAt),
      })),
    }),
  }),

  route({
    method: 'POST',
    path: collection,
    tag: 'personal token',
    operationId: 'createPersonalToken',
    summary: 'Makes a personal token; its secret is told this once.',
    access: { kind: 'signed-in' },
    body: tokenBody,
    answers: { 201: z.object({ id: z.number().int(), name: z.string(), secret: z.string() }) },
    handle: async ({ actor, body, path }, { personalTokens }) => {
      const { name, description, permissions } = body
      const created = await personalTokens.createToken(actor, {
        name,
        description,
        permissions,
        projectIds: body.project_ids ?? undefined,
        lifetimeDays: body.lifetime_days ?? undefined,
      })
      const headers = { location: `${path}/${created.id}`, 'cache-control': 'no-store' }
      return { status: 201, body: { id: created.id, name, secret: created.secret }, headers }
    },
  }),

  route({
    method: 'DELETE',
    path: `${collection}/{token_id}`,
    tag: 'personal token',
    operationId: 'deletePersonalToken',
    summary: 'Ends a personal token, and the access tokens that were fetched with it.',
    access: { kind: 'signed-in' },
    params: z.object({ token_id: idParam }),
    answers: { 200: null },
    handle: async ({ actor, params }, { personalTokens }) => {
      await personalTokens.deleteToken(actor, params.token_id)
      return {}
    },
  }),
]
