import { z } from 'zod'
import { startJob } from '../../../domain/jobs/enqueue.ts'
import { rotateSecretsJob } from '../../../domain/key-rotation/rotate-secrets-job.ts'
import { readSecretsStatus, type SecretsStatus } from '../../../domain/key-rotation/secrets-status.ts'
import { assertSystemAdministrator } from '../../../domain/access/roles/authorise.ts'
import { currentActor } from '../../../domain/access/current-actor.ts'
import { createdAt, timeAnswer, timeOf } from '../frame/answers.ts'
import { route, type Route } from '../frame/route.ts'

const path = '/system/secrets'
const tag = 'secrets'

const statusAnswer = z.object({
  outer_keys: z
    .array(z.object({ id: z.string(), needed: z.boolean() }))
    .describe('Of the process that answers, the one that seals first. Never the keys themselves.'),
  keys: z.array(
    z.object({
      id: z.string(),
      outer_key_id: z.string(),
      creation_time: timeAnswer,
      retired_at: timeAnswer.optional(),
      secrets: z.number().int().describe('Values that are sealed with it.'),
    }),
  ),
  places: z.array(
    z.object({
      table: z.string(),
      holds: z.string(),
      secrets: z.number().int(),
      plain: z.number().int().describe('Values that are not sealed, and are refused.'),
      unreadable: z.number().int(),
    }),
  ),
})

/** Beyond Harbor: the keys under which the secrets in the database are sealed. */
export const secretsRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path,
    tag,
    operationId: 'getSecretsStatus',
    summary: 'The keys that seal the secrets in the database, and whether every secret can be read.',
    access: { kind: 'system-administrator' },
    answers: { 200: statusAnswer },
    handle: async (_call, { database, secrets }) => ({
      body: presentStatus(await readSecretsStatus(database.read, secrets)),
    }),
  }),

  route({
    method: 'POST',
    path: `${path}/rotation`,
    tag,
    operationId: 'rotateSecrets',
    summary: 'Makes a new key, and seals all secrets anew with it in the background.',
    access: { kind: 'system-administrator' },
    answers: { 201: null },
    handle: async (call, { database, clock, events }) => {
      const { id } = await database.write(async (tx) => {
        assertSystemAdministrator(await currentActor(tx, call.actor, clock.now()))
        const job = { ...rotateSecretsJob.of({}), uniqueKey: rotateSecretsJob.kind, actor: call.actor }
        return await startJob(tx, { clock, events }, job)
      })
      return createdAt(call.path.replace(/\/system\/.*$/, '/jobs'), id)
    },
  }),
]

function presentStatus({ outerKeys, keys, places }: SecretsStatus): z.output<typeof statusAnswer> {
  return {
    outer_keys: [...outerKeys],
    keys: keys.map(({ id, outerKeyId, createdAt: created, retiredAt, secrets }) => ({
      ...{ id, outer_key_id: outerKeyId, creation_time: timeOf(created) },
      ...(retiredAt === undefined ? {} : { retired_at: timeOf(retiredAt) }),
      secrets,
    })),
    places: [...places],
  }
}
