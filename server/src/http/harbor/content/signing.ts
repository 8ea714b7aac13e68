import { z } from 'zod'
import { signatureForms } from '../../../domain/signing/signature-forms.ts'
import type { StoredSignature } from '../../../domain/signing/sign-artifact.ts'
import type { SigningRequest } from '../../../domain/signing/signing-requests.ts'
import { idParam, timeAnswer, timeOf } from '../frame/answers.ts'
import { pageAnswer, pageOf, pageQuery } from '../frame/paging.ts'
import { route, type Route } from '../frame/route.ts'
import { artifactParams, findArtifact } from './artifacts.ts'
import { repositoryNameOf } from './repositories.ts'

const forms = z
  .array(z.enum(signatureForms))
  .min(1)
  .max(signatureForms.length)
  .describe(
    'cosign: a bundle, as cosign 3 writes it; cosign-tag: under a tag, for older ones; notation: Notary Project.',
  )
const storedAnswer = z.object({
  signatures: z.array(z.object({ form: z.enum(signatureForms), digest: z.string() })),
})
const requestAnswer = z.object({
  id: z.number().int(),
  repository_name: z.string(),
  digest: z.string(),
  key_id: z.number().int(),
  forms,
  comment: z.string(),
  state: z.enum(['pending', 'signed', 'rejected', 'expired']),
  requested_by: z.string(),
  creation_time: timeAnswer,
  decided_by: z.string().optional(),
  decided_at: timeAnswer.optional(),
  reason: z.string().optional(),
})

const item = '/projects/{project_name}/repositories/{repository_name}/artifacts/{reference}'
const requests = '/projects/{project_name_or_id}/signing-requests'
const oneRequest = z.object({ request_id: idParam })
const tag = 'signing'

/** Beyond Harbor: the registry signs with keys of its own. */
export const signingRoutes: readonly Route[] = [
  route({
    method: 'POST',
    path: `${item}/signatures`,
    tag,
    operationId: 'signArtifact',
    summary:
      'Signs an artifact with a key of the registry; where the project wants two persons, asks for the second one.',
    access: { kind: 'project', permission: 'signature:create' },
    params: artifactParams,
    body: z.strictObject({
      key_id: z.number().int().positive(),
      forms: forms.default(['cosign']),
      comment: z.string().max(1024).default(''),
    }),
    answers: { 201: storedAnswer, 202: z.object({ request_id: z.number().int() }) },
    handle: async (call, services) => {
      const { signing } = services
      const { digest } = await findArtifact(services, call)
      const { key_id: keyId, forms: wanted, comment } = call.body
      const order = { projectId: call.project!.project.id, repository: repositoryNameOf(call), digest, keyId }
      const done = await signing.sign(call.actor, { ...order, forms: wanted }, comment)
      return done.kind === 'signed'
        ? { status: 201, body: presentStored(done.signatures) }
        : { status: 202, body: { request_id: done.requestId } }
    },
  }),

  route({
    method: 'GET',
    path: requests,
    tag,
    operationId: 'listSigningRequests',
    summary: 'Signatures that wait for a second person, and those that were decided, the newest first.',
    access: { kind: 'project', permission: 'accessory:list' },
    query: z.object(pageQuery),
    answers: { 200: z.array(requestAnswer) },
    handle: async (call, { signing }) => {
      const page = await signing.listRequests(call.actor, call.project!.project.id, pageOf(call.query))
      return pageAnswer(call, page, presentRequest)
    },
  }),

  route({
    method: 'POST',
    path: `${requests}/{request_id}/approval`,
    tag,
    operationId: 'approveSigningRequest',
    summary: 'A second person approves, and the registry signs.',
    access: { kind: 'project', permission: 'signature:create' },
    params: oneRequest,
    answers: { 201: storedAnswer },
    handle: async ({ actor, project, params }, { signing }) => ({
      status: 201,
      body: presentStored(await signing.approve(actor, project!.project.id, params.request_id)),
    }),
  }),

  route({
    method: 'POST',
    path: `${requests}/{request_id}/rejection`,
    tag,
    operationId: 'rejectSigningRequest',
    summary: 'The signature is not made.',
    access: { kind: 'project', permission: 'signature:create' },
    params: oneRequest,
    body: z.strictObject({ reason: z.string().min(1).max(1024) }),
    answers: { 200: null },
    handle: async ({ actor, project, params, body }, { signing }) => {
      await signing.reject(actor, project!.project.id, params.request_id, body.reason)
      return {}
    },
  }),
]

const presentStored = (signatures: readonly StoredSignature[]): z.input<typeof storedAnswer> => ({
  signatures: signatures.map(({ form, digest }) => ({ form, digest })),
})

function presentRequest(request: SigningRequest): z.input<typeof requestAnswer> {
  const { id, repository, digest, keyId, comment, state, requestedBy, decidedBy, decidedAt, reason } = request
  return {
    ...{ id, repository_name: repository, digest, key_id: keyId, forms: [...request.forms], comment, state },
    ...{ requested_by: requestedBy, creation_time: timeOf(request.requestedAt) },
    ...(decidedBy === undefined ? {} : { decided_by: decidedBy }),
    ...(decidedAt === undefined ? {} : { decided_at: timeOf(decidedAt) }),
    ...(reason === undefined ? {} : { reason }),
  }
}
