import { z } from 'zod'
import { trustPolicyFor } from '../../../domain/signing/signers-of-key.ts'
import type { SignatureKey } from '../../../domain/signing/signature-keys.ts'
import { createdAt, idParam, timeAnswer, timeOf } from '../frame/answers.ts'
import { route, type Route, type RouteAccess } from '../frame/route.ts'

const keyAnswer = z.object({
  id: z.number().int(),
  name: z.string(),
  version: z.number().int().describe('From 1; a rotation makes the next one.'),
  scope: z.enum(['registry', 'project']),
  state: z
    .enum(['active', 'retired', 'revoked', 'lost'])
    .describe('Only active keys sign. retired: rotated, what it signed stays valid. lost: given up with an outer key.'),
  public_key: z.string().describe('PEM, for `cosign verify --key`.'),
  certificate: z.string().describe('PEM, for a trust store of notation.'),
  trust_policy: z.record(z.string(), z.unknown()).describe('trustpolicy.json of notation for this certificate.'),
  username: z.string().describe('Who made it.'),
  creation_time: timeAnswer,
  retired_at: timeAnswer.optional(),
  revoked_at: timeAnswer.optional(),
  revoke_reason: z.string().optional(),
})
const oneKey = z.object({ key_id: idParam })
const tag = 'signing'

/** The same four operations for the registry and for a project. */
function operationsAt(
  collection: string,
  of: { readonly name: string; readonly said: string },
  access: { readonly read: RouteAccess; readonly update: RouteAccess },
): readonly Route[] {
  return [
    route({
      method: 'GET',
      path: collection,
      tag,
      operationId: `list${of.name}SignatureKeys`,
      summary: `Keys with which the registry signs artifacts, of ${of.said}, the newest first. There are few: all of them.`,
      access: access.read,
      answers: { 200: z.array(keyAnswer) },
      handle: async ({ actor, project }, { signatureKeys }) => ({
        body: (await signatureKeys.listKeys(actor, project?.project.id)).map(presentKey),
      }),
    }),

    route({
      method: 'POST',
      path: collection,
      tag,
      operationId: `create${of.name}SignatureKey`,
      summary: `Makes a key that signs artifacts (ECDSA P-256), and trusts it in ${of.said}.`,
      access: access.update,
      body: z.strictObject({ name: z.string().max(128) }),
      answers: { 201: null },
      handle: async ({ actor, project, body, path }, { signatureKeys }) =>
        createdAt(path, await signatureKeys.createKey(actor, project?.project.id, body.name)),
    }),

    route({
      method: 'POST',
      path: `${collection}/{key_id}/rotation`,
      tag,
      operationId: `rotate${of.name}SignatureKey`,
      summary: 'A new key takes over the name; what the old one signed stays valid, and its private part is destroyed.',
      access: access.update,
      params: oneKey,
      answers: { 201: null },
      handle: async ({ actor, project, params, path }, { signatureKeys }) =>
        createdAt(
          path.replace(/\/\d+\/rotation$/, ''),
          await signatureKeys.rotateKey(actor, project?.project.id, params.key_id),
        ),
    }),

    route({
      method: 'POST',
      path: `${collection}/{key_id}/revocation`,
      tag,
      operationId: `revoke${of.name}SignatureKey`,
      summary: 'Nothing that the key signed counts any more, from now on.',
      access: access.update,
      params: oneKey,
      body: z.strictObject({ reason: z.string().min(1).max(1024) }),
      answers: { 200: null },
      handle: async ({ actor, project, params, body }, { signatureKeys }) => {
        await signatureKeys.revokeKey(actor, project?.project.id, params.key_id, body.reason)
        return {}
      },
    }),
  ]
}

/** Beyond Harbor: keys with which the registry signs. */
export const signatureKeyRoutes: readonly Route[] = [
  ...operationsAt(
    '/signature-keys',
    { name: 'System', said: 'every project' },
    { read: { kind: 'system-administrator' }, update: { kind: 'system-administrator' } },
  ),
  ...operationsAt(
    '/projects/{project_name_or_id}/signature-keys',
    { name: 'Project', said: 'a project' },
    {
      read: { kind: 'project', permission: 'accessory:list' },
      update: { kind: 'project', permission: 'configuration:update' },
    },
  ),
]

function presentKey(key: SignatureKey): z.input<typeof keyAnswer> {
  const { id, name, version, state, projectId, publicKey, certificate, username, retiredAt, revokedAt } = key
  return {
    ...{ id, name, version, state, username, certificate, public_key: publicKey },
    scope: projectId === undefined ? 'registry' : 'project',
    trust_policy: trustPolicyFor(name),
    creation_time: timeOf(key.createdAt),
    ...(retiredAt === undefined ? {} : { retired_at: timeOf(retiredAt) }),
    ...(revokedAt === undefined ? {} : { revoked_at: timeOf(revokedAt) }),
    ...(key.revokeReason === undefined ? {} : { revoke_reason: key.revokeReason }),
  }
}
