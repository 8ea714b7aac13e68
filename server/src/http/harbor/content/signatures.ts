import { z } from 'zod'
import { pageSignatures } from '../../../domain/signatures/recorded-signatures.ts'
import { verdictOf, type MethodVerdict } from '../../../domain/signatures/verdicts.ts'
import { timeAnswer, timeOf } from '../frame/answers.ts'
import { pageAnswer, pageOf, pageQuery } from '../frame/paging.ts'
import { route, type Route } from '../frame/route.ts'
import { artifactParams, findArtifact } from './artifacts.ts'
import { presentSignature, signatureAnswer } from './signature-answer.ts'

const methodAnswer = z.object({
  state: z
    .enum(['verified', 'unnamed', 'untrusted', 'refused', 'unsigned', 'expired', 'pending'])
    .describe('verified counts; unnamed does where nobody is trusted yet. pending: to be looked at again.'),
  signer_id: z.number().int().optional(),
  index: z.string().optional().describe('The index whose signature covers it.'),
  expires_at: timeAnswer.optional(),
})
const verdictAnswer = z.object({ cosign: methodAnswer, notation: methodAnswer })

const item = '/projects/{project_name}/repositories/{repository_name}/artifacts/{reference}'

/** Beyond Harbor: what the signatures of an artifact are worth. */
export const signatureRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: `${item}/signatures`,
    tag: 'signer',
    operationId: 'listSignatures',
    summary: 'The signatures and attestations of an artifact: who signed, whether it counts, and why not.',
    access: { kind: 'project', permission: 'accessory:list' },
    params: artifactParams,
    query: z.object(pageQuery),
    answers: { 200: z.array(signatureAnswer) },
    handle: async (call, services) => {
      const { repositoryId, digest } = await findArtifact(services, call)
      const page = await pageSignatures(services.database.read, { repositoryId, digest }, pageOf(call.query))
      return pageAnswer(call, page, presentSignature)
    },
  }),

  route({
    method: 'GET',
    path: `${item}/signature-verdict`,
    tag: 'signer',
    operationId: 'getSignatureVerdict',
    summary: 'What signatures say of an artifact at this moment, as a pull sees it.',
    access: { kind: 'project', permission: 'accessory:list' },
    params: artifactParams,
    answers: { 200: verdictAnswer },
    handle: async (call, services) => {
      const { repositoryId, digest } = await findArtifact(services, call)
      const projectId = call.project!.project.id
      const now = services.clock.now()
      const verdict = await verdictOf(services.database.read, { projectId, repositoryId, digest, now })
      return { body: { cosign: presentMethod(verdict.cosign), notation: presentMethod(verdict.notation) } }
    },
  }),
]

function presentMethod({ state, signerId, index, until }: MethodVerdict): z.input<typeof methodAnswer> {
  return {
    state,
    ...(signerId === undefined ? {} : { signer_id: signerId }),
    ...(index === undefined ? {} : { index }),
    ...(until === undefined ? {} : { expires_at: timeOf(until) }),
  }
}
