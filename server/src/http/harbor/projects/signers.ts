import { z } from 'zod'
import { describeSigner, endOfSigner, signerDefinition } from '../../../domain/signatures/signer-definition.ts'
import type { TrustedSigner } from '../../../domain/signatures/trusted-signers.ts'
import { createdAt, idParam, timeAnswer, timeOf } from '../frame/answers.ts'
import { pageHeaders, pageOf, pageQuery } from '../frame/paging.ts'
import { route, type Route, type RouteAccess } from '../frame/route.ts'

const signerAnswer = z.object({
  id: z.number().int(),
  name: z.string(),
  kind: z.enum(['key', 'certificate', 'keyless', 'notation']),
  scope: z.enum(['registry', 'project']),
  description: z.string().describe('What the signer is known by: a fingerprint, a subject, an identity, a policy.'),
  expires_at: timeAnswer.optional().describe('When the first of its certificates ends.'),
  username: z.string().describe('Who named it.'),
  creation_time: timeAnswer,
})
const oneAnswer = signerAnswer.extend({ definition: z.record(z.string(), z.unknown()) })

const signerBody = z.strictObject({ name: z.string().max(128), definition: signerDefinition })
const oneSigner = z.object({ signer_id: idParam })
const tag = 'signer'

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
      operationId: `list${of.name}Signers`,
      summary: `Whose signatures count in ${of.said}.`,
      access: access.read,
      query: z.object(pageQuery),
      answers: { 200: z.array(signerAnswer) },
      handle: async (call, { trustedSigners }) => {
        const all = await trustedSigners.listSigners(call.actor, call.project?.project.id)
        const { offset, limit } = pageOf(call.query)
        const page = all.slice(offset, offset + limit)
        return { body: page.map(presentSigner), headers: pageHeaders(call, all.length) }
      },
    }),

    route({
      method: 'POST',
      path: collection,
      tag,
      operationId: `create${of.name}Signer`,
      summary: `Trusts a key, a certificate, an identity or a trust policy in ${of.said}.`,
      access: access.update,
      body: signerBody,
      answers: { 201: null },
      handle: async ({ actor, project, body, path }, { trustedSigners }) =>
        createdAt(path, await trustedSigners.createSigner(actor, project?.project.id, body)),
    }),

    route({
      method: 'GET',
      path: `${collection}/{signer_id}`,
      tag,
      operationId: `get${of.name}Signer`,
      summary: 'A signer with its keys, certificates or policies.',
      access: access.read,
      params: oneSigner,
      answers: { 200: oneAnswer },
      handle: async ({ actor, project, params }, { trustedSigners }) => {
        const signer = await trustedSigners.getSigner(actor, project?.project.id, params.signer_id)
        return { body: { ...presentSigner(signer), definition: signer.definition } }
      },
    }),

    route({
      method: 'DELETE',
      path: `${collection}/{signer_id}`,
      tag,
      operationId: `delete${of.name}Signer`,
      summary: 'Ends the trust in a signer; what only it signed counts no more from now on.',
      access: access.update,
      params: oneSigner,
      answers: { 200: null },
      handle: async ({ actor, project, params }, { trustedSigners }) => {
        await trustedSigners.deleteSigner(actor, project?.project.id, params.signer_id)
        return {}
      },
    }),
  ]
}

/** Beyond Harbor, which asks whether a signature exists and never whose it is. */
export const signerRoutes: readonly Route[] = [
  ...operationsAt(
    '/signers',
    { name: 'System', said: 'every project' },
    { read: { kind: 'security-administrator' }, update: { kind: 'security-administrator' } },
  ),
  ...operationsAt(
    '/projects/{project_name_or_id}/signers',
    { name: 'Project', said: 'a project' },
    {
      read: { kind: 'project', permission: 'configuration:read' },
      update: { kind: 'project', permission: 'configuration:update' },
    },
  ),
]

function presentSigner(signer: TrustedSigner): z.input<typeof signerAnswer> {
  const end = endOfSigner(signer.signer)
  return {
    id: signer.id,
    name: signer.name,
    kind: signer.definition.kind,
    scope: signer.projectId === undefined ? 'registry' : 'project',
    description: describeSigner(signer.signer).slice(0, 1024),
    ...(end === undefined ? {} : { expires_at: timeOf(end) }),
    username: signer.username,
    creation_time: timeOf(signer.createdAt),
  }
}
